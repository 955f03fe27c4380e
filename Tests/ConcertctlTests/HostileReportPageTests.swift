import Foundation
import JSON
import Poller
import TestSupport
import XCTest

@testable import concertctl

/// The replay's page, with a hostile text in every field that comes from a record, a file or a function.
final class HostileReportPageTests: XCTestCase {
    /// Attacks that break out of text, attributes, and elements with special parsing; all set `window.ran`.
    private static let attacks = [
        "<img src=x onerror=window.ran=1>", "<script>window.ran=1</script>",
        "\" onmouseover=window.ran=1 autofocus x=\"",
        "' onfocus=window.ran=1 autofocus tabindex=1 x='", "</style><script>window.ran=1</script>",
        "]]><script>window.ran=1</script>", "--><script>window.ran=1</script>",
        "&lt;script&gt;window.ran=1&lt;/script&gt;",
        "&#60;img src=x onerror=window.ran=1&#62;", "</title></svg><script>window.ran=1</script>",
        "</td></table><iframe srcdoc=\"<script>parent.ran=1</script>\"></iframe>", "<svg/onload=window.ran=1>",
        "\"><details open ontoggle=window.ran=1>", "`><body onload=window.ran=1>",
        "<style>@import 'x'</style><link rel=stylesheet href=x>",
        "<base href=//x><meta http-equiv=refresh content=0;url=x>",
    ]

    /// Scalars that join neighbors in one grapheme cluster, or that a parser may drop.
    private static let marks: [(before: String, behind: String)] = [
        ("", ""), ("\u{600}", ""), ("\u{6DD}", ""), ("\u{110BD}", ""), ("\u{D4E}", ""), ("", "\u{301}"),
        ("", "\u{200D}"),
        ("", "\u{FE0F}"), ("", "\u{20DD}"), ("\u{600}", "\u{301}\u{323}"), ("\u{202E}", "\u{202C}"), ("\0", "\0"),
        ("\r", "\n"), ("\u{FEFF}", "\u{FFFD}"), ("\u{2028}", "\u{1F3FD}"),
    ]

    private static let texts = attacks.flatMap { attack in
        marks.map { mark in
            attack.unicodeScalars.map { scalar in
                "<>\"'&`".unicodeScalars.contains(scalar) ? "\(mark.before)\(scalar)\(mark.behind)" : "\(scalar)"
            }.joined()
        }
    }

    /// A target that fails every batch with hostile texts.
    private struct HostileFunction: ReplayTarget {
        let text: String

        mutating func deliver(_ event: ReplayEvent) throws -> DeliveryResult {
            var delivery = DeliveryResult(byOutcome: [.failed: 1])
            delivery.badRecords = [
                DeliveryResult.BadRecordDetails(reason: text, message: text, sequenceNumber: text, subSequenceNumber: 1)
            ]
            delivery.stages = [(text, .milliseconds(1))]
            delivery.itemFailures = [text]
            delivery.state = Array(text.utf8)
            if event.bytes.count % 2 == 0 { delivery.invocationError = text }
            return delivery
        }

        func worker() -> any ReplayTarget { self }
        mutating func finish() {}
        var interruption: @Sendable () -> Void { {} }
        mutating func stop() {}
    }

    /// Returns a page with all of these texts in all of its fields.
    private func page(of texts: [String]) throws -> String {
        let events = texts.map { text in
            let record: JSONValue = [
                "kinesis": ["sequenceNumber": .string(text), "partitionKey": .string(text), "data": "eA=="],
                "eventID": .string(text), "eventSourceARN": .string(text),
            ]
            return ReplayEvent(name: text, bytes: (["Records": [record]] as JSONValue).bytes)
        }
        var settings = PollerSettings()
        settings.maximumRetryAttempts = 1
        settings.tumblingWindow = 1000
        var polled = try PolledReplay(events, settings: settings, shards: nil)
        var report = ReplayReport(isPolled: true)
        for text in texts {
            var function = HostileFunction(text: text)
            report.add(
                try function.deliver(ReplayEvent(name: text, bytes: [0, 0])), of: ReplayEvent(name: text, bytes: []))
        }
        let workers = ReplayWorkers([HostileFunction(text: texts[0])])
        defer { workers.stop() }
        try polled.run(workers, &report, rate: nil) { _ in }
        report.conclude(polled)
        return ReportPage(
            report: report, polled: polled, settings: texts.map { ($0, $0) }, isComplete: false
        ).html
    }

    /// Returns `html` without the page's own elements and attributes.
    private func text(of html: String) -> String {
        let tag =
            /<\/?(?:html|head|meta|title|body|main|h[1-3]|p|dl|div|dt|dd|section|table|thead|tbody|tr|th|td|figure|svg|rect|span|i|details|summary|abbr|br)(?: (?:lang|charset|name|content|http-equiv|class|role|aria-label|aria-labelledby|aria-hidden|id|scope|tabindex|viewBox|preserveAspectRatio|style|x|y|width|height|fill|title)="[^"<>]*"| open)*>/
            .matchingSemantics(.unicodeScalar)
        let style = /<style>[^<]*<\/style>/.matchingSemantics(.unicodeScalar)
        return html.replacing("<!doctype html>", with: "", maxReplacements: 1).replacing(
            style, with: "", maxReplacements: 1
        )
        .replacing(tag, with: " ")
    }

    private var chunks: [[String]] {
        stride(from: 0, to: Self.texts.count, by: 40).map { Array(Self.texts[$0..<min($0 + 40, Self.texts.count)]) }
    }

    func testHostileTextIsEscaped() throws {
        XCTAssertGreaterThanOrEqual(Self.texts.count, 200)
        for (number, texts) in chunks.enumerated() {
            let text = try text(of: page(of: texts))
            for scalar in "<>\"\0".unicodeScalars {
                let position = text.unicodeScalars.firstIndex(of: scalar)
                XCTAssertNil(
                    position.map { String(text[..<$0].suffix(40)) + String(text[$0...].prefix(40)) },
                    "\(scalar), chunk \(number)")
            }
            // All texts are shown unchanged, except for invisible characters.
            XCTAssertTrue(text.contains("window.ran=1"))
        }
    }

    func testNoScriptRunsInBrowser() throws {
        let browser = try HeadlessBrowser()
        let measurement = """
            {ran: window.ran ?? 0, scripts: document.scripts.length, images: document.images.length,
             styles: document.querySelectorAll("style, link").length, metas: document.querySelectorAll("meta, base").length,
             frames: window.length, loaded: performance.getEntriesByType("resource").length,
             handlers: [...document.querySelectorAll("*")].filter(e => [...e.attributes].some(a => a.name.startsWith("on"))).length,
             tags: [...new Set([...document.querySelectorAll("*")].map(e => e.localName))].sort()}
            """
        let harmless = try browser.evaluate(measurement, html: page(of: ["x"]), width: 1000)
        for (number, texts) in chunks.enumerated() {
            let html = try page(of: texts)
            let found = try browser.evaluate(measurement, html: html, width: 1000)
            for (name, value) in [
                ("ran", 0), ("scripts", 1), ("images", 0), ("styles", 1), ("metas", 2), ("frames", 0), ("loaded", 0),
                ("handlers", 0),
            ] {
                XCTAssertEqual(found[name] as? Int, value, "\(name), chunk \(number)")
            }
            let extra = Set(try XCTUnwrap(found["tags"] as? [String])).subtracting(
                try XCTUnwrap(harmless["tags"] as? [String]))
            XCTAssertTrue(extra.isSubset(of: ["abbr"]), "\(extra)")
        }
    }

    /// The second line of defense: injected markup cannot run either.
    func testContentSecurityPolicyForbidsScripts() throws {
        let attack = "<main><script>document.title = 'ran'</script><img src=x onerror=\"document.title = 'ran'\">"
        let html = try page(of: ["x"])
        XCTAssertTrue(html.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""))
        let browser = try HeadlessBrowser()
        XCTAssertTrue(
            try browser.elements(of: html.replacing("<main>", with: attack)).contains("<title>Replay report</title>"))
        let unprotected = html.replacing("http-equiv", with: "data-nothing").replacing("<main>", with: attack)
        XCTAssertTrue(try browser.elements(of: unprotected).contains("<title>ran</title>"))
    }
}
