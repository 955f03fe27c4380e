import Foundation
import Processor

/// The HTML report of a replay: one file without scripts, network access, or other files.
struct ReportPage {
    let report: ReplayReport
    let polled: PolledReplay?
    /// The settings and versions of the replay.
    let settings: [(name: String, value: String)]
    /// Whether the replay was complete.
    let isComplete: Bool

    /// Writes the page.
    func write(to file: OutputFile) throws {
        try file.write(html.utf8)
        try file.finish()
    }

    var html: String {
        let sections = [
            section("outcomes", "Outcomes", outcomes), section("time", "Records over time", timeline),
            section("latency", "Latency of invocations", latency), section("stages", "Stages", stages),
            section("batches", "Failed batches", failedBatches),
            section("windows", "Tumbling windows", windows), section("bad", "Bad records", badRecords),
            section("errors", "Failed invocations", invocationErrors),
            section("slow", "Slowest invocations", slowest),
            section("settings", "Settings and versions", settingsTable),
        ]
        let note =
            "<p class=\"warn\" role=\"alert\">The replay was interrupted; the report is incomplete.</p>"
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Replay report</title>
            <style>\(ReportStyle.sheet)</style>
            </head>
            <body>
            <main>
            <h1>Replay report</h1>
            <p>\(Markup.escaped(settings.first?.value ?? ""))</p>
            \(isComplete ? "" : note)
            \(cards)
            \(sections.joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }

    /// Returns a section, or nothing if the body is empty.
    private func section(_ id: String, _ title: String, _ body: String) -> String {
        guard !body.isEmpty else { return "" }
        return "<section aria-labelledby=\"\(id)\"><h2 id=\"\(id)\">\(title)</h2>\(body)</section>"
    }

    private var cards: String {
        let latencies = report.latencies.reported
        var cards = [
            ("Records", "\(report.records)"), ("Invocations", "\(report.invocations.count)"),
            ("Records per second", String(format: "%.0f", report.recordsPerSecond)),
            ("Latency, p50", Markup.milliseconds(latencies[0].value)),
            ("Latency, p99", Markup.milliseconds(latencies[2].value)),
        ]
        if let polling = report.polling { cards.append(("Records discarded", "\(polling.discardedRecords)")) }
        return "<dl>" + cards.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }.joined() + "</dl>"
    }

    private var settingsTable: String {
        Markup.table(
            "Settings", ["setting", "value"], settings.map { [Markup.escaped($0.name), Markup.escaped($0.value)] })
    }
}
