import Foundation
import JSON
import Poller
import Processor

/// Delivers records like Lambda's poller: in batches per shard, with retries, bisection, and discarded batches.
struct PolledReplay {
    /// One invocation for the report.
    struct PolledInvocation {
        var batch: PolledBatch
        var latency: Duration
        /// The reason of the failure; nil if all records were accepted.
        var failure: String?
    }

    private(set) var steps: [PolledInvocation] = []
    private(set) var discarded: [DiscardedBatch] = []
    private(set) var windows: [(shard: String, window: PolledWindow)] = []
    private var pollers: [ShardPoller] = []
    /// The index of the next shard.
    private var turn = 0
    private var documents: [[UInt8]] = []
    /// The events that cannot be split, which are delivered unchanged.
    private(set) var whole: [ReplayEvent] = []
    /// The number of these events that failed; they are not retried.
    private(set) var failedEvents = 0
    /// The number of records, without those of ``whole``.
    private var total = 0
    private var streamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/replay"

    /// Splits events into records.
    ///
    /// - Parameter shards: The number of shards to distribute the records over by partition key; nil keeps their shards.
    /// - Throws: `CancellationError`, because many events take a long time.
    init(_ events: [ReplayEvent], settings: PollerSettings, shards: Int?) throws {
        // Indices of pollers by the shard's name, as bytes.
        var indices: [[UInt8]: Int] = [:]
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
                let index = indices[key] ?? pollers.count
                if index == pollers.count {
                    indices[key] = index
                    pollers.append(ShardPoller(shard, streamARN: streamARN, settings: settings))
                }
                pollers[index].add(source.record)
                total += 1
            }
        }
        for index in pollers.indices { pollers[index].close() }
    }

    /// Delivers records, taking the shards in turn, until every record is processed or discarded.
    ///
    /// - Parameter rate: The most records per second; nil for no limit.
    mutating func run(
        _ workers: ReplayWorkers, _ report: inout ReplayReport, rate: Int?, progress: (String) -> Void
    ) throws {
        try deliverWhole(workers, &report)
        var pace = Pace(rate: rate, total: total, unit: "records")
        var idle = Array((0..<workers.count).reversed())
        var inFlight: [Int: (shard: Int, batch: PolledBatch, event: ReplayEvent)] = [:]
        while true {
            while let worker = idle.last, let (shard, batch) = nextBatch(&pace) {
                try pace.wait()
                let event = ReplayEvent(name: "\(batch.shard) batch \(batch.number)", bytes: batch.event)
                inFlight[idle.removeLast()] = (shard, batch, event)
                pace.add(records: batch.records.count, done: 0)
                workers.deliver(event, by: worker)
            }
            if inFlight.isEmpty { break }
            let completed = workers.next()
            // An interrupted delivery is not a failure.
            try Task.checkCancellation()
            guard let (shard, batch, event) = inFlight.removeValue(forKey: completed.worker) else { continue }
            idle.append(completed.worker)
            let done = end(batch, of: event, shard, try completed.result.get(), &report)
            pace.add(records: 0, done: done + take(shard))
            progress("\(pace.text); \(steps.count) invocations, \(discarded.count) batches discarded")
        }
    }

    private mutating func deliverWhole(_ workers: ReplayWorkers, _ report: inout ReplayReport) throws {
        for event in whole {
            try Task.checkCancellation()
            workers.deliver(event, by: 0)
            let completed = workers.next()
            try Task.checkCancellation()
            let delivery = try completed.result.get()
            if delivery.invocationError != nil || !delivery.itemFailures.isEmpty { failedEvents += 1 }
            report.add(delivery, of: event)
        }
    }

    /// Returns the batch of the next shard that has one ready.
    private mutating func nextBatch(_ pace: inout Pace) -> (shard: Int, batch: PolledBatch)? {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        for offset in pollers.indices {
            let shard = (turn + offset) % pollers.count
            let batch = pollers[shard].next(now: now)
            // The poller discards expired records when it looks for a batch.
            pace.add(records: 0, done: take(shard))
            guard let batch else { continue }
            turn = shard + 1
            return (shard, batch)
        }
        return nil
    }

    /// Records the result of an invocation.
    ///
    /// - Returns: The number of records that need no further invocation.
    private mutating func end(
        _ batch: PolledBatch, of event: ReplayEvent, _ shard: Int, _ delivery: DeliveryResult,
        _ report: inout ReplayReport
    ) -> Int {
        var delivery = delivery
        if batch.window != nil, delivery.state == nil, delivery.invocationError == nil {
            delivery.invocationError = "the response contains no state, so Lambda would treat it as a failure"
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
                    ?? "first failed record: \(first)"
            }
        }
        steps.append(PolledInvocation(batch: batch, latency: delivery.latency, failure: failure))
        report.add(delivery, of: event, isFirst: batch.parent == nil)
        pollers[shard].end(batch, result)
        windows += pollers[shard].takeClosedWindows().map { (batch.shard, $0) }
        guard failure != nil else { return batch.records.count }
        // Records before the first failure are processed.
        let failures = Set(delivery.itemFailures.map { Array($0.utf8) })
        return batch.records.firstIndex { failures.contains(Array($0.sequenceNumber.utf8)) } ?? 0
    }

    /// Stores the discarded batches.
    ///
    /// - Returns: The number of their records.
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

    /// Writes the discarded batches in the format of Lambda's on-failure destination, one document per line.
    func writeFailures(to file: OutputFile) throws {
        for document in documents { try file.write(document + [UInt8(ascii: "\n")]) }
        try file.finish()
    }

    /// The number of discarded records.
    var discardedRecords: Int { discarded.reduce(0) { $0 + $1.batch.records.count } }
}
