import Foundation
import TestSupport
import XCTest

final class DocumentationTests: XCTestCase {
    func testTheManualSaysWhatHelpSays() throws {
        let manual = try String(contentsOf: Repository.root.appending(path: "docs/concertctl.md"), encoding: .utf8)
        let printed = try Concertctl.run(["documentation"]).output
        XCTAssertTrue(manual == printed, "docs/concertctl.md is out of date; run make docs")
    }

    func testEveryCommandHasHelpWithExamples() throws {
        let manual = try Concertctl.run(["documentation"]).output
        let commands = manual.split(separator: "\n").filter { $0.hasPrefix("## ") }.map { $0.dropFirst(3) }
            .filter { $0 != "What all commands share" }
        XCTAssertGreaterThan(commands.count, 3)
        for command in commands {
            let words = command.split(separator: " ").map(String.init)
            let help = try Concertctl.run(words + ["--help"])
            XCTAssertEqual(help.status, 0, "\(command)")
            XCTAssertTrue(help.output.contains("Examples:\n  "), "\(command): \(help.output)")
            XCTAssertEqual(try Concertctl.run(["help"] + words).output, help.output)
            let wrong = try Concertctl.run(words + ["--no-such-option"])
            XCTAssertEqual(wrong.status, 2, "\(command): \(wrong.notes)")
            XCTAssertTrue(wrong.notes.contains("\"--no-such-option\" is no option"), wrong.notes)
            // Each line fits a terminal, but examples, which are to be copied.
            let text = help.output.prefix(
                upTo: help.output.firstRange(of: "Examples:")?.lowerBound ?? help.output.endIndex)
            for line in text.split(separator: "\n") where !line.hasPrefix("Usage") {
                XCTAssertLessThanOrEqual(line.count, 112, "\(command): \(line)")
            }
        }
    }
}
