import Foundation
import Processor
import TestSupport
import XCTest

final class DocumentationTests: XCTestCase {
    func testTheManualSaysWhatHelpSays() throws {
        let manual = try String(contentsOf: Repository.root.appending(path: "docs/concertctl.md"), encoding: .utf8)
        let printed = try Concertctl.run(["documentation"]).output
        XCTAssertTrue(manual == printed, "docs/concertctl.md is out of date; run make docs")
    }

    func testTheReferenceOfRecordsIsTheDescriptions() throws {
        let page = try String(contentsOf: Repository.root.appending(path: "docs/records.md"), encoding: .utf8)
        let printed = try Concertctl.run(["records-documentation"]).output
        XCTAssertTrue(page == printed, "docs/records.md is out of date; run make docs")
    }

    func testTheExamplesOfRecordsAreOfTheirShapes() throws {
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
            XCTAssertTrue(wrong.notes.contains("unknown option \"--no-such-option\""), wrong.notes)
            // Each line fits a terminal, but examples, which are to be copied.
            let text = help.output.prefix(
                upTo: help.output.firstRange(of: "Examples:")?.lowerBound ?? help.output.endIndex)
            for line in text.split(separator: "\n") where !line.hasPrefix("Usage") {
                XCTAssertLessThanOrEqual(line.count, 112, "\(command): \(line)")
            }
        }
    }

    /// `docs/configuration.md` has every variable that the function reads, and no other.
    func testEveryVariableOfTheFunctionIsDocumented() throws {
        var read: Set<String> = []
        for folder in ["Processor", "Bootstrap", "Runtime"] {
            let root = Repository.root.appending(path: "Sources/\(folder)")
            let files = try XCTUnwrap(FileManager.default.enumerator(atPath: root.path))
            for case let name as String in files where name.hasSuffix(".swift") {
                let text = try String(contentsOf: root.appending(path: name), encoding: .utf8)
                let names = text.matches(of: /"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|METRICS|PROCESSORS)"/).map {
                    String($0.1)
                }
                read.formUnion(names)
            }
        }
        // Part of an endpoint's variable.
        read.remove("REDSHIFT_DATA")
        let page = try String(
            contentsOf: Repository.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let cells = rows.compactMap { $0.split(separator: "|").first }
        let documented = Set(cells.flatMap { $0.matches(of: /`([A-Z0-9_]+)`/).map { String($0.1) } })
        XCTAssertGreaterThan(read.count, 25)
        XCTAssertEqual(read.subtracting(documented).sorted(), [], "not documented")
        // Those of every AWS tool are read elsewhere.
        XCTAssertEqual(
            documented.subtracting(read).filter { !$0.hasPrefix("AWS_") }.sorted(), [],
            "documented, and read by nothing")
    }
}
