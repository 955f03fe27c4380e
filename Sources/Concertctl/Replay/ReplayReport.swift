import Foundation
import Poller
import Processor

/// What a replay tells in the end.
struct ReplayReport {
    /// One delivery of an event.
    struct Invocation {
        var event: String
        /// When it ended, in ms since the replay began.
        var time: Double
        /// In ms.
        var latency: Double
        /// How its records ended in it; those that failed may have been delivered again.
        var byOutcome: [BatchReport.Disposition: Int]
        /// Whether it failed, as a whole or for some records.
        var hasFailed: Bool

        var records: Int { byOutcome.values.reduce(0, +) }
    }

    /// What the poller did.
    struct Polling {
        var retries: Int
        var cuts: Int
        var discardedBatches: Int
        var discardedRecords: Int
        /// Events that could not be taken apart, and failed as they were.
        var failedEvents: Int
        var windows: [(shard: String, window: PolledWindow)]
    }

    private(set) var invocations: [Invocation] = []
    private(set) var bytes = 0
    private(set) var byOutcome: [BatchReport.Disposition: Int] = [:]
    private var byKind: [EntityKind: Int] = [:]
    private(set) var badRecords: [(event: String, record: Delivery.BadRecord)] = []
    private(set) var badRecordCount = 0
    private(set) var byReason: [String: Int] = [:]
    private(set) var invocationErrors: [(event: String, message: String)] = []
    /// How long each part of the work took, in ms, by invocation; in the order in which they were first told.
    private(set) var stages: [(name: String, times: Percentiles)] = []
    /// Nil when events went as they are.
    private(set) var polling: Polling?
    /// Bad records that were told once, so that another try does not count them again.
    private var knownBadRecords: Set<[UInt8]> = []
    /// Records that a later try wrote to the dead letters.
    private var retriedDeadLetters = 0
    /// Whether records may be delivered several times.
    private let isPolled: Bool
    private let start = ContinuousClock.now

    init(isPolled: Bool = false) { self.isPolled = isPolled }

    /// Bad records that are listed one by one; the others are counted.
    private static let listLimit = 100

    /// - Parameter isFirst: Whether its records were not delivered before; those of another try are not counted again.
    mutating func add(_ delivery: Delivery, of event: ReplayEvent, isFirst: Bool = true) {
        bytes += event.bytes.count
        invocations.append(
            Invocation(
                event: event.name, time: (ContinuousClock.now - start) / .milliseconds(1),
                latency: delivery.latency / .milliseconds(1), byOutcome: delivery.byOutcome,
                hasFailed: delivery.invocationError != nil || !delivery.itemFailures.isEmpty))
        for stage in delivery.stages { add(stage.time / .milliseconds(1), to: stage.name) }
        if isFirst {
            byOutcome.merge(delivery.byOutcome, uniquingKeysWith: +)
            byKind.merge(delivery.byKind, uniquingKeysWith: +)
        } else {
            retriedDeadLetters += delivery.byOutcome[.deadLettered] ?? 0
        }
        for record in delivery.badRecords {
            if isPolled {
                let name = Array("\(record.sequenceNumber)-\(record.subSequenceNumber ?? -1)".utf8)
                guard knownBadRecords.insert(name).inserted else { continue }
            }
            badRecordCount += 1
            byReason[record.reason, default: 0] += 1
            if badRecords.count < Self.listLimit { badRecords.append((event.name, record)) }
        }
        if let message = delivery.invocationError { invocationErrors.append((event.name, message)) }
    }

    private mutating func add(_ time: Double, to stage: String) {
        if let index = stages.firstIndex(where: { $0.name == stage }) {
            stages[index].times.values.append(time)
        } else {
            stages.append((stage, Percentiles(values: [time])))
        }
    }

    /// Settles what became of the records in the end, retries and give-ups considered.
    ///
    /// Counted are the first deliveries; what failed in them and was not given up has been processed by a later one, and
    /// what was processed behind a failure may have been given up with it.
    mutating func conclude(_ polled: PolledReplay) {
        let total = records
        let failed = polled.discardedRecords
        byOutcome[.failed] = failed
        byOutcome[.deadLettered, default: 0] += retriedDeadLetters
        let settled = failed + byOutcome[.deadLettered, default: 0] + byOutcome[.skipped, default: 0]
        byOutcome[.processed] = max(0, total - settled)
        polling = Polling(
            retries: polled.steps.count { $0.batch.retries > 0 }, cuts: polled.steps.count { $0.batch.cuts > 0 },
            discardedBatches: polled.discarded.count, discardedRecords: failed,
            failedEvents: polled.failedEvents, windows: polled.windows)
    }

    /// Whether any record, or any invocation as a whole, has failed for good.
    var hasFailures: Bool {
        byOutcome[.failed, default: 0] > 0
            || polling.map { $0.discardedBatches + $0.failedEvents > 0 } ?? !invocationErrors.isEmpty
    }

    /// Records by the name of their kind, in the catalog's order.
    var kindCounts: [(name: String, count: Int)] {
        let catalog = EntityCatalog.builtIn
        return zip(catalog.kinds, catalog.schemas).map { ($1.name, byKind[$0, default: 0]) }
    }

    var isEmpty: Bool { invocations.isEmpty }

    var records: Int { byOutcome.values.reduce(0, +) }
    var latencies: Percentiles { Percentiles(values: invocations.map(\.latency)) }
    private var seconds: Double { invocations.reduce(0) { $0 + $1.latency } / 1000 }
    var recordsPerSecond: Double { seconds > 0 ? Double(records) / seconds : 0 }
    var megabytesPerSecond: Double { seconds > 0 ? Double(bytes) / 1e6 / seconds : 0 }
}
