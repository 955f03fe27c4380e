import Basics
import JSON
import TestSupport
import XCTest

final class JSONEscapeTests: XCTestCase {
    private struct Case {
        var input: String
        var expected: String
        var line: UInt

        init(_ input: String, _ expected: String, line: UInt = #line) {
            (self.input, self.expected, self.line) = (input, expected, line)
        }
    }

    func testDecodesEveryEscape() throws {
        let cases = [
            Case(#"plain"#, "plain"), Case(#""#, ""), Case(#"\"\\\/"#, #""\/"#),
            Case(#"\b\f\n\r\t"#, "\u{8}\u{C}\n\r\t"), Case(#"\u0041\u00e9\u00E9"#, "Aéé"),
            Case(#"\u0000"#, "\0"), Case(#"\u007f\u0080\u07ff\u0800\uffff"#, "\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}"),
            Case(#"\ud83c\udfb8"#, "🎸"), Case(#"\uD800\uDC00"#, "\u{10000}"), Case(#"\uDBFF\uDFFF"#, "\u{10FFFF}"),
            Case(#"\ud7ff\ue000"#, "\u{D7FF}\u{E000}"), Case(#"é\u00e9🎸\n"#, "éé🎸\n"), Case(#"\\u0041"#, #"\u0041"#),
        ]
        for row in cases { try check(row) }
    }

    func testUnpairedSurrogateBecomesReplacementCharacter() throws {
        let cases = [
            Case(#"\ud83c"#, "\u{FFFD}"), Case(#"\udfb8"#, "\u{FFFD}"), Case(#"\ud83cx"#, "\u{FFFD}x"),
            Case(#"\ud83c\n"#, "\u{FFFD}\n"), Case(#"\ud83c\u0041"#, "\u{FFFD}A"),
            Case(#"\ud83c\ud83c\udfb8"#, "\u{FFFD}🎸"), Case(#"\udfb8\ud83c"#, "\u{FFFD}\u{FFFD}"),
            Case(#"\ud83c\\dfb8"#, "\u{FFFD}\\dfb8"), Case(#"\ud800\ue000"#, "\u{FFFD}\u{E000}"),
            Case(#"\udbff\udbff"#, "\u{FFFD}\u{FFFD}"),
        ]
        for row in cases { try check(row) }
    }

    func testEveryCodeUnitDecodesToItsScalar() throws {
        for unit in UInt16.min...UInt16.max {
            let digits = String(unit, radix: 16)
            let escape = "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
            try check(Case(escape, String(Character(scalar))))
        }
    }

    func testResultIsNeverLongerThanContent() throws {
        var generator = SeededGenerator(seed: 2)
        let parts = [#"\ud83c"#, #"\udfb8"#, #"\u0041"#, #"\uffff"#, #"\n"#, #"\\"#, "a", "é", "🎸"]
        for _ in 0..<2000 {
            let input = (0..<6).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
            let bytes = Array("\"\(input)\"".utf8)
            var scanner = JSONScanner()
            let string = try scanner.string(in: bytes.span)
            var output: [UInt8] = []
            JSONEscape.append(string, of: bytes.span, to: &output)
            XCTAssertLessThanOrEqual(output.count, string.range.count, input)
            XCTAssertNil(UTF8Sequence.firstInvalidOffset(in: output.span), input)
        }
    }

    private func check(_ row: Case) throws {
        let bytes = Array("\"\(row.input)\"".utf8)
        var scanner = JSONScanner()
        let string = try scanner.string(in: bytes.span)
        let found = ScannedValue.text(string, of: bytes)
        let message = "\(row.input): found \(found.debugDescription), expected \(row.expected.debugDescription)"
        XCTAssertTrue(found.unicodeScalars.elementsEqual(row.expected.unicodeScalars), message, line: row.line)
        XCTAssertEqual(string.isEscaped, row.input.contains("\\"), row.input, line: row.line)
    }

    /// Four characters are read as one word, or one by one if fewer than eight bytes remain.
    func testOnlyFourHexadecimalDigitsAreACodeUnit() {
        for byte in UInt8.min...UInt8.max {
            for position in 0..<4 {
                for padding in [0, 4] {
                    var bytes = Array("0a9F".utf8)
                    bytes[position] = byte
                    let text = String(decoding: bytes, as: UTF8.self)
                    let isHexadecimal = byte < 0x80 && Character(UnicodeScalar(byte)).isHexDigit
                    let expected = isHexadecimal ? UInt32(text, radix: 16) : nil
                    let found = JSONEscape.codeUnit(
                        in: (bytes + [UInt8](repeating: 0x61, count: padding)).span, at: 0)
                    XCTAssertEqual(found, expected, "\(byte) at \(position)")
                }
            }
        }
        XCTAssertNil(JSONEscape.codeUnit(in: Array("0a9".utf8).span, at: 0))
    }
}
