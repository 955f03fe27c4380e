import Foundation
import XCTest

@testable import Clients

/// Tests of sections, values and problems of one shared file; `SharedFilesConformanceTests` compares with the AWS CLI.
final class ConfigurationFileTests: XCTestCase {
    private func file(_ text: String) -> ConfigurationFile { ConfigurationFile(Array(text.utf8)) }

    func testKeepsSectionsInOrder() {
        let sections = file("[b]\nx=1\n[a]\nx = 2\n  3\n[DEFAULT]\ny=4\n").sections
        XCTAssertEqual(sections.map(\.heading), ["b", "a"])
        XCTAssertEqual(sections.map(\.values), [["x": "1", "y": "4"], ["x": "2\n3", "y": "4"]])
        XCTAssertEqual(sections.compactMap(\.problem), [])
        XCTAssertEqual(file(""), ConfigurationFile())
    }

    func testProblemIsTheFirstInvalidLineOfASection() {
        let cases: [(text: String, line: Int, expected: String)] = [
            ("[a]\nsecret-text", 2, "name = value"),
            ("[a]\r\n\r\nsecret-text\r\nsecret-text", 3, "name = value"),
            ("[a]\r\rsecret-text", 3, "name = value"),
            ("[a]\n = secret-text", 2, "name = value"),
            ("[a]\nx=1\n[b]\ny=2\n[a]\n", 5, "each section once; [a] is repeated"),
            ("[a]\nx=1\nX=2\n", 3, "each name once in a section"),
            ("[a]\nx=\n  secret-text\n", 2, "indented lines name = value below it, or a value beside it"),
            ("[DEFAULT]\nsecret-text\n[a]\nx=1", 2, "name = value"),
        ]
        for row in cases {
            let problem = file(row.text).sections.first { $0.heading == "a" }?.problem
            XCTAssertEqual(problem, ConfigurationFile.Problem(line: row.line, expected: row.expected), row.text)
        }
    }

    func testStrayIsTheFirstLineOutsideOfSections() {
        let cases: [(text: String, line: Int, expected: String)] = [
            ("region=a\n[default]", 1, "a heading such as [default] before it"),
            ("\n# c\nsecret-text\n[default]", 3, "a heading such as [default] before it"),
            ("[default\nregion=a", 1, "a heading such as [profile dev]"),
            ("[]\nregion=a", 1, "a heading such as [profile dev]"),
            ("\n\n[a]\n[b", 4, "a heading such as [profile dev]"),
        ]
        for row in cases {
            let problem = file(row.text).stray
            XCTAssertEqual(problem, ConfigurationFile.Problem(line: row.line, expected: row.expected), row.text)
        }
        // The lines after an invalid heading do not belong to the previous section.
        let sections = file("[a]\nx=1\n[b\nx=2\n").sections
        XCTAssertEqual(sections.map(\.values), [["x": "1"]])
        XCTAssertEqual(sections.compactMap(\.problem), [])
    }

    func testLongFilesAreParsedInLinearTime() {
        let line = "  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        func seconds(_ lines: Int) -> Double {
            let bytes = Array(("[a]\nx = 1\n" + String(repeating: line, count: lines)).utf8)
            let start = clock()
            let section = ConfigurationFile(bytes).sections.first
            let end = clock()
            XCTAssertEqual(section?.values["x"]?.utf8.count, 1 + lines * (line.utf8.count - 2))
            return Double(end - start)
        }
        // A quadratic parser would take 64 times as long for 8 times as many lines.
        let short = (0..<3).map { _ in seconds(1000) }.min() ?? 0
        XCTAssertLessThan(seconds(8000), max(short, 1000) * 30)
    }

    func testSplitsCommandsAsAShell() {
        let cases: [(line: String, words: [String]?)] = [
            ("a b", ["a", "b"]), (#"a "b c" d"#, ["a", "b c", "d"]), ("a 'b c'", ["a", "b c"]),
            (#"a "b\"c""#, ["a", "b\"c"]), (#"a "\$H \` \n \\""#, ["a", #"\$H \` \n \"#]), (#"a \ b"#, ["a", " b"]),
            (#"a 'b\'"#, ["a", #"b\"#]), (#"a b\\"#, ["a", #"b\"#]), (#"a b\"#, nil), (#"a "b"#, nil), ("a 'b", nil),
            ("a ''", ["a", ""]), (#"a""b"#, ["ab"]), (#""""#, [""]), ("", []), ("  ", []),
            ("a\tb\r\nc", ["a", "b", "c"]),
            ("a#b # c", ["a#b", "#", "c"]), ("a;b|c>d $e", ["a;b|c>d", "$e"]), (#"a 'b'\''c'"#, ["a", "b'c"]),
            ("a\u{A0}b é", ["a\u{A0}b", "é"]), (#""x\'y""#, [#"x\'y"#]),
        ]
        for row in cases { XCTAssertEqual(ShellWords.split(row.line), row.words, row.line) }
    }
}
