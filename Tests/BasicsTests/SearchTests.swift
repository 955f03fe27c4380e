import XCTest

@testable import Basics

final class SearchTests: XCTestCase {
    func testFindsFirstOccurrence() {
        let texts = ["", "a", "ab", "aab", "aaab", "abab", "xxabxab", "é\u{301}ab", "ABC"]
        let parts = ["a", "ab", "aab", "b", "abc", "é", "\u{301}", "x"]
        for text in texts {
            for part in parts {
                let bytes = Array(text.utf8)
                let wanted = Array(part.utf8)
                let expected = (0...bytes.count).first { bytes[$0...].starts(with: wanted) }
                XCTAssertEqual(bytes.range(of: wanted)?.lowerBound, expected, "\(part) in \(text)")
                XCTAssertEqual(text.contains(bytes: part), expected != nil, "\(part) in \(text)")
                if let range = text.utf8.range(of: part.utf8) { XCTAssertTrue(text[range].utf8.elementsEqual(wanted)) }
            }
            XCTAssertNil(text.utf8.range(of: "".utf8))
        }
    }

    func testFindsBytesAcrossBlocksAndInSlices() {
        let part = Array("\"SequenceNumber\"".utf8)
        for offset in [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 200] {
            // Quotes before it are candidates.
            let bytes = Array(repeating: UInt8(ascii: "\""), count: offset) + part + Array("\"Seq".utf8)
            XCTAssertEqual(bytes.range(of: part), offset..<offset + part.count)
            XCTAssertEqual(bytes[offset...].range(of: part), offset..<offset + part.count)
            XCTAssertNil(bytes[(offset + 1)...].range(of: part))
            XCTAssertNil(bytes[..<(offset + part.count - 1)].range(of: part))
        }
        XCTAssertNil([UInt8]().range(of: part))
        XCTAssertNil(part.range(of: [UInt8]()))
    }

    func testFilledLines() {
        for (text, lines) in [
            ("", []), ("\n\r\n", []), ("a\nb", ["a", "b"]), ("a\r\n \t\nb \n", ["a", "b "]), (" \t", []),
        ] as [(String, [String])] {
            XCTAssertEqual(Array(text.utf8).filledLines.map { String(decoding: $0, as: UTF8.self) }, lines, "\(text)")
        }
    }

    func testLineNumbers() {
        let text = Array("a\nb\r\n\n\nlast".utf8)
        XCTAssertEqual(text.lineNumbers(at: [0, 1, 2, 2, 4, 5, 6, 7, 10]), [1, 1, 2, 2, 2, 3, 4, 5, 5])
        XCTAssertEqual([UInt8]().lineNumbers(at: [0]), [1])
        let long = Array(repeating: UInt8(ascii: "\n"), count: 1000)
        XCTAssertEqual(long.lineNumbers(at: Array(0...1000)), Array(1...1001))
    }

    func testReplacesEveryOccurrence() {
        XCTAssertEqual("a secret, a secret".substituting("secret", with: "***"), "a ***, a ***")
        XCTAssertEqual("aaa".substituting("aa", with: "b"), "ba")
        XCTAssertEqual("aaa".substituting("", with: "b"), "aaa")
        XCTAssertEqual("".substituting("a", with: "b"), "")
        // A combining mark after the last letter does not prevent a match.
        XCTAssertEqual("key\u{301}".substituting("key", with: "***"), "***\u{301}")
    }
}
