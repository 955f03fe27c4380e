import Foundation
import Synchronization
import TestSupport

/// Injects faults into the cache, one after the other, until it is stopped.
final class ChaosFaults: Sendable {
    private struct State {
        var isOn = true
        var counts: [String: Int] = [:]
        var random = SeededGenerator(seed: 77)
        var failure: String?
    }

    private let state = Mutex(State())
    private let thread = DispatchGroup()

    /// The number of times that each fault of the cache occurred.
    var counts: [String: Int] { state.withLock { $0.counts } }
    var failure: String? { state.withLock { $0.failure } }

    /// Starts the faults.
    ///
    /// Those of the other sinks are injected by their stand-ins, call by call.
    func start(_ redis: RedisServer) {
        let pid = try? redis.processID()
        let port = redis.port
        DispatchQueue(label: "chaos faults").async(group: thread) {
            // The first fault lasts longer than the retries of a batch, so that each run has a failed batch.
            var next: (kind: Int, milliseconds: Int)? = (5, 700)
            while self.state.withLock({ $0.isOn }) {
                let (kind, milliseconds) = self.state.withLock {
                    next ?? (Int.random(in: 0..<6, using: &$0.random), Int.random(in: 50..<700, using: &$0.random))
                }
                next = nil
                do { try self.inject(kind, milliseconds, port: port, pid: pid ?? 0) } catch {
                    self.state.withLock { $0.failure = "\(error)" }
                }
                usleep(400_000)
            }
        }
    }

    /// Stops the faults, and restores the cache.
    func stop() {
        state.withLock { $0.isOn = false }
        thread.wait()
    }

    private func inject(_ kind: Int, _ milliseconds: Int, port: Int, pid: Int32) throws {
        let names = ["dropped", "paused", "out of memory", "scripts forgotten", "stopped", "refusing writes"]
        state.withLock { $0.counts[names[kind], default: 0] += 1 }
        func cli(_ words: String...) throws { try RedisServer.cli(port: port, words) }
        switch kind {
        case 0:
            for _ in 0..<5 {
                try cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                usleep(UInt32(milliseconds) * 200)
            }
        case 1: try cli("CLIENT", "PAUSE", "\(milliseconds)")
        case 2:
            try cli("CONFIG", "SET", "maxmemory", "1")
            usleep(UInt32(milliseconds) * 1000)
            try cli("CONFIG", "SET", "maxmemory", "0")
        case 3: try cli("SCRIPT", "FLUSH")
        case 4:
            kill(pid, SIGSTOP)
            usleep(UInt32(milliseconds) * 3000)
            kill(pid, SIGCONT)
        default:
            try cli("CONFIG", "SET", "min-replicas-to-write", "1")
            usleep(UInt32(milliseconds) * 6000)
            try cli("CONFIG", "SET", "min-replicas-to-write", "0")
        }
    }
}
