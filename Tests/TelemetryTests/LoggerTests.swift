import Foundation
import Telemetry
import XCTest

final class LoggerTests: XCTestCase {
    /// Texts that would break a line, a string or a terminal if they were not escaped.
    private static let awkward = [
        "", " ", "plain", "two words", "a\nb", "a\r\nb", "\t", "quote \" and \\", "{\"json\":true}", "a=b", "\0",
        "\u{1B}[31m",
        "\u{7F}", "é", "🎸👩‍👩‍👧", "\u{2028}\u{2029}\u{85}", "</script>", String(repeating: "long ", count: 1000),
    ]

    func testJSONLineIsOneObjectForAnyText() throws {
        for text in Self.awkward {
            let line = try line(.json, text, requestID: text, ["text": .string(text), "number": .integer(-1)])
            XCTAssertTrue(line.isOneLine, line.debugDescription)
            let object = try XCTUnwrap(line.object, line)
            XCTAssertEqual(object["message"] as? String, text)
            XCTAssertEqual(object["requestId"] as? String, text)
            XCTAssertEqual(object["text"] as? String, text)
            XCTAssertEqual(object["number"] as? Int, -1)
        }
    }

    func testTextLineIsOneLineForAnyText() throws {
        for text in Self.awkward {
            let line = try line(.text, text, requestID: "id", ["text": .string(text)])
            XCTAssertTrue(line.isOneLine, line.debugDescription)
            XCTAssertTrue(line.hasPrefix("INFO id "), line.debugDescription)
        }
    }

    func testJSONLineHasItsKeysInOrder() throws {
        let line = try line(
            .json, "phrase", requestID: "r-1",
            ["b": .string("x"), "a": .integer(7), "entity": .json(Array(#"{"k":[1]}"#.utf8))])
        let rest = try XCTUnwrap(line.split(separator: ",", maxSplits: 1).last)
        XCTAssertEqual(
            String(rest),
            #""level":"INFO","message":"phrase","requestId":"r-1","b":"x","a":7,"entity":{"k":[1]}}"# + "\n")
        XCTAssertNotNil(
            line.prefixMatch(of: #/\{"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",/#), line)
    }

    func testLineWithoutRequestOmitsItsID() throws {
        XCTAssertTrue(try line(.json, "started", requestID: nil).hasSuffix(#""message":"started"}"# + "\n"))
        XCTAssertEqual(try line(.text, "started", requestID: nil), "INFO started\n")
    }

    func testFieldWithoutValueIsOmitted() throws {
        let fields: KeyValuePairs<String, Logger.Value?> = ["a": nil, "b": .integer(1), "c": nil]
        XCTAssertEqual(try line(.text, "m", requestID: "id", fields), "INFO id m b=1\n")
        XCTAssertTrue(try line(.json, "m", requestID: "id", fields).hasSuffix(#""requestId":"id","b":1}"# + "\n"))
    }

    func testTextLineQuotesValuesOfSeveralWords() throws {
        let cases: [(value: Logger.Value, expected: String, line: UInt)] = [
            (.string("word"), "word", #line), (.string("é🎸"), "é🎸", #line), (.string(""), #""""#, #line),
            (.string("two words"), #""two words""#, #line), (.string("a=b"), #""a=b""#, #line),
            (.string(#"say "hi""#), #""say \"hi\"""#, #line), (.string("a\nb"), #""a\nb""#, #line),
            (.string("\u{1B}[0m"), #""\u001b[0m""#, #line), (.string("\u{9B}0m"), #""\u009b0m""#, #line),
            (.integer(-5), "-5", #line),
            (.json(Array(#"{"a":"b c"}"#.utf8)), #"{"a":"b c"}"#, #line),
        ]
        for (value, expected, row) in cases {
            let found = try line(.text, "m", requestID: "id", ["key": value])
            XCTAssertEqual(found, "INFO id m key=\(expected)\n", line: row)
        }
    }

    func testWritesOnlyEnabledLevels() {
        for threshold in Logger.Level.allCases {
            let lines = CollectedLines()
            let log = Logger(level: threshold, format: .text, sink: lines)
            for level in Logger.Level.allCases { log.log(level, "m") }
            let expected = Logger.Level.allCases.filter { $0.rawValue >= threshold.rawValue }
            XCTAssertEqual(lines.all, expected.map { "\($0.name) m\n" }, "threshold \(threshold.name)")
            for level in Logger.Level.allCases {
                XCTAssertEqual(log.isEnabled(level), expected.contains(level), "\(level.name) at \(threshold.name)")
            }
        }
    }

    func testLevelsHaveLambdasNames() {
        let names = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
        XCTAssertEqual(Logger.Level.allCases.map(\.name), names)
        XCTAssertEqual(Logger.Level.allCases.sorted(), Logger.Level.allCases)
    }

    /// Returns the only line that a logger writes for one call.
    private func line(
        _ format: Logger.Format, _ message: String, requestID: String?,
        _ fields: KeyValuePairs<String, Logger.Value?> = [:]
    ) throws -> String {
        let lines = CollectedLines()
        Logger(level: .trace, format: format, sink: lines).log(.info, message, requestID: requestID, fields)
        XCTAssertEqual(lines.all.count, 1, message)
        return try XCTUnwrap(lines.all.first)
    }
}
