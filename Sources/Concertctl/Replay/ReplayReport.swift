import Foundation
import JSON
import Processor

/// What a replay tells in the end.
struct ReplayReport {
    private var events = 0
    private var bytes = 0
    private var byOutcome: [BatchReport.Ending: Int] = [:]
    private var byKind: [Payload.Kind: Int] = [:]
    private var badRecords: [(event: String, record: Delivery.BadRecord)] = []
    private var badRecordCount = 0
    private var byReason: [String: Int] = [:]
    private var invocationErrors: [(event: String, message: String)] = []
    private var latencies: [Double] = []

    /// Bad records that are listed one by one; the others are counted.
    private static let listLimit = 100

    mutating func add(_ delivery: Delivery, of event: ReplayEvent) {
        events += 1
        bytes += event.bytes.count
        latencies.append(delivery.latency / .milliseconds(1))
        byOutcome.merge(delivery.byOutcome, uniquingKeysWith: +)
        byKind.merge(delivery.byKind, uniquingKeysWith: +)
        for record in delivery.badRecords {
            byReason[record.reason, default: 0] += 1
            if badRecords.count < Self.listLimit { badRecords.append((event.name, record)) }
        }
        badRecordCount += delivery.badRecords.count
        if let message = delivery.invocationError { invocationErrors.append((event.name, message)) }
    }

    /// Whether any record, or any invocation as a whole, has failed.
    var hasFailures: Bool { byOutcome[.failed, default: 0] > 0 || !invocationErrors.isEmpty }

    private var records: Int { byOutcome.values.reduce(0, +) }
    private var seconds: Double { latencies.reduce(0, +) / 1000 }
    private var recordsPerSecond: Double { seconds > 0 ? Double(records) / seconds : 0 }
    private var megabytesPerSecond: Double { seconds > 0 ? Double(bytes) / 1e6 / seconds : 0 }

    /// The latency, in ms, that this share of the invocations did not exceed.
    private func percentile(_ share: Double) -> Double {
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
