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
    }

    private(set) var steps: [Step] = []
    private(set) var discarded: [DiscardedBatch] = []
    private(set) var windows: [(shard: String, window: PolledWindow)] = []
    private var pollers: [ShardPoller] = []
    /// The shard whose turn it is.
    private var turn = 0
    private var documents: [[UInt8]] = []
    /// Events that no records could be taken from: they are delivered as they are.
    private(set) var whole: [ReplayEvent] = []
    /// How many of these failed: nothing delivers them again.
    private(set) var failedEvents = 0
    /// How many records there are, those of ``whole`` left out.
    private var total = 0
    private var streamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/replay"

    /// - Parameter shards: How many shards the records are spread over by their keys; nil leaves them on their own.
    /// - Throws: `CancellationError`, because many events take a while.
    init(_ events: [ReplayEvent], settings: PollerSettings, shards: Int?) throws {
        // By the shard's name, as bytes.
        var names: [[UInt8]: Int] = [:]
        for event in events {
            try Task.checkCancellation()
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
                let key = Array(shard.utf8)
                let place = names[key] ?? pollers.count
                if place == pollers.count {
                    names[key] = place
                    pollers.append(ShardPoller(shard, streamARN: streamARN, settings: settings))
                }
                pollers[place].add(source.record)
                total += 1
            }
        }
        for index in pollers.indices { pollers[index].close() }
    }

    /// Delivers until every record is done or given up, the shards in turn.
    ///
    /// - Parameter rate: Records a second at most; nil is as fast as it goes.
    mutating func run(
        _ workers: ReplayWorkers, _ report: inout ReplayReport, rate: Int?, progress: (String) -> Void
    ) throws {
        try deliverWhole(workers, &report)
        var pace = Pace(rate: rate, total: total, unit: "records")
        var idle = Array((0..<workers.count).reversed())
        var underWay: [Int: (shard: Int, batch: PolledBatch, event: ReplayEvent)] = [:]
        while true {
            while let worker = idle.last, let (shard, batch) = nextBatch(&pace) {
                try pace.wait()
                let event = ReplayEvent(name: "\(batch.shard) batch \(batch.number)", bytes: batch.event)
                underWay[idle.removeLast()] = (shard, batch, event)
                pace.add(records: batch.records.count, done: 0)
                workers.deliver(event, by: worker)
            }
            if underWay.isEmpty { break }
            let ending = workers.next()
            // What an interruption broke off is nobody's failure.
            try Task.checkCancellation()
            guard let (shard, batch, event) = underWay.removeValue(forKey: ending.worker) else { continue }
            idle.append(ending.worker)
            let done = end(batch, of: event, shard, try ending.result.get(), &report)
            pace.add(records: 0, done: done + take(shard))
            progress("\(pace.text); \(steps.count) invocations, \(discarded.count) batches given up")
        }
    }

    private mutating func deliverWhole(_ workers: ReplayWorkers, _ report: inout ReplayReport) throws {
        for event in whole {
            try Task.checkCancellation()
            workers.deliver(event, by: 0)
            let ending = workers.next()
            try Task.checkCancellation()
            let delivery = try ending.result.get()
            if delivery.invocationError != nil || !delivery.itemFailures.isEmpty { failedEvents += 1 }
            report.add(delivery, of: event)
        }
    }

    /// A batch of the next shard that has one to be delivered now.
    private mutating func nextBatch(_ pace: inout Pace) -> (shard: Int, batch: PolledBatch)? {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        for offset in pollers.indices {
            let shard = (turn + offset) % pollers.count
            let batch = pollers[shard].next(now: now)
            // Looking for a batch gives up what has grown too old.
            pace.add(records: 0, done: take(shard))
            guard let batch else { continue }
            turn = shard + 1
            return (shard, batch)
        }
        return nil
    }

    /// Notes how an invocation ended.
    ///
    /// - Returns: How many records it was the last invocation for.
    private mutating func end(
        _ batch: PolledBatch, of event: ReplayEvent, _ shard: Int, _ delivery: Delivery, _ report: inout ReplayReport
    ) -> Int {
        var delivery = delivery
        if batch.window != nil, delivery.state == nil, delivery.invocationError == nil {
            delivery.invocationError = "the answer holds no state, so Lambda would take it for a failure"
        }
        let result: InvocationResult
        var failure = delivery.invocationError
        if let reason = delivery.invocationError {
            result = .failed(reason: reason)
            delivery.byOutcome = [.failed: batch.records.count]
        } else {
            result = .answered(failures: delivery.itemFailures, state: batch.window == nil ? nil : delivery.state)
            if let first = delivery.itemFailures.first {
                failure =
                    delivery.badRecords.first { $0.sequenceNumber.utf8.elementsEqual(first.utf8) }.map(\.message)
                    ?? "from \(first) on"
            }
        }
        steps.append(Step(batch: batch, latency: delivery.latency, failure: failure))
        report.add(delivery, of: event, isFirst: batch.parent == nil)
        pollers[shard].end(batch, result)
        windows += pollers[shard].takeClosedWindows().map { (batch.shard, $0) }
        guard failure != nil else { return batch.records.count }
        // What stands before the first failure is done.
        let failures = Set(delivery.itemFailures.map { Array($0.utf8) })
        return batch.records.firstIndex { failures.contains(Array($0.sequenceNumber.utf8)) } ?? 0
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
    func writeFailures(to file: OutputFile) throws {
        for document in documents { try file.write(document + [UInt8(ascii: "\n")]) }
        try file.finish()
    }

    /// How many records were given up.
    var discardedRecords: Int { discarded.reduce(0) { $0 + $1.batch.records.count } }
}
