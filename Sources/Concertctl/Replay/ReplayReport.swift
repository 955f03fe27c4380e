import Foundation
import JSON
import Processor

/// What a replay tells in the end.
struct ReplayReport {
    private(set) var events = 0
    private var bytes = 0
    private(set) var byOutcome: [BatchReport.Ending: Int] = [:]
    private(set) var byKind: [Payload.Kind: Int] = [:]
    private(set) var badRecords: [(event: String, record: Delivery.BadRecord)] = []
    private var badRecordCount = 0
    private(set) var byReason: [String: Int] = [:]
    private(set) var invocationErrors: [(event: String, message: String)] = []
    /// In milliseconds, in the order of the invocations.
    private(set) var latencies: [Double] = []
    /// What the poller did; nil when events went as they are.
    private var poller: (retries: Int, cuts: Int, discardedBatches: Int, discardedRecords: Int)?
    /// Bad records that were told once, so that another try does not count them again.
    private var knownBadRecords: Set<String> = []
    /// Records that a later try wrote to the dead letters.
    private var retriedDeadLetters = 0
    /// Whether records may be delivered several times.
    private let isPolled: Bool

    init(isPolled: Bool = false) { self.isPolled = isPolled }

    /// Bad records that are listed one by one; the others are counted.
    private static let listLimit = 100

    /// - Parameter isFirst: Whether its records were not delivered before; those of another try are not counted again.
    mutating func add(_ delivery: Delivery, of event: ReplayEvent, isFirst: Bool = true) {
        events += 1
        bytes += event.bytes.count
        latencies.append(delivery.latency / .milliseconds(1))
        if isFirst {
            byOutcome.merge(delivery.byOutcome, uniquingKeysWith: +)
            byKind.merge(delivery.byKind, uniquingKeysWith: +)
        } else {
            retriedDeadLetters += delivery.byOutcome[.deadLettered] ?? 0
        }
        for record in delivery.badRecords {
            if isPolled {
                let name = "\(record.sequenceNumber)-\(record.subSequenceNumber ?? -1)"
                guard knownBadRecords.insert(name).inserted else { continue }
            }
            badRecordCount += 1
            byReason[record.reason, default: 0] += 1
            if badRecords.count < Self.listLimit { badRecords.append((event.name, record)) }
        }
        if let message = delivery.invocationError { invocationErrors.append((event.name, message)) }
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
        poller = (
            polled.steps.count { $0.batch.retries > 0 }, polled.steps.count { $0.batch.cuts > 0 },
            polled.discarded.count, failed
        )
    }

    /// Whether any record, or any invocation as a whole, has failed for good.
    var hasFailures: Bool {
        byOutcome[.failed, default: 0] > 0 || poller == nil && !invocationErrors.isEmpty
    }

    var isEmpty: Bool { events == 0 }

    var records: Int { byOutcome.values.reduce(0, +) }
    private var seconds: Double { latencies.reduce(0, +) / 1000 }
    private var recordsPerSecond: Double { seconds > 0 ? Double(records) / seconds : 0 }
    private var megabytesPerSecond: Double { seconds > 0 ? Double(bytes) / 1e6 / seconds : 0 }

    /// The latency, in ms, that this share of the invocations did not exceed.
    func percentile(_ share: Double) -> Double {
        let sorted = latencies.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.up)) - 1)]
    }
}

/// For people.
extension ReplayReport {
    func text() -> String {
        var lines = [
            "\(Self.counted(records, "record")) in \(Self.counted(events, "event")), \(Self.decimal(Double(bytes) / 1e6, 3)) MB",
            "",
        ]
        lines += Self.table("outcome", BatchReport.Ending.allCases.map { ($0.label, byOutcome[$0, default: 0]) })
        lines += Self.table("kind", Payload.Kind.allCases.map { ($0.rawValue, byKind[$0, default: 0]) })
        if badRecordCount > 0 {
            lines += Self.table("bad records", byReason.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            for (event, record) in badRecords {
                let place = record.subSequenceNumber.map { ", user record \($0) of its aggregate" } ?? ""
                lines.append("  \(event): \(record.sequenceNumber)\(place)")
                lines.append("    \(record.reason): \(MessageText.escaped(record.message))")
            }
            if badRecordCount > badRecords.count { lines.append("  and \(badRecordCount - badRecords.count) more") }
            lines.append("")
        }
        if !invocationErrors.isEmpty {
            lines.append("failed invocations")
            for (event, message) in invocationErrors { lines.append("  \(event): \(MessageText.escaped(message))") }
            lines.append("")
        }
        if let poller {
            lines += Self.table(
                "poller",
                [
                    ("invocations", events), ("of these, retries", poller.retries),
                    ("of these, of cut batches", poller.cuts),
                    ("batches given up", poller.discardedBatches), ("records given up", poller.discardedRecords),
                ])
        }
        lines.append(
            "throughput  \(Self.decimal(recordsPerSecond, 0)) records/s, \(Self.decimal(megabytesPerSecond, 1)) MB/s")
        let latencies = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1)]
            .map { "\($0.0) \(Self.decimal(percentile($0.1), 3)) ms" }
        lines.append("latency     \(latencies.joined(separator: ", ")) an invocation")
        return lines.joined(separator: "\n")
    }

    private static func table(_ title: String, _ rows: [(String, Int)]) -> [String] {
        let width = max(20, rows.map(\.0.count).max() ?? 0)
        func line(_ name: String, _ value: String) -> String {
            name.padding(toLength: width, withPad: " ", startingAt: 0)
                + String(repeating: " ", count: max(1, 12 - value.count)) + value
        }
        return [line(title, "records")] + rows.map { line("  " + $0.0, String($0.1)) } + [""]
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private static func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

/// For programs; the shape is documented in docs/replay.md.
extension ReplayReport {
    func json() -> String {
        var writer = JSONWriter()
        writer.openObject()
        write("events", events, to: &writer)
        write("bytes", bytes, to: &writer)
        writer.key("records")
        writer.openObject()
        write("total", records, to: &writer)
        writer.key("byOutcome")
        writer.openObject()
        for ending in BatchReport.Ending.allCases { write(ending.rawValue, byOutcome[ending, default: 0], to: &writer) }
        writer.closeObject()
        writer.key("byKind")
        writer.openObject()
        for kind in Payload.Kind.allCases { write(kind.rawValue, byKind[kind, default: 0], to: &writer) }
        writer.closeObject()
        writer.closeObject()
        writeBadRecords(to: &writer)
        writer.key("invocationErrors")
        writer.openArray()
        for (event, message) in invocationErrors {
            writer.openObject()
            write("event", event, to: &writer)
            write("message", message, to: &writer)
            writer.closeObject()
        }
        writer.closeArray()
        if let poller {
            writer.key("poller")
            writer.openObject()
            write("invocations", events, to: &writer)
            write("retries", poller.retries, to: &writer)
            write("cuts", poller.cuts, to: &writer)
            write("discardedBatches", poller.discardedBatches, to: &writer)
            write("discardedRecords", poller.discardedRecords, to: &writer)
            writer.closeObject()
        }
        writer.key("throughput")
        writer.openObject()
        write("recordsPerSecond", recordsPerSecond, to: &writer)
        write("megabytesPerSecond", megabytesPerSecond, to: &writer)
        writer.closeObject()
        writer.key("latencyMilliseconds")
        writer.openObject()
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1)] {
            write(name, percentile(share), to: &writer)
        }
        writer.closeObject()
        writer.closeObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func writeBadRecords(to writer: inout JSONWriter) {
        writer.key("badRecords")
        writer.openObject()
        write("total", badRecordCount, to: &writer)
        writer.key("byReason")
        writer.openObject()
        for (reason, count) in byReason.sorted(by: { $0.key < $1.key }) { write(reason, count, to: &writer) }
        writer.closeObject()
        writer.key("first")
        writer.openArray()
        for (event, record) in badRecords {
            writer.openObject()
            write("event", event, to: &writer)
            write("sequenceNumber", record.sequenceNumber, to: &writer)
            if let index = record.subSequenceNumber { write("subSequenceNumber", index, to: &writer) }
            write("reason", record.reason, to: &writer)
            write("message", record.message, to: &writer)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
    }

    private func write(_ key: String, _ value: Int, to writer: inout JSONWriter) {
        writer.key(key)
        writer.integer(value)
    }

    private func write(_ key: String, _ value: Double, to writer: inout JSONWriter) {
        writer.key(key)
        writer.number(value)
    }

    private func write(_ key: String, _ value: String, to writer: inout JSONWriter) {
        writer.key(key)
        writer.string(value)
    }
}

extension BatchReport.Ending {
    fileprivate var label: String { rawValue.replacing("_", with: "-") }
}
