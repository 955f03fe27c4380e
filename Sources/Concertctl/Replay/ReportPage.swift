import Foundation
import Poller
import Processor
import Telemetry

/// A page about a replay: one HTML file that needs no network, no script and no other file.
struct ReportPage {
    let report: ReplayReport
    let polled: PolledReplay?
    /// What was replayed.
    let words: [String]
    /// Whether the replay came to its end.
    let isComplete: Bool

    /// Writes it, all or nothing.
    func write(to path: String) throws {
        do { try Data(html.utf8).write(to: URL(filePath: path), options: .atomic) } catch {
            throw CommandError(description: "\(path) cannot be written: \((error as NSError).localizedDescription)")
        }
    }

    /// Text as HTML shows it, control characters made visible.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in MessageText.escaped(text) {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }

    var html: String {
        let note =
            isComplete
            ? ""
            : "<p class=\"warn\" role=\"alert\">The replay was interrupted: this is what came of it until then.</p>"
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Replay report</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            <h1>Replay report</h1>
            <p>\(words.map(Self.escaped).joined(separator: ", "))</p>
            \(note)
            \(summary)
            <section aria-labelledby="outcomes"><h2 id="outcomes">Outcomes</h2>\(outcomes)</section>
            <section aria-labelledby="latency"><h2 id="latency">Latency</h2>\(latency)</section>
            \(timeline)
            \(trees)
            \(badRecords)
            \(slowest)
            <footer>concertctl \(Self.escaped(Version.current)) · \(Self.escaped(settings))</footer>
            </main>
            </body>
            </html>

            """
    }

    private static let style = """
        :root{color-scheme:light dark;--ink:#1c1e21;--dim:#5b6270;--page:#fff;--card:#f3f4f6;--line:#d5d8de;--good:#1a7f4e;--bad:#b3261e;\
        --skip:#7a7f8a;--dead:#8a5a00}
        @media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--dim:#a5abb6;--page:#15171a;--card:#20242a;--line:#3a3f47;\
        --good:#4cc38a;--bad:#ff8a80;--skip:#9aa0a6;--dead:#e0a84a}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:64rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
        p{margin:.25rem 0;overflow-wrap:anywhere}.warn{color:var(--bad);font-weight:600}
        dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;margin:1rem 0}
        dl div{background:var(--card);border-radius:.5rem;padding:.6rem .8rem}dt{color:var(--dim);font-size:.85rem}
        dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}svg{display:block;width:100%;height:auto}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
        th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
        th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        details{margin:.15rem 0 .15rem 1rem}details>summary{cursor:pointer}summary:focus-visible{outline:2px solid var(--ink)}
        .leaf{margin:.15rem 0 .15rem 2.1rem}.good{color:var(--good)}.bad{color:var(--bad)}
        text{fill:var(--dim);font:12px system-ui,sans-serif}footer{margin-top:2rem;color:var(--dim);font-size:.85rem}
        @media print{body{background:#fff;color:#000}details{break-inside:avoid}details>*{display:block}}
        """

    private var summary: String {
        let rate =
            report.latencies.reduce(0, +) > 0 ? Double(report.records) / (report.latencies.reduce(0, +) / 1000) : 0
        var cards = [
            ("Records", "\(report.records)"), ("Invocations", "\(report.events)"),
            ("Records a second", String(format: "%.0f", rate)),
            ("p50", Self.milliseconds(report.percentile(0.5))), ("p99", Self.milliseconds(report.percentile(0.99))),
        ]
        if let polled { cards.append(("Records given up", "\(polled.discardedRecords)")) }
        return "<dl>" + cards.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }.joined() + "</dl>"
    }

    private static func milliseconds(_ value: Double) -> String { String(format: "%.3g ms", value) }

    private var settings: String {
        guard polled != nil else { return "events as they are" }
        return "delivered as Lambda's poller delivers"
    }
}

/// Drawings.
extension ReportPage {
    private static let colours: [BatchReport.Ending: String] = [
        .processed: "--good", .skipped: "--skip", .deadLettered: "--dead", .failed: "--bad",
    ]

    private var outcomes: String {
        let total = max(1, report.records)
        var x = 0.0
        var bars = ""
        var rows = ""
        for ending in BatchReport.Ending.allCases {
            let count = report.byOutcome[ending, default: 0]
            let width = 1000 * Double(count) / Double(total)
            let name = ending.rawValue.replacing("_", with: "-")
            if count > 0 {
                bars +=
                    #"<rect x="\#(Self.number(x))" y="0" width="\#(Self.number(max(2, width)))" height="28" fill="var(\#(Self.colours[ending] ?? "--skip"))"><title>\#(name): \#(count)</title></rect>"#
            }
            x += width
            rows += "<tr><td>\(name)</td><td class=\"n\">\(count)</td></tr>"
        }
        let kinds = Payload.Kind.allCases.map {
            "<tr><td>\($0.rawValue)</td><td class=\"n\">\(report.byKind[$0, default: 0])</td></tr>"
        }
        return
            #"<svg viewBox="0 0 1000 28" preserveAspectRatio="none" style="height:28px" role="img" aria-label="Records by outcome">\#(bars)</svg>"#
            + "<div class=\"scroll\"><table><thead><tr><th>outcome</th><th class=\"n\">records</th></tr></thead><tbody>\(rows)</tbody>"
            + "<thead><tr><th>kind</th><th class=\"n\">records</th></tr></thead><tbody>\(kinds.joined())</tbody></table></div>"
    }

    /// How many invocations took how long, on a scale that doubles.
    private var latency: String {
        guard let longest = report.latencies.max(), longest > 0 else { return "<p>No invocation was timed.</p>" }
        func bucket(_ value: Double) -> Int { Int(log2(max(value, 0.001) * 1000).rounded(.down)) }
        var counts: [Int: Int] = [:]
        for value in report.latencies { counts[bucket(value), default: 0] += 1 }
        let (low, high) = (counts.keys.min() ?? 0, counts.keys.max() ?? 0)
        let most = Double(counts.values.max() ?? 1)
        let width = 1000 / Double(high - low + 1)
        var bars = ""
        for place in low...high {
            let count = counts[place, default: 0]
            let height = 150 * Double(count) / most
            let x = Double(place - low) * width
            let label = Self.milliseconds(pow(2, Double(place)) / 1000)
            bars +=
                #"<rect x="\#(Self.number(x + 2))" y="\#(Self.number(160 - height))" width="\#(Self.number(max(1, width - 4)))" height="\#(Self.number(height))" fill="var(--good)"><title>from \#(label): \#(count)</title></rect>"#
            bars += #"<text x="\#(Self.number(x + width / 2))" y="178" text-anchor="middle">\#(label)</text>"#
        }
        return #"<svg viewBox="0 0 1000 185" role="img" aria-label="Invocations by latency">\#(bars)</svg>"#
    }

    /// Every invocation by time and latency.
    private var timeline: String {
        guard let polled, let end = polled.steps.last?.time, end > .zero else { return "" }
        let longest = max(polled.steps.map { $0.latency / .milliseconds(1) }.max() ?? 1, 0.001)
        // What no eye tells apart is not drawn: at most some thousand points, all failures among them.
        let stride = max(1, polled.steps.count / 2000)
        var points = ""
        for (index, step) in polled.steps.enumerated() where index % stride == 0 || step.failure != nil {
            let x = 990 * (step.time / end) + 5
            let y = 150 - 140 * (step.latency / .milliseconds(1)) / longest
            let colour = step.failure == nil ? "--good" : "--bad"
            points += #"<circle cx="\#(Self.number(x))" cy="\#(Self.number(y))" r="3" fill="var(\#(colour))"/>"#
        }
        return """
            <section aria-labelledby="time"><h2 id="time">Invocations over time</h2>\
            <svg viewBox="0 0 1000 170" role="img" aria-label="Latency of each invocation over time, failed ones in another colour">\
            \(points)<text x="5" y="168">start</text><text x="995" y="168" text-anchor="end">\
            \(Self.milliseconds(end / .milliseconds(1)))</text></svg></section>
            """
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}

/// Tables and trees.
extension ReportPage {
    private static let treeLimit = 3000

    /// How each batch that failed was cut and tried again.
    private var trees: String {
        guard let polled else { return "" }
        struct Key: Hashable { var shard: String, number: Int }
        var children: [Key: [PolledReplay.Step]] = [:]
        var given: [Key: DiscardedBatch] = [:]
        for step in polled.steps {
            if let parent = step.batch.parent {
                children[Key(shard: step.batch.shard, number: parent), default: []].append(step)
            }
        }
        for batch in polled.discarded where batch.batch.parent != nil {
            given[Key(shard: batch.batch.shard, number: batch.batch.parent ?? 0)] = batch
        }
        let roots = polled.steps.filter { $0.batch.parent == nil && $0.failure != nil }
        guard !roots.isEmpty else { return "" }
        var drawn = 0
        func node(_ step: PolledReplay.Step) -> String {
            drawn += 1
            guard drawn < Self.treeLimit else { return "" }
            let batch = step.batch
            let count = batch.records.count
            let name =
                "batch \(batch.number): \(count) record\(count == 1 ? "" : "s") from \(Self.escaped(batch.records[0].sequenceNumber))"
                + (batch.retries > 0 ? ", retry \(batch.retries)" : "")
                + (batch.cuts > 0 ? ", cut \(batch.cuts) times" : "")
            guard let failure = step.failure else {
                return "<div class=\"leaf\"><span class=\"good\">taken</span> \(name)</div>"
            }
            let key = Key(shard: batch.shard, number: batch.number)
            var inner = (children[key] ?? []).map(node).joined()
            if let batch = given[key] {
                inner +=
                    "<div class=\"leaf\"><span class=\"bad\">given up</span>, \(batch.condition.rawValue): "
                    + "\(batch.batch.records.count) record\(batch.batch.records.count == 1 ? "" : "s") from "
                    + "\(Self.escaped(batch.batch.records[0].sequenceNumber))</div>"
            }
            return
                "<details open><summary><span class=\"bad\">failed</span> \(name): \(Self.escaped(failure))</summary>\(inner)</details>"
        }
        var body = ""
        for root in roots where drawn < Self.treeLimit {
            body += "<p>\(Self.escaped(root.batch.shard))</p>" + node(root)
        }
        let rest = drawn >= Self.treeLimit ? "<p>The rest is left out.</p>" : ""
        return
            "<section aria-labelledby=\"trees\"><h2 id=\"trees\">Batches that failed, and what became of them</h2>\(body)\(rest)</section>"
    }

    private var badRecords: String {
        guard !report.byReason.isEmpty else { return "" }
        let reasons = report.byReason.sorted { $0.value > $1.value }
            .map { "<tr><td>\(Self.escaped($0.key))</td><td class=\"n\">\($0.value)</td></tr>" }
        let rows = report.badRecords.map { _, record in
            "<tr><td>\(Self.escaped(record.sequenceNumber))\(record.subSequenceNumber.map { " (\($0))" } ?? "")</td>"
                + "<td>\(Self.escaped(record.reason))</td><td>\(Self.escaped(record.message))</td></tr>"
        }
        return
            "<section aria-labelledby=\"bad\"><h2 id=\"bad\">Bad records</h2><div class=\"scroll\"><table><thead><tr><th>reason</th>"
            + "<th class=\"n\">records</th></tr></thead><tbody>\(reasons.joined())</tbody></table></div><div class=\"scroll\"><table>"
            + "<thead><tr><th>sequence number</th><th>reason</th><th>message</th></tr></thead><tbody>\(rows.joined())</tbody></table></div></section>"
    }

    private var slowest: String {
        guard let polled, !polled.steps.isEmpty else { return "" }
        let rows = polled.steps.sorted { $0.latency > $1.latency }.prefix(10).map { step in
            "<tr><td>\(Self.escaped(step.batch.shard))</td><td class=\"n\">\(step.batch.number)</td>"
                + "<td class=\"n\">\(step.batch.records.count)</td><td class=\"n\">\(Self.milliseconds(step.latency / .milliseconds(1)))</td></tr>"
        }
        return
            "<section aria-labelledby=\"slow\"><h2 id=\"slow\">Slowest invocations</h2><div class=\"scroll\"><table><thead><tr><th>shard</th>"
            + "<th class=\"n\">batch</th><th class=\"n\">records</th><th class=\"n\">latency</th></tr></thead><tbody>\(rows.joined())</tbody></table></div></section>"
    }
}
