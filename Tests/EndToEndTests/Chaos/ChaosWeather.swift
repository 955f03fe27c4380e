import Foundation
import Synchronization
import TestSupport

/// Makes the sinks throttle, stall, drop and lie, one after the other, until it is told to stop.
final class ChaosWeather: Sendable {
    private struct State {
        var isOn = true
        var counts: [String: Int] = [:]
        var random = SeededGenerator(seed: 77)
        var failure: String?
    }

    private let state = Mutex(State())
    private let thread = DispatchGroup()

    /// How often each fault of the cache was there.
    var counts: [String: Int] { state.withLock { $0.counts } }
    var failure: String? { state.withLock { $0.failure } }

    /// The cache's part; the others' faults are drawn by their stand-ins for each call.
    func start(_ redis: RedisServer) {
        let pid = try? redis.processID()
        let port = redis.port
        DispatchQueue(label: "weather").async(group: thread) {
            // The first one is longer than a batch tries again, so that no run goes without a batch that fails.
            var next: (kind: Int, milliseconds: Int)? = (5, 700)
            while self.state.withLock({ $0.isOn }) {
                let (kind, milliseconds) = self.state.withLock {
                    next ?? (Int.random(in: 0..<6, using: &$0.random), Int.random(in: 50..<700, using: &$0.random))
                }
                next = nil
                do { try self.storm(kind, milliseconds, port: port, pid: pid ?? 0) } catch {
                    self.state.withLock { $0.failure = "\(error)" }
                }
                usleep(400_000)
            }
        }
    }

    /// Ends it, with the cache as it should be.
    func stop() {
        state.withLock { $0.isOn = false }
        thread.wait()
    }

    private func storm(_ kind: Int, _ milliseconds: Int, port: Int, pid: Int32) throws {
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
