import Foundation
import TestSupport
import XCTest

/// The replay's page, in a real browser.
final class ReportPageTests: XCTestCase {
    /// A page with all sections.
    private func page() throws -> String {
        let folder = try TemporaryFolder()
        let lines = (0..<500).map { number in
            [7, 311, 312].contains(number)
                ? "<img src=x onerror=alert(1)> \(String(repeating: "long", count: 60))"
                : #"{"sale_id":"s\#(number)","concert_id":"c","ticket_tier":"vip","quantity":1,"unit_price":10,"purchase_timestamp":"2026-01-01T00:00:00"}"#
        }
        let path = try folder.write(lines.joined(separator: "\n"), to: "\(String(repeating: "name", count: 40)).ndjson")
        let file = folder.url.path + "/report.html"
        let run = try Concertctl.run([
            "replay", path, "--batch-size", "400", "--bisect", "--retries", "2", "--shards", "2", "--tumbling-window",
            "60",
            "--report", file,
        ])
        XCTAssertEqual(run.status, 3, run.notes)
        return try String(contentsOfFile: file, encoding: .utf8)
    }

    private static let measurement = """
        {width: document.documentElement.clientWidth, scroll: document.documentElement.scrollWidth,
         sections: [...document.querySelectorAll("section")].map(s => [s.querySelector("h2").id, s.getBoundingClientRect().height]),
         outside: [...document.querySelectorAll("main *")].filter(e => !e.closest(".scroll *") && e.getBoundingClientRect().right > innerWidth + 1)
           .map(e => e.tagName + " " + e.textContent.slice(0, 40)),
         empty: [...document.querySelectorAll("svg")].filter(s => s.getBoundingClientRect().height < 5 || !s.querySelector("rect")).length,
         small: [...document.querySelectorAll("p,td,th,span,dt,dd,summary,h2,h3")].filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length,
         reachable: document.querySelectorAll("summary, [tabindex='0']").length,
         scrolling: document.querySelectorAll(".scroll").length, details: document.querySelectorAll("details").length,
         images: document.images.length, background: getComputedStyle(document.body).backgroundColor,
         loaded: performance.getEntriesByType("resource").length}
        """

    func testPageFitsScreensAndColorSchemes() throws {
        let browser = try HeadlessBrowser()
        let html = try page()
        var backgrounds: Set<String> = []
        for (width, isDark) in [(1280, false), (390, false), (390, true)] {
            let found = try browser.evaluate(Self.measurement, html: html, width: width, isDark: isDark)
            func integer(_ key: String) -> Int { found[key] as? Int ?? -1 }
            XCTAssertEqual(integer("scroll"), integer("width"), "the page of \(width) pixels scrolls sideways")
            XCTAssertEqual(found["outside"] as? [String], [], "at \(width) pixels")
            XCTAssertEqual(integer("empty"), 0)
            XCTAssertEqual(integer("small"), 0, "at \(width) pixels")
            // Everything that scrolls or opens does so by keyboard.
            XCTAssertEqual(integer("reachable"), integer("scrolling") + integer("details"))
            XCTAssertGreaterThan(integer("details"), 0)
            XCTAssertEqual(integer("images"), 0, "a record's content became markup")
            XCTAssertEqual(integer("loaded"), 0, "the page needs another file")
            let sections = (found["sections"] as? [[Any]] ?? []).filter { ($0.last as? Double ?? 0) > 40 }
            XCTAssertEqual(
                sections.compactMap { $0.first as? String },
                ["outcomes", "time", "latency", "stages", "batches", "windows", "bad", "slow", "settings"])
            backgrounds.insert(found["background"] as? String ?? "")
        }
        XCTAssertEqual(backgrounds, ["rgb(255, 255, 255)", "rgb(21, 23, 26)"])
    }

    func testPageCanBePrinted() throws {
        let paper = try HeadlessBrowser().printed(page())
        XCTAssertTrue(paper.starts(with: Data("%PDF".utf8)))
        XCTAssertGreaterThan(paper.count, 10_000)
    }
}
