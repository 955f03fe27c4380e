import Foundation
import Poller
import Processor

/// The results of a replay.
struct ReplayReport {
    /// One delivery of an event.
    struct InvocationSummary {
        var event: String
        /// The end time, in ms since the start of the replay.
        var time: Double
        /// The time of the invocation, in ms.
        var latency: Double
        /// The number of records by outcome in this delivery; failed records may be delivered again.
        var byOutcome: [BatchReport.Disposition: Int]
        /// Whether the invocation or any of its records failed.
        var hasFailed: Bool

        var records: Int { byOutcome.values.reduce(0, +) }
    }

    /// A record that could not be processed.
    struct BadRecord {
        var event: String
        var record: DeliveryResult.BadRecordDetails
        /// Its position; nil for records that were read with their sequence numbers.
        var origin: PayloadOrigin?
        var identity: RecordIdentity?

        /// The record's position or sequence number, and its ID: for example `upload.ndjson:2 (artist a2)`.
        var name: String {
            let index = record.subSequenceNumber.map { ", user record \($0) of its aggregate" } ?? ""
            let id = identity.map { " (\($0.kind) \($0.id))" } ?? ""
            return (origin?.text ?? "\(event): \(record.sequenceNumber)") + index + id
        }
    }

    /// The figures of the poller.
    struct Polling {
        var retries: Int
        var cuts: Int
        var discardedBatches: Int
        var discardedRecords: Int
        /// The number of failed events that could not be split.
        var failedEvents: Int
        var windows: [(shard: String, window: PolledWindow)]
    }

    private(set) var invocations: [InvocationSummary] = []
    private(set) var bytes = 0
    private(set) var byOutcome: [BatchReport.Disposition: Int] = [:]
    private var byKind: [EntityKind: Int] = [:]
    private(set) var badRecords: [BadRecord] = []
    private(set) var badRecordCount = 0
    private(set) var byReason: [String: Int] = [:]
    private(set) var invocationErrors: [(event: String, message: String)] = []
    /// The time of each stage per invocation, in ms, in the order of first occurrence.
    private(set) var stages: [(name: String, times: Percentiles)] = []
    /// Nil if events were delivered unchanged.
    private(set) var polling: Polling?
    /// The bad records that were counted, so that retries do not count them again.
    private var knownBadRecords: Set<[UInt8]> = []
    /// The number of records that a retry dead-lettered.
    private var retriedDeadLetters = 0
    /// Whether records may be delivered several times.
    private let isPolled: Bool
    /// The positions of the payloads in their files, by index.
    private let origins: [PayloadOrigin]
    /// The misspelled members of the payloads.
    let unknownMembers: UnknownMembers
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - isPolled: Whether records may be delivered several times.
    ///   - source: The source of the payloads.
    init(isPolled: Bool = false, source: ReplaySource = ReplaySource(batchSize: 1)) {
        self.isPolled = isPolled
        (origins, unknownMembers) = (source.origins, source.unknownMembers)
    }

    /// The most bad records that are listed; the others are only counted.
    private static let listLimit = 100

    /// - Parameter isFirst: Whether this is the first delivery of its records; retries do not count records again.
    mutating func add(_ delivery: DeliveryResult, of event: ReplayEvent, isFirst: Bool = true) {
        bytes += event.bytes.count
        invocations.append(
            InvocationSummary(
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
        let isListing = !delivery.badRecords.isEmpty && badRecords.count < Self.listLimit
        let elements = isListing ? PolledRecords.elements(of: event.bytes) ?? [] : []
        for record in delivery.badRecords {
            if isPolled {
                let name = Array("\(record.sequenceNumber)-\(record.subSequenceNumber ?? -1)".utf8)
                guard knownBadRecords.insert(name).inserted else { continue }
            }
            badRecordCount += 1
            byReason[record.reason, default: 0] += 1
            guard badRecords.count < Self.listLimit else { continue }
            let index = LambdaEvent.payloadIndex(ofSequenceNumber: record.sequenceNumber)
            badRecords.append(
                BadRecord(
                    event: event.name, record: record,
                    origin: index.flatMap { origins.indices.contains($0) ? origins[$0] : nil },
                    identity: RecordIdentity(ofRecord: record.sequenceNumber, in: event.bytes, elements)))
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

    /// Computes the final outcomes of the records, considering retries and discarded batches.
    ///
    /// Starts with the first deliveries: records that failed in them and were not discarded were processed by a retry, and
    /// records that were processed after a failure may have been discarded with it.
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

    /// Whether any record or any invocation failed permanently.
    var hasFailures: Bool {
        byOutcome[.failed, default: 0] > 0
            || polling.map { $0.discardedBatches + $0.failedEvents > 0 } ?? !invocationErrors.isEmpty
    }

    /// The number of records by kind, in the catalog's order.
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
