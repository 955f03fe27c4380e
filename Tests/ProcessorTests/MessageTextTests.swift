import XCTest

@testable import Processor

final class MessageTextTests: XCTestCase {
    func testShortensTextsToAHundredCharacters() {
        let cases: [(name: String, input: String, expected: String, line: UInt)] = [
            ("empty", "", "", #line), ("short", "abc", "abc", #line),
            ("a hundred", String(repeating: "a", count: 100), String(repeating: "a", count: 100), #line),
            ("one more", String(repeating: "a", count: 101), String(repeating: "a", count: 100) + "...", #line),
            ("a hundred guitars", String(repeating: "🎸", count: 100), String(repeating: "🎸", count: 100), #line),
            ("one more guitar", String(repeating: "🎸", count: 101), String(repeating: "🎸", count: 100) + "...", #line),
            ("a megabyte", String(repeating: "é", count: 500_000), String(repeating: "é", count: 100) + "...", #line),
        ]
        for (name, input, expected, line) in cases {
            let bytes = Array(input.utf8)
            XCTAssertEqual(MessageText.shown(0..<bytes.count, of: bytes.span), expected, name, line: line)
        }
    }

    func testEscapesControlAndDirectionCharacters() {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let category = scalar.properties.generalCategory
            let isUnsafe =
                category == .control || category == .lineSeparator || category == .paragraphSeparator
                || scalar.properties.isBidiControl
            let digits = String(value, radix: 16, uppercase: true)
            let expected = isUnsafe ? "\\u{\(digits)}" : String(scalar)
            let found = MessageText.escaped(String(scalar))
            if found != expected { XCTFail("U+\(digits): found \(found.debugDescription), expected \(expected)") }
        }
    }

    func testEscapesInsideAText() {
        XCTAssertEqual(MessageText.escaped("a\u{1B}[31m\r\nb\u{202E}c é🎸"), "a\\u{1B}[31m\\u{D}\\u{A}b\\u{202E}c é🎸")
    }

    func testInvalidUTF8IsShownAsReplacementCharacters() {
        let bytes: [UInt8] = [0x61, 0xFF, 0x62, 0xC3]
        XCTAssertEqual(MessageText.shown(0..<4, of: bytes.span), "a\u{FFFD}b\u{FFFD}")
        XCTAssertEqual(MessageText.shown(1..<3, of: bytes.span), "\u{FFFD}b")
    }
}
