import Foundation
import Processor
import TestSupport
import XCTest

final class DocumentationTests: XCTestCase {
    func testTheCommandReferenceIsUpToDate() throws {
        let manual = try String(contentsOf: Repository.root.appending(path: "docs/concertctl.md"), encoding: .utf8)
        let printed = try Concertctl.run(["documentation"]).output
        XCTAssertTrue(manual == printed, "docs/concertctl.md is out of date; run make docs")
    }

    func testTheRecordReferenceIsUpToDate() throws {
        let page = try String(contentsOf: Repository.root.appending(path: "docs/records.md"), encoding: .utf8)
        let printed = try Concertctl.run(["records-documentation"]).output
        XCTAssertTrue(page == printed, "docs/records.md is out of date; run make docs")
    }

    func testTheExampleRecordsHaveTheirShapes() throws {
        let page = try String(contentsOf: Repository.root.appending(path: "docs/records.md"), encoding: .utf8)
        let block = try XCTUnwrap(page.components(separatedBy: "```json\n").last?.components(separatedBy: "```").first)
        var reader = RecordReader()
        let kinds = block.split(separator: "\n").map { line -> String in
            var content: RecordReader.Content?
            reader.forEachRecord(in: Array(line.utf8)) { content = $0.content }
            switch content {
            case .entity(let kind, _): return reader.catalog[kind].name
            case .test: return "test"
            case .bad(let error): return error.message
            case nil: return "none"
            }
        }
        XCTAssertEqual(kinds, ["artist", "concert", "venue", "ticket_sale", "test"])
    }

    func testEveryCommandHasHelpWithExamples() throws {
        let manual = try Concertctl.run(["documentation"]).output
        let commands = manual.split(separator: "\n").filter { $0.hasPrefix("## ") }.map { $0.dropFirst(3) }
            .filter { $0 != "Common behavior" }
        XCTAssertGreaterThan(commands.count, 3)
        for command in commands {
            let words = command.split(separator: " ").map(String.init)
            let help = try Concertctl.run(words + ["--help"])
            XCTAssertEqual(help.status, 0, "\(command)")
            XCTAssertTrue(help.output.contains("Examples:\n  "), "\(command): \(help.output)")
            XCTAssertEqual(try Concertctl.run(["help"] + words).output, help.output)
            let wrong = try Concertctl.run(words + ["--no-such-option"])
            XCTAssertEqual(wrong.status, 2, "\(command): \(wrong.notes)")
            XCTAssertTrue(wrong.notes.contains("unknown option \"--no-such-option\""), wrong.notes)
            // Every line fits a terminal, except examples.
            let text = help.output.prefix(
                upTo: help.output.firstRange(of: "Examples:")?.lowerBound ?? help.output.endIndex)
            for line in text.split(separator: "\n") where !line.hasPrefix("Usage") {
                XCTAssertLessThanOrEqual(line.count, 112, "\(command): \(line)")
            }
        }
    }

    func testTheTablesOfSettingsAreUpToDate() throws {
        let path = "docs/configuration.md"
        let page = try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
        let printed = try Concertctl.run(["settings-documentation", path])
        XCTAssertTrue(page == printed.output, "\(path) is out of date; run make docs: \(printed.notes)")
        let folder = try TemporaryFolder()
        for (name, text, status) in [
            ("missing", page.replacing("<!-- settings: cache -->", with: ""), 1),
            ("unknown", page + "<!-- settings: other -->\n<!-- end of settings -->\n", 1),
            ("old", page.replacing("\n| `CACHE_KEY_PREFIX` |", with: "\n| `OLD` |"), 0),
        ] {
            let run = try Concertctl.run(["settings-documentation", folder.write(text, to: name)])
            XCTAssertEqual(run.status, Int32(status), "\(name): \(run.notes)")
            XCTAssertEqual(run.output == page, status == 0, name)
        }
    }

    /// Only settings and messages of the function contain names of variables.
    func testOnlySettingsNameVariables() throws {
        let names = Set(Settings.groups.flatMap { $0.settings.map(\.name) })
        XCTAssertGreaterThan(names.count, 40)
        for folder in ["Processor", "Bootstrap", "Runtime"] {
            let root = Repository.root.appending(path: "Sources/\(folder)")
            let files = try XCTUnwrap(FileManager.default.enumerator(atPath: root.path))
            for case let file as String in files where file.hasSuffix(".swift") {
                let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
                let found = text.matches(of: /"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|METRICS|PROCESSORS)"/)
                for name in found.map({ String($0.1) }) where name != "REDSHIFT_DATA" {
                    XCTAssertTrue(names.contains(name), "\(file): \(name) is not a setting")
                }
                XCTAssertFalse(text.contains("environment[\""), "\(file) reads a variable by its name")
            }
        }
    }
}
