import Foundation
import JSON
import TestSupport
import XCTest

@testable import Processor

final class Base64Tests: XCTestCase {
    private let base64 = Base64.standard

    func testEncodesAndDecodesEveryLengthLikeFoundation() {
        var generator = SeededGenerator(seed: 10)
        for count in 0...300 {
            let data = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let expected = Data(data).base64EncodedString()
            let text = Base64Text.encode(data.span)
            XCTAssertEqual(text, expected, "\(count) bytes")
            XCTAssertEqual(decoded(text), data, "\(count) bytes: \(text)")
        }
    }

    /// Foundation also accepts padding in the middle and excess padding, which RFC 4648 does not allow.
    func testAcceptsWhatFoundationAcceptsExceptMisplacedPadding() {
        var generator = SeededGenerator(seed: 11)
        for round in 0..<20_000 {
            let data = (0..<round % 200).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let text = Damage.damaged(Array(Base64Text.encode(data.span).utf8), using: &generator)
            let padding = text.firstIndex(of: UInt8(ascii: "=")) ?? text.count
            let isInPlace = text.count % 4 == 0 && padding >= text.count - 2 && Set(text[padding...]).count <= 1
            let expected = isInPlace ? Data(base64Encoded: Data(text)).map { [UInt8]($0) } : nil
            let shown = String(decoding: text, as: UTF8.self)
            XCTAssertEqual(decoded(text), expected, "\(shown.debugDescription) \(text)")
        }
    }

    /// Machines use different instructions, so tests on one of them do not cover the other implementation.
    func testBlockDecodesEquallyOnEveryMachine() {
        var generator = SeededGenerator(seed: 12)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for round in 0..<50_000 {
            var characters = SIMD32<UInt8>()
            for offset in 0..<32 { characters[offset] = alphabet.randomElement(using: &generator) ?? 0 }
            for _ in 0..<round % 3 {
                characters[Int.random(in: 0..<32, using: &generator)] = UInt8.random(
                    in: .min ... .max, using: &generator)
            }
            let (block, portable) = (Base64Block(characters), Base64Block(portably: characters))
            XCTAssertEqual(block.validCount, portable.validCount, "\(characters)")
            for offset in 0..<block.validCount / 4 * 3 {
                XCTAssertEqual(block.output[offset], portable.output[offset], "\(characters)")
            }
        }
    }

    func testReturnsTheEndOfTheText() {
        let cases: [(text: String, start: Int, end: Int?, data: String, line: UInt)] = [
            (#""QUJD""#, 1, 5, "ABC", #line), (#""QUI=""#, 1, 5, "AB", #line), (#""QQ==""#, 1, 5, "A", #line),
            (#""""#, 1, 1, "", #line), ("", 0, 0, "", #line), ("QUJDREVG", 0, 8, "ABCDEF", #line),
            ("QUJDREVGR0hJSktM", 0, 16, "ABCDEFGHIJKL", #line), ("QUJDREVGR0hJSktM\"", 4, 16, "DEFGHIJKL", #line),
            ("QUJD\\/", 0, 4, "ABC", #line), ("QUJD REVG", 0, 4, "ABC", #line), ("QUJDQ", 0, nil, "", #line),
            ("QUJDQQ", 0, nil, "", #line), ("QUJDQUI", 0, nil, "", #line), ("=", 0, nil, "", #line),
            ("QQ==QQ==", 0, 4, "A", #line), ("QQ=A", 0, nil, "", #line), ("Q===", 0, nil, "", #line),
            ("QQ=", 0, nil, "", #line), ("QQ-_", 0, nil, "", #line),
        ]
        for (text, start, end, data, line) in cases {
            var output = [UInt8](repeating: 1, count: 48)
            let found = base64.decode(Array(text.utf8).span, from: start, into: &output)
            XCTAssertEqual(found?.end, end, text, line: line)
            guard let count = found?.count else { continue }
            XCTAssertEqual(String(decoding: output[..<count], as: UTF8.self), data, text, line: line)
            XCTAssertTrue(output[count..<count + Base64.zeros].allSatisfy { $0 == 0 }, text, line: line)
        }
    }

    func testAcceptsOnlyTheAlphabetAtEveryPosition() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for offset in 0..<144 {
            for byte in UInt8.min...UInt8.max where byte != UInt8(ascii: "=") {
                var text = [UInt8](repeating: UInt8(ascii: "A"), count: 144)
                text[offset] = byte
                XCTAssertEqual(decoded(text) != nil, alphabet.contains(byte), "byte \(byte) at \(offset)")
            }
        }
    }

    func testOverwritesEarlierTextAndGrowsOnlyAsNeeded() {
        var output = [UInt8](repeating: 0xFF, count: 5000)
        for text in ["QUI=", String(repeating: "QUJD", count: 1000)] {
            let found = base64.decode(Array(text.utf8).span, from: 0, into: &output)
            XCTAssertEqual(found?.end, text.utf8.count)
            XCTAssertEqual(Array(output[..<(found?.count ?? 0)]), [UInt8](Data(base64Encoded: text) ?? Data()))
            XCTAssertEqual(output.count, 5000)
        }
    }

    private func decoded(_ text: String) -> [UInt8]? { decoded(Array(text.utf8)) }

    private func decoded(_ text: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        guard let (end, count) = base64.decode(text.span, from: 0, into: &output), end == text.count else { return nil }
        return Array(output[..<count])
    }
}
