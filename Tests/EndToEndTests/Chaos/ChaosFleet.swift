import Dispatch
import Foundation
import Poller
import RuntimeServer
import Synchronization
import TestSupport

/// Several `bootstrap` processes that process the shards' batches, are killed at random, and get old batches again.
final class ChaosFleet: Sendable {
    struct Counts: Equatable {
        var invocations = 0
        var failed = 0
        var partial = 0
        var kills = 0
        var processes = 0
        var repeated = 0
    }

    private struct State {
        var stream: ChaosStream
        var pollers: [ShardPoller]
        var counts = Counts()
        var underWay = 0
        var produced = 0
        var settled = 0
        /// Some of the events that succeeded, to deliver again.
        var old: [[UInt8]] = []
        var hasKeptOne = false
        var random: SeededGenerator
        var failure: String?
    }

    private let state: Mutex<State>
    private let environment: [String: String]
    private static let processes = 4
    /// The most records by which the producer may be ahead.
    private static let backlog = 8000

    init(_ stream: ChaosStream, settings: PollerSettings, environment: [String: String], seed: UInt64) {
        let pollers = (0..<ChaosStream.shards).map { ShardPoller(ChaosStream.shardName($0), settings: settings) }
        state = Mutex(State(stream: stream, pollers: pollers, random: SeededGenerator(seed: seed)))
        self.environment = environment
    }

    /// The expected results, after ``run(until:)`` has returned.
    var stream: ChaosStream { state.withLock { $0.stream } }
    var counts: Counts { state.withLock { $0.counts } }
    /// The reason why the run did not finish.
    var failure: String? { state.withLock { $0.failure } }

    /// Delivers batches until every record has succeeded.
    func run(until end: ContinuousClock.Instant) {
        let group = DispatchGroup()
        for number in 0..<Self.processes {
            DispatchQueue(label: "worker \(number)").async(group: group) { self.work(until: end) }
        }
        group.wait()
    }

    private enum Step {
        case batch(PolledBatch, shard: Int)
        case old([UInt8])
        case wait
        case end
    }

    private func work(until end: ContinuousClock.Instant) {
        var worker: (server: RuntimeServer, process: BootstrapProcess)?
        defer { worker?.server.stop() }
        do {
            while true {
                guard ContinuousClock.now < end else { throw Late() }
                let step = state.withLock { Self.step(&$0) }
                if case .end = step { return }
                if case .wait = step {
                    usleep(2000)
                    continue
                }
                if worker?.process.isRunning != true {
                    worker?.server.stop()
                    let server = try RuntimeServer()
                    worker = (server, try BootstrapProcess(server, environment: environment))
                    state.withLock { $0.counts.processes += 1 }
                }
                guard let worker else { return }
                switch step {
                case .batch(let batch, let shard):
                    let result = invoke(batch.event, worker.server, worker.process)
                    state.withLock { Self.end(&$0, batch, shard, result) }
                case .old(let event):
                    _ = invoke(event, worker.server, worker.process)
                    state.withLock { $0.underWay -= 1 }
                case .wait, .end: break
                }
            }
        } catch {
            state.withLock { $0.failure = $0.failure ?? "\(error)" }
        }
    }

    private struct Late: Error, CustomStringConvertible {
        var description: String { "the time was up before every record was taken" }
    }

    private static func step(_ state: inout State) -> Step {
        if state.failure != nil { return .end }
        while !state.stream.isDone, state.produced - state.settled < backlog {
            let (shard, record) = state.stream.next()
            state.pollers[shard].add(record)
            state.produced += 1
        }
        if Int.random(in: 0..<15, using: &state.random) == 0, let old = takeOld(&state) { return old }
        let first = Int.random(in: 0..<ChaosStream.shards, using: &state.random)
        for offset in 0..<ChaosStream.shards {
            let shard = (first + offset) % ChaosStream.shards
            guard let batch = state.pollers[shard].next(now: 1_794_198_000_000) else { continue }
            state.underWay += 1
            return .batch(batch, shard: shard)
        }
        guard state.stream.isDone else { return .wait }
        // The remaining old events are redelivered at the end, after all newer records are stored.
        return takeOld(&state) ?? (state.underWay == 0 ? .end : .wait)
    }

    private static func takeOld(_ state: inout State) -> Step? {
        guard !state.old.isEmpty else { return nil }
        state.counts.repeated += 1
        state.underWay += 1
        return .old(state.old.remove(at: Int.random(in: 0..<state.old.count, using: &state.random)))
    }

    private static func end(_ state: inout State, _ batch: PolledBatch, _ shard: Int, _ result: InvocationResult) {
        state.pollers[shard].end(batch, result)
        state.underWay -= 1
        state.counts.invocations += 1
        switch result {
        case .failed: state.counts.failed += 1
        case .answered(let failures, _):
            if !failures.isEmpty {
                state.counts.partial += 1
            } else if !state.hasKeptOne || Int.random(in: 0..<10, using: &state.random) == 0 {
                // The first event is always kept, so that each run has a repeat.
                state.hasKeptOne = true
                state.old.append(batch.event)
            }
            let first = batch.records.firstIndex { failures.contains($0.sequenceNumber) }
            state.settled += first ?? batch.records.count
        }
    }

    /// Invokes the function, and sometimes kills the process during the invocation.
    private func invoke(_ event: [UInt8], _ server: RuntimeServer, _ process: BootstrapProcess) -> InvocationResult {
        let delay: Int? = state.withLock { state in
            guard Int.random(in: 0..<6, using: &state.random) == 0 else { return nil }
            state.counts.kills += 1
            return Int.random(in: 0..<100, using: &state.random)
        }
        if let delay {
            let pid = process.processID
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(delay)) { kill(pid, SIGKILL) }
        }
        let answer = server.invoke(event, options: InvocationOptions(timeout: .seconds(8)))
        // A process that survived its batch is ended before the next one.
        if delay != nil { _ = waitUntil { !process.isRunning } }
        guard case .response(let body, _) = answer else { return .failed(reason: summary(of: answer)) }
        guard let failures = try? JSONValue(parsing: body)["batchItemFailures"] else {
            return .failed(reason: "an answer that is none")
        }
        return .answered(failures: failures.elements.compactMap { $0["itemIdentifier"].string })
    }
}
