import Foundation
import JSON
import Poller
import Processor

/// Delivers records as Lambda's poller would: batches by shard, retries, cuts, give-ups.
struct PolledReplay {
    /// One invocation, for the report.
    struct Step {
        var batch: PolledBatch
        var latency: Duration
        /// Why it failed; nil when all of it was taken.
        var failure: String?
        /// When it ended, since the replay began.
        var time: Duration
    }

    private(set) var steps: [Step] = []
    private(set) var discarded: [DiscardedBatch] = []
    private var pollers: [ShardPoller] = []
    private var documents: [[UInt8]] = []
    /// Events that no records could be taken from: they are delivered as they are.
    private(set) var whole: [ReplayEvent] = []
    private let start = ContinuousClock.now
    /// How many records there are, those of ``whole`` left out.
    private var total = 0
    private var streamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/replay"

    /// - Parameter shards: How many shards the records are spread over by their keys; nil leaves them on their own.
    init(_ events: [ReplayEvent], settings: PollerSettings, shards: Int?) {
        var names: [String: Int] = [:]
        for event in events {
            guard let sources = PolledRecords.records(of: event) else {
                whole.append(event)
                continue
            }
            for source in sources {
                if let stream = source.stream { streamARN = stream }
                let shard =
                    shards.map {
                        String(format: "shardId-%012d", HashKey.shard(of: source.record.partitionKey, among: $0))
                    }
                    ?? source.shard
                if names[shard] == nil {
                    names[shard] = pollers.count
                    pollers.append(ShardPoller(shard, settings: settings))
                }
                pollers[names[shard] ?? 0].add(source.record)
                total += 1
            }
        }
    }

    /// Delivers until every record is done or given up, the shards in turn.
    ///
    /// - Parameter rate: Records a second at most; nil is as fast as it goes.
    mutating func run(
        _ target: inout any ReplayTarget, _ report: inout ReplayReport, rate: Int?, progress: (String) -> Void
    ) throws {
        var pace = Pace(rate: rate, total: total, unit: "records")
        for event in whole {
            try Task.checkCancellation()
            report.add(try target.deliver(event), of: event)
        }
        while pollers.contains(where: { !$0.isDone }) {
            for index in pollers.indices {
                try Task.checkCancellation()
                guard let batch = pollers[index].next(now: Int64(Date().timeIntervalSince1970 * 1000)) else {
                    pace.add(records: 0, done: take(index))
                    continue
                }
                try pace.wait()
                let done = try invoke(batch, of: index, &target, &report)
                pace.add(records: batch.records.count, done: done + take(index))
                progress("\(pace.text); \(steps.count) invocations, \(discarded.count) batches given up")
            }
        }
    }

    /// - Returns: How many records it was the last invocation for.
    private mutating func invoke(
        _ batch: PolledBatch, of index: Int, _ target: inout any ReplayTarget, _ report: inout ReplayReport
    ) throws -> Int {
        let name = "\(batch.shard) batch \(batch.number)"
        let event = ReplayEvent(name: name, bytes: batch.event)
        var delivery: Delivery
        do { delivery = try target.deliver(event) } catch {
            // What an interruption broke off is nobody's failure.
            try Task.checkCancellation()
            throw error
        }
        let result: InvocationResult
        var failure = delivery.invocationError
        if let reason = delivery.invocationError {
            result = .failed(reason: reason)
            delivery.byOutcome = [.failed: batch.records.count]
        } else {
            result = .answered(failures: delivery.itemFailures)
            if let first = delivery.itemFailures.first {
                failure = delivery.badRecords.first { $0.sequenceNumber == first }.map(\.message) ?? "from \(first) on"
            }
        }
        steps.append(
            Step(batch: batch, latency: delivery.latency, failure: failure, time: ContinuousClock.now - start))
        report.add(delivery, of: event, isFirst: batch.parent == nil)
        pollers[index].end(batch, result)
        guard failure != nil else { return batch.records.count }
        // What stands before the first failure is done.
        let failures = Set(delivery.itemFailures)
        return batch.records.firstIndex { failures.contains($0.sequenceNumber) } ?? 0
    }

    /// Keeps what was given up.
    ///
    /// - Returns: How many records that was.
    private mutating func take(_ index: Int) -> Int {
        var count = 0
        for batch in pollers[index].takeDiscarded() {
            count += batch.batch.records.count
            discarded.append(batch)
            func text(_ milliseconds: Int64) -> String {
                Timestamp(millisecondsSinceEpoch: milliseconds).iso8601(fractionDigits: 3)
            }
            documents.append(
                FailureDocument.bytes(
                    batch, streamARN: streamARN, functionARN: "arn:aws:lambda:us-east-1:000000000000:function:replay",
                    requestID: "replay-\(steps.count)", time: text(Int64(Date().timeIntervalSince1970 * 1000)),
                    arrival: text))
        }
        return count
    }

    /// Writes what was given up, one document a line, as Lambda writes it to an on-failure destination.
    func writeFailures(to path: String) throws {
        var data = Data()
        for document in documents { data.append(contentsOf: document + [UInt8(ascii: "\n")]) }
        do { try data.write(to: URL(filePath: path), options: .atomic) } catch {
            throw CommandError(description: "\(path) cannot be written: \((error as NSError).localizedDescription)")
        }
    }

    /// How many records were given up.
    var discardedRecords: Int { discarded.reduce(0) { $0 + $1.batch.records.count } }
}
