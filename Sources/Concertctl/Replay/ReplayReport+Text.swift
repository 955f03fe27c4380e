import Foundation
import Processor

/// Text output.
extension ReplayReport {
    func text() -> String {
        var lines = [
            "\(Self.counted(records, "record")) in \(Self.counted(invocations.count, "event")), \(Self.decimal(Double(bytes) / 1e6, 3)) MB",
            "",
        ]
        lines += Self.table("outcome", BatchReport.Disposition.allCases.map { ($0.label, byOutcome[$0, default: 0]) })
        lines += Self.table("kind", kindCounts)
        lines += badRecordLines
        if !unknownMembers.findings.isEmpty { lines += unknownMembers.lines + [""] }
        if !invocationErrors.isEmpty {
            lines.append("failed invocations")
            for (event, message) in invocationErrors {
                lines.append("  \(MessageText.escaped(event)): \(MessageText.escaped(message))")
            }
            lines.append("")
        }
        if let polling { lines += Self.lines(of: polling, invocations: invocations.count) }
        lines.append(
            "throughput  \(Self.decimal(recordsPerSecond, 0)) records/s, \(Self.decimal(megabytesPerSecond, 1)) MB/s")
        lines.append("latency     \(Self.text(of: latencies)) per invocation")
        let width = max(10, stages.map(\.name.count).max() ?? 0) + 2
        for stage in stages {
            lines.append(
                "  \(MessageText.escaped(stage.name).padding(toLength: width - 2, withPad: " ", startingAt: 0))\(Self.text(of: stage.times))"
            )
        }
        return lines.joined(separator: "\n")
    }

    private var badRecordLines: [String] {
        guard badRecordCount > 0 else { return [] }
        var lines = Self.table("bad records", byReason.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        for bad in badRecords {
            lines.append(MessageText.escaped("  \(bad.name)"))
            lines.append(MessageText.escaped("    \(bad.record.reason): \(bad.record.message)"))
        }
        if badRecordCount > badRecords.count { lines.append("  and \(badRecordCount - badRecords.count) more") }
        return lines + [""]
    }

    private static func lines(of polling: Polling, invocations: Int) -> [String] {
        var rows = [
            ("invocations", invocations), ("of these, retries", polling.retries),
            ("of these, bisected", polling.cuts), ("batches discarded", polling.discardedBatches),
            ("records discarded", polling.discardedRecords),
        ]
        if !polling.windows.isEmpty { rows.append(("tumbling windows", polling.windows.count)) }
        var lines = table("poller", unit: "count", rows)
        for (shard, window) in polling.windows.prefix(10) {
            let state = MessageText.escaped(String(decoding: window.state.prefix(200), as: UTF8.self))
            lines.insert(
                "  \(MessageText.escaped(shard)) from \(Timestamp(millisecondsSinceEpoch: window.start).iso8601(fractionDigits: 0)): "
                    + state + (window.state.count > 200 ? "..." : ""), at: lines.count - 1)
        }
        return lines
    }

    private static func table(_ title: String, unit: String = "records", _ rows: [(String, Int)]) -> [String] {
        let width = max(20, rows.map { $0.0.count + 2 }.max() ?? 0)
        func line(_ name: String, _ value: String) -> String {
            name.padding(toLength: width, withPad: " ", startingAt: 0)
                + String(repeating: " ", count: max(1, 12 - value.count)) + value
        }
        return [line(title, unit)] + rows.map { line("  " + MessageText.escaped($0.0), String($0.1)) } + [""]
    }

    private static func text(of figures: Percentiles) -> String {
        figures.reported.map { "\($0.name) \(decimal($0.value, 3)) ms" }.joined(separator: ", ")
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private static func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

extension BatchReport.Disposition {
    /// The label in text output.
    var label: String { rawValue.replacing("_", with: "-") }
}
