import XCTest

@testable import Processor

final class WhiteSpaceTests: XCTestCase {
    func testTrimsOnlyUnicodeWhiteSpace() {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array(String(scalar).utf8)
            let isTrimmed = WhiteSpace.trimmed(0..<bytes.count, of: bytes.span).isEmpty
            if isTrimmed != scalar.properties.isWhitespace {
                XCTFail("U+\(String(value, radix: 16)): \(isTrimmed ? "trimmed" : "kept")")
            }
            if WhiteSpace.contains(value) != isTrimmed { XCTFail("U+\(String(value, radix: 16))") }
        }
    }

    func testTrimsBothEnds() {
        let cases: [(input: String, expected: String, line: UInt)] = [
            ("", "", #line), ("a", "a", #line), (" a ", "a", #line), ("a b", "a b", #line),
            ("\u{3000}\u{A0} a\u{2003}b \u{85}\u{2029}", "a\u{2003}b", #line), ("\t\r\n\u{B}\u{C}", "", #line),
            ("\u{200B}a\u{200B}", "\u{200B}a\u{200B}", #line), ("\u{FEFF} a", "\u{FEFF} a", #line),
            ("é", "é", #line), (" 🎸 ", "🎸", #line), ("\u{2003}", "", #line), ("a\u{301} ", "a\u{301}", #line),
            ("\u{E0A0}", "\u{E0A0}", #line), ("\u{1680}x\u{205F}\u{202F}", "x", #line),
        ]
        for (input, expected, line) in cases {
            let bytes = Array(input.utf8)
            let found = String(decoding: bytes[WhiteSpace.trimmed(0..<bytes.count, of: bytes.span)], as: UTF8.self)
            XCTAssertTrue(
                found.unicodeScalars.elementsEqual(expected.unicodeScalars), input.debugDescription, line: line)
        }
    }

    func testReadsOnlyTheRange() {
        // The range ends within a space of three bytes, and spaces surround it.
        let bytes = Array("  a\u{2003}  ".utf8)
        for start in 0...bytes.count {
            for end in start...bytes.count {
                let range = WhiteSpace.trimmed(start..<end, of: bytes.span)
                XCTAssertTrue(range.lowerBound >= start && range.upperBound <= end, "\(start)..<\(end) became \(range)")
            }
        }
    }
}
