import Foundation
import Processor

/// A page about a replay: one HTML file that needs no network, no script and no other file.
struct ReportPage {
    let report: ReplayReport
    let polled: PolledReplay?
    /// How the replay was made, the versions included.
    let settings: [(name: String, value: String)]
    /// Whether the replay came to its end.
    let isComplete: Bool

    /// Writes all of it.
    func write(to file: OutputFile) throws {
        try file.write(html.utf8)
        try file.finish()
    }

    var html: String {
        let sections = [
            section("outcomes", "Outcomes", outcomes), section("time", "Records over time", timeline),
            section("latency", "Latency of invocations", latency), section("stages", "Stages", stages),
            section("batches", "Batches that failed, and what became of them", failedBatches),
            section("windows", "Tumbling windows", windows), section("bad", "Bad records", badRecords),
            section("errors", "Invocations that failed as a whole", invocationErrors),
            section("slow", "Slowest invocations", slowest),
            section("settings", "Settings and versions", settingsTable),
        ]
        let note =
            "<p class=\"warn\" role=\"alert\">The replay was interrupted: this is what came of it until then.</p>"
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

    /// Nothing where there is nothing to tell.
    private func section(_ id: String, _ title: String, _ body: String) -> String {
        guard !body.isEmpty else { return "" }
        return "<section aria-labelledby=\"\(id)\"><h2 id=\"\(id)\">\(title)</h2>\(body)</section>"
    }

    private var cards: String {
        let latencies = report.latencies.reported
        var cards = [
            ("Records", "\(report.records)"), ("Invocations", "\(report.invocations.count)"),
            ("Records a second", String(format: "%.0f", report.recordsPerSecond)),
            ("Latency, p50", Markup.milliseconds(latencies[0].value)),
            ("Latency, p99", Markup.milliseconds(latencies[2].value)),
        ]
        if let polling = report.polling { cards.append(("Records given up", "\(polling.discardedRecords)")) }
        return "<dl>" + cards.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }.joined() + "</dl>"
    }

    private var settingsTable: String {
        Markup.table(
            "Settings", ["setting", "value"], settings.map { [Markup.escaped($0.name), Markup.escaped($0.value)] })
    }
}
