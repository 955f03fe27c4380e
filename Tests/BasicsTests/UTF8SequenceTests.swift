import XCTest

@testable import Basics

final class UTF8SequenceTests: XCTestCase {
    private struct Case {
        var name: String
        var bytes: [UInt8]
        var length: Int?
        var line: UInt

        init(_ name: String, _ bytes: [UInt8], _ length: Int?, line: UInt = #line) {
            (self.name, self.bytes, self.length, self.line) = (name, bytes, length, line)
        }
    }

    func testAcceptsOnlyValidRangesOfEachLength() {
        let cases = [
            Case("U+0000", [0x00], 1), Case("U+007F", [0x7F], 1),
            Case("U+0080", [0xC2, 0x80], 2), Case("U+07FF", [0xDF, 0xBF], 2),
            Case("U+0800", [0xE0, 0xA0, 0x80], 3), Case("U+FFFF", [0xEF, 0xBF, 0xBF], 3),
            Case("U+D7FF", [0xED, 0x9F, 0xBF], 3), Case("U+E000", [0xEE, 0x80, 0x80], 3),
            Case("U+10000", [0xF0, 0x90, 0x80, 0x80], 4), Case("U+10FFFF", [0xF4, 0x8F, 0xBF, 0xBF], 4),
            Case("continuation alone", [0x80], nil), Case("last continuation alone", [0xBF], nil),
            Case("overlong of two", [0xC0, 0x80], nil), Case("overlong of two, last", [0xC1, 0xBF], nil),
            Case("overlong of three", [0xE0, 0x9F, 0xBF], nil),
            Case("overlong of four", [0xF0, 0x8F, 0xBF, 0xBF], nil),
            Case("first surrogate", [0xED, 0xA0, 0x80], nil), Case("last surrogate", [0xED, 0xBF, 0xBF], nil),
            Case("past U+10FFFF", [0xF4, 0x90, 0x80, 0x80], nil),
            Case("five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80], nil),
            Case("0xF5", [0xF5, 0x80, 0x80, 0x80], nil), Case("0xFF", [0xFF], nil),
            Case("two, cut", [0xC2], nil), Case("three, cut after one", [0xE1], nil),
            Case("three, cut after two", [0xE1, 0x80], nil), Case("four, cut after three", [0xF1, 0x80, 0x80], nil),
            Case("two, second is ASCII", [0xC2, 0x41], nil), Case("three, third is ASCII", [0xE1, 0x80, 0x41], nil),
            Case("four, fourth is a start", [0xF1, 0x80, 0x80, 0xC2], nil), Case("nothing", [], nil),
        ]
        for row in cases {
            XCTAssertEqual(UTF8Sequence.length(in: row.bytes.span, at: 0), row.length, row.name, line: row.line)
        }
    }

    func testOffsetOutsideTheBytesHasNoSequence() {
        let bytes: [UInt8] = [0x41]
        for offset in [Int.min, -1, 1, 2, Int.max] {
            XCTAssertNil(UTF8Sequence.length(in: bytes.span, at: offset), "offset \(offset)")
        }
    }

    func testAgreesWithTheStandardLibraryOnEveryPairOfBytes() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let bytes = [first, second]
                let expected = String(validating: bytes, as: UTF8.self) != nil
                let found = UTF8Sequence.firstInvalidOffset(in: bytes.span)
                XCTAssertEqual(found == nil, expected, "\(bytes): found \(String(describing: found))")
            }
        }
    }

    func testFindsFirstInvalidByteAtAnyIndex() {
        // Crosses the boundary between two words.
        for length in 0..<40 {
            let good = [UInt8](repeating: 0x61, count: length)
            XCTAssertNil(UTF8Sequence.firstInvalidOffset(in: good.span), "\(length) letters")
            for position in 0..<length {
                var bad = good
                bad[position] = 0xFF
                XCTAssertEqual(
                    UTF8Sequence.firstInvalidOffset(in: bad.span), position, "0xFF at \(position) of \(length)")
                bad.replaceSubrange(position..<position + 1, with: "🎸".utf8)
                XCTAssertNil(UTF8Sequence.firstInvalidOffset(in: bad.span), "a guitar at \(position) of \(length)")
                let cut = Array(bad[..<(position + 3)])
                XCTAssertEqual(
                    UTF8Sequence.firstInvalidOffset(in: cut.span), position, "a guitar cut at \(position + 3)")
            }
        }
    }
}
