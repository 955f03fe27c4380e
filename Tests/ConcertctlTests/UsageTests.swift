import TestSupport
import XCTest

@testable import concertctl

final class UsageTests: XCTestCase {
    /// A run with its exit status and parts of its output.
    private struct Case {
        var arguments: [String]
        var status: Int32
        var output: String?
        var notes: String?
        var line: UInt

        init(_ arguments: [String], _ status: Int32, output: String? = nil, notes: String? = nil, line: UInt = #line) {
            (self.arguments, self.status, self.output, self.notes, self.line) = (arguments, status, output, notes, line)
        }
    }

    func testReportsUsageAndExitStatus() throws {
        let cases = [
            Case(["--help"], 0, output: "Exit status"),
            Case(["help", "replay"], 0, output: "--bootstrap PATH"),
            Case(["replay", "--help"], 0, output: "Examples:"),
            Case(["generate", "-h"], 0, output: "Examples:"),
            Case(["--version"], 0, output: "concertctl 0."),
            Case([], 2, notes: "Usage:"),
            Case(["play"], 2, notes: "unknown command \"play\""),
            Case(["replay"], 2, notes: "PATH is missing"),
            Case(
                ["replay", "--bath-size", "3", "Fixtures"], 2,
                notes: "unknown option \"--bath-size\"; did you mean \"--batch-size\"?"),
            Case(["replay", "--batch-size", "0", "Fixtures"], 2, notes: "expected a whole number in 1...10000"),
            Case(["replay", "--batch-size"], 2, notes: "--batch-size needs a value"),
            Case(["replay", "--repeat=2", "--repeat=3", "x"], 2, notes: "--repeat is given twice"),
            Case(["replay", "--output", "yaml", "x"], 2, notes: "expected one of text, json"),
            Case(["replay", "--processors", "cash", "Fixtures"], 2, notes: "names \"cash\"; expected some of"),
            Case(
                ["replay", "--bootstrap", "x", "--sink-dir", "y", "z"], 2,
                notes: "--sink-dir and --bootstrap cannot be combined"),
            Case(["replay", "no/such.json"], 1, notes: "no/such.json does not exist"),
            Case(["replay", "--bootstrap", "no/such", "Fixtures"], 1, notes: "no/such is not an executable file"),
            Case(
                ["replay", "--sink-dir", "/dev/null/x", "Fixtures"], 1, notes: "/dev/null/x: cannot create the folder"),
            Case(["replay", "docs"], 1, notes: "no events or payloads in docs"),
            Case(["generate", "--records", "-1"], 2, notes: "expected a whole number"),
            Case(["generate", "more"], 2, notes: "unexpected argument \"more\""),
        ]
        for row in cases {
            let run = try Concertctl.run(row.arguments)
            XCTAssertEqual(run.status, row.status, "\(row.arguments): \(run.notes)", line: row.line)
            if let words = row.output {
                XCTAssertTrue(run.output.contains(words), "\(words) is not in: \(run.output)", line: row.line)
            }
            if let words = row.notes {
                XCTAssertTrue(run.notes.contains(words), "\(words) is not in: \(run.notes)", line: row.line)
                XCTAssertEqual(run.output, "", "standard output is for results", line: row.line)
            }
        }
    }
}
