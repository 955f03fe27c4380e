import Processor

/// Tables.
extension ReportPage {
    /// The time of decoding and of the processors, which run concurrently.
    var stages: String {
        let most = max(report.stages.map(\.times.sum).max() ?? 0, .leastNonzeroMagnitude)
        guard !report.stages.isEmpty else { return "" }
        let rows = report.stages.map { name, times in
            let bar = Markup.rectangle(
                x: 0, y: 0, width: max(2, 1000 * times.sum / most), height: 14, colour: "good",
                title: "\(Markup.escaped(name)): \(Markup.milliseconds(times.sum))")
            let drawn =
                "<svg viewBox=\"0 0 1000 14\" preserveAspectRatio=\"none\" style=\"height:14px;min-width:6rem\" aria-hidden=\"true\">\(bar)</svg>"
            return [Markup.escaped(name), drawn, Markup.milliseconds(times.sum)]
                + times.reported.map { Markup.milliseconds($0.value) }
        }
        return Markup.table("Stages", ["stage", "share", "#total"] + Percentiles.reported.map { "#" + $0.0 }, rows)
    }

    var windows: String {
        guard let windows = report.polling?.windows, !windows.isEmpty else { return "" }
        let limit = 200
        let rows = windows.prefix(limit).map { shard, window in
            func text(_ time: Int64) -> String { Timestamp(millisecondsSinceEpoch: time).iso8601(fractionDigits: 0) }
            let state = String(decoding: window.state.prefix(1000), as: UTF8.self)
            return [
                Markup.escaped(shard), text(window.start), text(window.end),
                Markup.escaped(state) + (window.state.count > 1000 ? "…" : ""),
            ]
        }
        return Markup.table("Tumbling windows", ["shard", "start", "end", "state at its end"], Array(rows))
            + Self.rest(windows.count - limit)
    }

    var badRecords: String {
        guard !report.byReason.isEmpty else { return "" }
        let reasons = report.byReason.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { [Markup.escaped($0.key), "\($0.value)"] }
        let rows = report.badRecords.map { bad in
            let record = bad.record
            let number =
                Markup.sequenceNumber(record.sequenceNumber) + (record.subSequenceNumber.map { " (\($0))" } ?? "")
            return [
                bad.origin.map { Markup.escaped($0.text) } ?? number,
                bad.identity.map { Markup.escaped("\($0.kind) \($0.id)") } ?? "", Markup.escaped(record.reason),
                Markup.escaped(record.message), Markup.escaped(bad.event),
            ]
        }
        return Markup.table("Bad records by reason", ["reason", "#records"], reasons)
            + Markup.table("Bad records", ["record", "entity", "reason", "message", "delivered in"], rows)
            + Self.rest(report.badRecordCount - rows.count)
    }

    var invocationErrors: String {
        let limit = 100
        let errors = report.invocationErrors
        guard !errors.isEmpty else { return "" }
        return Markup.table(
            "Failed invocations", ["event", "message"],
            errors.prefix(limit).map { [Markup.escaped($0.event), Markup.escaped($0.message)] })
            + Self.rest(errors.count - limit)
    }

    var slowest: String {
        let rows = report.invocations.sorted { $0.latency > $1.latency }.prefix(10).map { invocation in
            [
                Markup.escaped(invocation.event), "\(invocation.records)",
                invocation.hasFailed ? "<span class=\"bad\">failed</span>" : "<span class=\"good\">accepted</span>",
                Markup.milliseconds(invocation.time), Markup.milliseconds(invocation.latency),
            ]
        }
        guard !rows.isEmpty else { return "" }
        return Markup.table(
            "Slowest invocations", ["event", "#records", "outcome", "#ended at", "#latency"], Array(rows))
    }

    /// Returns a note about omitted elements, if there are any.
    static func rest(_ count: Int) -> String { count > 0 ? "<p>and \(count) more</p>" : "" }
}
