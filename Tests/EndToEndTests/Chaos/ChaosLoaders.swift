import Dispatch
import Foundation
import RuntimeServer
import Synchronization
import TestSupport

@testable import Processor

/// Two concurrent loaders that are killed at random, and a bucket in which objects disappear and are corrupted.
final class ChaosLoaders: Sendable {
    struct Counts {
        var invocations = 0
        var failed = 0
        var kills = 0
        /// The sums of the figures in the responses.
        var (loads, objects, gone, refused) = (0, 0, 0, 0)
        /// Objects that were removed from the bucket and put back.
        var hidden = 0
        var longest = Duration.zero
    }

    private struct State {
        var isOn = true
        var counts = Counts()
        var corrupt: [String: [UInt8]] = [:]
        var random: SeededGenerator
        var failure: String?
        var lastError = "none"
    }

    private let state: Mutex<State>
    private let environment: [String: String]
    private let store: ObjectStore
    private let threads = DispatchGroup()
    private static let prefixes = ["artists", "concerts", "venues", "ticket_sales"].map {
        "redshift-staged/wg/dev/concert_dw/\($0)/"
    }

    init(_ store: ObjectStore, environment: [String: String], seed: UInt64) {
        (self.store, self.environment) = (store, environment)
        state = Mutex(State(random: SeededGenerator(seed: seed &+ 1)))
    }

    var counts: Counts { state.withLock { $0.counts } }
    var failure: String? { state.withLock { $0.failure } }
    /// The error of the last failed load.
    var lastError: String { state.withLock { $0.lastError } }
    /// Contents of the objects that no warehouse can load, by the last part of their keys.
    var corrupt: [String: [UInt8]] { state.withLock { $0.corrupt } }

    func start() {
        for number in 0..<2 {
            DispatchQueue(label: "loader \(number)").async(group: threads) {
                self.repeating { try self.runLoader(isKilled: true) { self.state.withLock { $0.isOn } } }
            }
        }
        DispatchQueue(label: "bucket").async(group: threads) {
            self.repeating { while self.state.withLock({ $0.isOn }) { try self.disturb() } }
        }
    }

    /// Ends the disturbances, then loads until nothing is staged.
    func finish(until end: ContinuousClock.Instant) {
        state.withLock { $0.isOn = false }
        threads.wait()
        var rest = 1
        repeating {
            try runLoader(isKilled: false, ended: { rest = $0 }) {
                rest > 0 && ContinuousClock.now < end
            }
        }
    }

    private func repeating(_ body: () throws -> Void) {
        do { try body() } catch { state.withLock { $0.failure = $0.failure ?? "\(error)" } }
    }

    private func runLoader(
        isKilled: Bool, ended: (_ remaining: Int) -> Void = { _ in }, while condition: () -> Bool
    ) throws {
        var worker: (server: RuntimeServer, process: BootstrapProcess)?
        defer { worker?.server.stop() }
        while condition() {
            if worker?.process.isRunning != true {
                worker?.server.stop()
                let server = try RuntimeServer()
                worker = (server, try BootstrapProcess(server, environment: environment))
            }
            guard let worker else { return }
            let delay = isKilled ? killDelay() : nil
            let process = worker.process.processID
            if let delay {
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(delay)) { kill(process, SIGKILL) }
            }
            let start = ContinuousClock.now
            let answer = worker.server.invoke(
                Array(#"{"action":"load"}"#.utf8), options: InvocationOptions(timeout: .seconds(60)))
            if delay != nil { _ = waitUntil { !worker.process.isRunning } }
            let time = ContinuousClock.now - start
            let remaining = try state.withLock { state -> Int? in
                state.counts.invocations += 1
                guard case .response(let body, _) = answer else {
                    state.counts.failed += 1
                    if case .error(_, let body, _) = answer {
                        state.lastError += String(decoding: body.prefix(300), as: UTF8.self) + "\n"
                    }
                    return nil
                }
                if delay == nil { state.counts.longest = max(state.counts.longest, time) }
                let summary = try JSONValue(parsing: body)
                state.counts.loads += Int(summary["loads"].number ?? 0)
                state.counts.objects += Int(summary["objects"].number ?? 0)
                state.counts.gone += Int(summary["gone"].number ?? 0)
                state.counts.refused += Int(summary["refused"].number ?? 0)
                return summary["remaining"].number.map { Int($0) }
            }
            if let remaining { ended(remaining) }
            // Like a schedule, waits until there are objects to load.
            usleep(isKilled ? 200_000 : 20_000)
        }
    }

    /// The time until the process is killed, in milliseconds; nil to let it finish.
    private func killDelay() -> Int? {
        state.withLock { state in
            // The first one in any case, so that every run has a kill.
            guard state.counts.kills == 0 || Int.random(in: 0..<2, using: &state.random) == 0 else { return nil }
            state.counts.kills += 1
            return Int.random(in: 0..<800, using: &state.random)
        }
    }

    /// Removes an object temporarily, or adds a corrupt one.
    private func disturb() throws {
        let (prefix, choice, number) = state.withLock { state in
            (
                Self.prefixes.randomElement(using: &state.random) ?? "", Int.random(in: 0..<4, using: &state.random),
                state.corrupt.count
            )
        }
        let objects = try store.objects(prefix)
        let object = state.withLock { objects.randomElement(using: &$0.random) }
        // Every run has an object of each kind.
        let hides = number > 0 && (choice > 0 || counts.hidden == 0)
        if let object, hides, state.withLock({ $0.corrupt[Self.name(object.key)] }) == nil {
            try store.remove(object.key)
            usleep(100_000)
            try store.put(object.key, object.body)
            state.withLock { $0.counts.hidden += 1 }
        } else if let object, number < Self.corruptLimit {
            let name = String(format: "concerts-shardId-000000000000-1-2-%032x.ndjson.gz", number)
            let body =
                [
                    Array("not gzip".utf8), Gzip.deflate(Array("not JSON".utf8)) ?? [],
                    Array((Gzip.deflate([UInt8](repeating: 0x7B, count: 5000)) ?? []).dropLast(9)),
                ][number % 3]
            state.withLock { $0.corrupt[name] = body }
            try store.put(object.key.dropLast(Self.name(object.key).count) + name, body)
        }
        usleep(300_000)
    }

    /// Fewer corrupt objects than a table must reject in one load to be considered the cause.
    private static let corruptLimit = 10

    static func name(_ key: String) -> String { key.split(separator: "/").last.map(String.init) ?? key }
}
