/// A model of Lambda's Kinesis poller for one shard: it delivers records in order, in batches, with retries, bisection
/// and discarding.
///
/// It is a value without a clock or a network: its caller requests batches, invokes the function, and reports the
/// results.
///
/// * A response with batch item failures moves the checkpoint to the lowest of them: the records before it are done.
/// * With ``PollerSettings/bisects``, a failed batch without progress is split in two; a split does not count as a
/// retry.
/// * Records that have failed too often or are too old are discarded, and the shard proceeds.
/// * With ``PollerSettings/tumblingWindow``, no batch crosses the end of a window, and an invocation without records
/// ends each
///   window.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
package struct ShardPoller: Sendable {
    package let shard: String
    private let settings: PollerSettings
    private let streamARN: String?
    /// The concurrent lanes, each with its own partition keys and at most one batch in flight.
    private var lanes: [Lane]
    private var made = 0
    private var nextLane = 0
    /// The discarded batches since the last ``takeDiscarded()``.
    private var discarded: [DiscardedBatch] = []
    /// The windows that ended since the last ``takeClosedWindows()``.
    private var closedWindows: [PolledWindow] = []
    /// Whether no more records will be added.
    private var isClosed = false

    private struct Unit: Sendable {
        var records: ArraySlice<PolledRecord>
        var retries = 0
        var cuts = 0
        var invocations = 0
        var parent: Int?
        /// Whether this is a window's final invocation.
        var isFinal = false
    }

    private struct Lane: Sendable {
        var fresh: [PolledRecord] = []
        var start = 0
        /// The units that precede all new records; the next one is last.
        var waiting: [Unit] = []
        var underWay: Unit?
        var window: PolledWindow?

        var isEmpty: Bool { waiting.isEmpty && underWay == nil && start == fresh.count && window == nil }
    }

    /// - Parameter streamARN: The event source ARN in the events of tumbling windows.
    package init(_ shard: String, streamARN: String? = nil, settings: PollerSettings) {
        (self.shard, self.streamARN, self.settings) = (shard, streamARN, settings)
        lanes = Array(repeating: Lane(), count: max(1, settings.parallelizationFactor))
    }

    /// Whether all records are processed or discarded.
    package var isDone: Bool { lanes.allSatisfy(\.isEmpty) }

    /// Adds a record at the end of the shard.
    package mutating func add(_ record: PolledRecord) {
        lanes[lane(of: record.partitionKey)].fresh.append(record)
    }

    /// Marks the end of the shard, so that open windows end after the last record.
    package mutating func close() { isClosed = true }

    /// Returns the next batch that can be delivered now, or nil if there is none at present.
    ///
    /// - Parameter now: The time in milliseconds since the Unix epoch.
    package mutating func next(now: Int64) -> PolledBatch? {
        for offset in lanes.indices {
            let index = (nextLane + offset) % lanes.count
            if let batch = next(inLane: index, now: now) {
                nextLane = (index + 1) % lanes.count
                return batch
            }
        }
        return nil
    }

    /// Records the result of the invocation of `batch`.
    package mutating func end(_ batch: PolledBatch, _ result: InvocationResult) {
        guard var unit = lanes[batch.lane].underWay else { return }
        lanes[batch.lane].underWay = nil
        unit.parent = batch.number
        var done = 0
        if case .answered(let failures, let state) = result, batch.window == nil || state != nil {
            if let state { keep(state, inLane: batch.lane) }
            guard !failures.isEmpty else {
                if unit.isFinal { closeWindow(inLane: batch.lane) }
                return
            }
            done = Self.firstFailure(failures, in: unit.records) ?? 0
        }
        unit.records = unit.records.dropFirst(done)
        if settings.bisects, done > 0 {
            // Splits at the failed record.
            unit.cuts += 1
            lanes[batch.lane].waiting.append(unit)
        } else if settings.bisects, unit.records.count > 1 {
            cut(unit, inLane: batch.lane)
        } else {
            unit.retries += 1
            if let limit = settings.maximumRetryAttempts, unit.retries > limit {
                discard(unit, inLane: batch.lane, .retryAttemptsExhausted)
                if unit.isFinal { closeWindow(inLane: batch.lane) }
            } else {
                lanes[batch.lane].waiting.append(unit)
            }
        }
    }

    /// Returns the number of records before the lowest failure; nil if one of the failures is not a record of the
    /// batch, so that the whole batch has failed.
    private static func firstFailure(_ failures: [String], in records: ArraySlice<PolledRecord>) -> Int? {
        // A response may name every record, and each any number of times.
        var indices: [[UInt8]: Int] = [:]
        for (index, record) in records.enumerated() {
            let key = Array(record.sequenceNumber.utf8)
            if indices[key] == nil { indices[key] = index }
        }
        var first = records.count
        for failure in failures {
            guard let index = indices[Array(failure.utf8)] else { return nil }
            first = min(first, index)
        }
        return first
    }

    /// Returns the batches that were discarded since the last call.
    package mutating func takeDiscarded() -> [DiscardedBatch] {
        defer { discarded = [] }
        return discarded
    }

    /// Returns the windows that ended since the last call, each with the state of its final invocation.
    package mutating func takeClosedWindows() -> [PolledWindow] {
        defer { closedWindows = [] }
        return closedWindows
    }
}

extension ShardPoller {
    private mutating func next(inLane index: Int, now: Int64) -> PolledBatch? {
        guard lanes[index].underWay == nil else { return nil }
        while var unit = lanes[index].waiting.popLast() ?? fresh(inLane: index) {
            let expired = expired(unit.records, now: now)
            if expired > 0 {
                var old = unit
                old.records = unit.records.prefix(expired)
                discard(old, inLane: index, .recordAgeExceeded)
                unit.records = unit.records.dropFirst(expired)
                if unit.records.isEmpty { continue }
            }
            unit.invocations += 1
            lanes[index].underWay = unit
            return batch(of: unit, inLane: index)
        }
        return nil
    }

    private mutating func batch(of unit: Unit, inLane index: Int) -> PolledBatch {
        made += 1
        var window = lanes[index].window
        window?.isFinal = unit.isFinal
        return PolledBatch(
            shard: shard, records: Array(unit.records), retries: unit.retries, cuts: unit.cuts, number: made,
            parent: unit.parent, window: window, lane: index)
    }

    /// Returns a batch of records that were never delivered.
    private mutating func fresh(inLane index: Int) -> Unit? {
        let start = lanes[index].start
        if endsWindow(inLane: index) { return Unit(records: [], isFinal: true) }
        var end = start
        var bytes = 0
        let border = border(inLane: index)
        while end < lanes[index].fresh.count, end - start < settings.batchSize, lanes[index].fresh[end].arrival < border
        {
            bytes += lanes[index].fresh[end].json.count + 1
            if bytes > settings.batchBytes, end > start { break }
            end += 1
        }
        guard end > start else { return nil }
        // A copy: a slice would share the list's storage, which every added record would then copy.
        let records = Array(lanes[index].fresh[start..<end])
        lanes[index].start = end
        if end > 4096, end * 2 > lanes[index].fresh.count {
            lanes[index].fresh.removeFirst(end)
            lanes[index].start = 0
        }
        return Unit(records: records[...])
    }

    /// Returns the time before which the records of the next batch must have arrived: the end of the window that the
    /// first one opens.
    private mutating func border(inLane index: Int) -> Int64 {
        guard lanes[index].start < lanes[index].fresh.count else { return .max }
        let first = lanes[index].fresh[lanes[index].start].arrival
        var border = settings.batchingWindow.map { first + $0 + 1 } ?? .max
        if let length = settings.tumblingWindow {
            let window =
                lanes[index].window ?? PolledWindow(arrival: first, length: max(1, length), streamARN: streamARN)
            lanes[index].window = window
            border = min(border, window.end)
        }
        return border
    }

    /// Returns whether no more records will arrive for the open window.
    private func endsWindow(inLane index: Int) -> Bool {
        guard let window = lanes[index].window else { return false }
        guard lanes[index].start < lanes[index].fresh.count else { return isClosed || window.isEndedEarly }
        return window.isEndedEarly || lanes[index].fresh[lanes[index].start].arrival >= window.end
    }

    private mutating func keep(_ state: [UInt8], inLane index: Int) {
        lanes[index].window?.state = state
        if state.count > PolledWindow.stateLimit { lanes[index].window?.isEndedEarly = true }
    }

    private mutating func closeWindow(inLane index: Int) {
        if let window = lanes[index].window { closedWindows.append(window) }
        lanes[index].window = nil
    }

    /// Returns the number of records at the front that are too old.
    private func expired(_ records: ArraySlice<PolledRecord>, now: Int64) -> Int {
        guard let age = settings.maximumRecordAge else { return 0 }
        return records.prefix { now - $0.arrival > age }.count
    }

    private mutating func cut(_ unit: Unit, inLane index: Int) {
        let half = unit.records.count / 2
        var (first, second) = (unit, unit)
        first.records = unit.records.prefix(half)
        second.records = unit.records.dropFirst(half)
        first.cuts += 1
        second.cuts += 1
        lanes[index].waiting.append(second)
        lanes[index].waiting.append(first)
    }

    private mutating func discard(_ unit: Unit, inLane index: Int, _ condition: DiscardedBatch.Condition) {
        discarded.append(
            DiscardedBatch(batch: batch(of: unit, inLane: index), condition: condition, invocations: unit.invocations))
    }

    /// Returns the same lane for the same key, so that the records of a key stay in order.
    private func lane(of key: String) -> Int {
        guard lanes.count > 1 else { return 0 }
        // FNV-1a; Lambda does not document how it distributes keys.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(hash % UInt64(lanes.count))
    }
}
