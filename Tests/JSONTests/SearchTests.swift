import XCTest

@testable import JSON

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

    func testReplacesEveryOccurrence() {
        XCTAssertEqual("a secret, a secret".substituting("secret", with: "***"), "a ***, a ***")
        XCTAssertEqual("aaa".substituting("aa", with: "b"), "ba")
        XCTAssertEqual("aaa".substituting("", with: "b"), "aaa")
        XCTAssertEqual("".substituting("a", with: "b"), "")
        // A combining mark after the last letter does not prevent a match.
        XCTAssertEqual("key\u{301}".substituting("key", with: "***"), "***\u{301}")
    }
}
