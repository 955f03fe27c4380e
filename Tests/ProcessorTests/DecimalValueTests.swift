import Foundation
import TestSupport
import XCTest

@testable import Processor

final class DecimalValueTests: XCTestCase {
    private static func value(_ text: String) -> DecimalValue {
        let bytes = Array(text.utf8)
        return DecimalValue(0..<bytes.count, of: bytes.span)
    }

    /// A case: a number and its integer value; nil if it is not an integer or does not fit.
    private struct Case {
        var input: String
        var isWhole: Bool
        var integer: Int64?
        var line: UInt

        init(_ input: String, isWhole: Bool = true, _ integer: Int64?, line: UInt = #line) {
            (self.input, self.isWhole, self.integer, self.line) = (input, isWhole, integer, line)
        }
    }

    func testRecognizesIntegersInEveryNotation() {
        let zeros = String(repeating: "0", count: 40)
        let cases = [
            Case("0", 0), Case("-0", 0), Case("0.0", 0), Case("0e99", 0), Case("-0.000E-5", 0), Case("2", 2),
            Case("2.0", 2), Case("2e0", 2), Case("20e-1", 2), Case("0.2e1", 2), Case("-2.000", -2),
            Case("2.5", isWhole: false, nil),
            Case("25e-1", isWhole: false, nil), Case("1e-1", isWhole: false, nil),
            Case("1e18", 1_000_000_000_000_000_000),
            Case("1e19", nil), Case("1e20", nil), Case("1E+3", 1000), Case("0.001e3", 1), Case("0.001e6", 1000),
            Case("9223372036854775807", .max), Case("9223372036854775808", nil), Case("-9223372036854775808", .min),
            Case("-9223372036854775809", nil), Case("9223372036854775807.0", .max),
            Case("92233720368547758070e-1", .max),
            Case("9223372036854775807.5", isWhole: false, nil), Case("18446744073709551616", nil),
            Case("1\(zeros)", nil),
            Case("1\(zeros)e-40", 1), Case("1.\(zeros)", 1), Case("0.\(zeros)1e41", 1),
            Case("1.\(zeros)1", isWhole: false, nil),
            Case("1e999999999999999999999", nil), Case("1e-999999999999999999999", isWhole: false, nil),
            Case("0e999999999999999999999", 0), Case("12345678901234567890e-1", 1_234_567_890_123_456_789),
            Case("123456789012345678901e-2", isWhole: false, nil),
        ]
        for row in cases {
            let value = Self.value(row.input)
            XCTAssertEqual(value.isWhole, row.isWhole, row.input, line: row.line)
            XCTAssertEqual(value.integer, row.integer, row.input, line: row.line)
        }
    }

    func testComparesWithBoundsInDecimal() {
        let long = String(repeating: "0", count: 50)
        let cases: [(input: String, bound: UInt32, exceeds: Bool, line: UInt)] = [
            ("100", 100, false, #line), ("100.0", 100, false, #line), ("100.\(long)1", 100, true, #line),
            ("99.\(String(repeating: "9", count: 60))", 100, false, #line), ("1e2", 100, false, #line),
            ("1.000000000000000000000001e2", 100, true, #line), ("-100.5", 100, true, #line),
            ("-100", 100, false, #line),
            ("0", 0, false, #line), ("1e-400", 0, true, #line), ("1e-999999999999", 0, true, #line),
            ("1e-999999999999", 1, false, #line), ("1e999999999999", 90, true, #line),
            ("0e999999999999", 0, false, #line),
            ("0.\(long)9e51", 8, true, #line), ("0.\(long)9e51", 9, false, #line), ("90000000000e-9", 90, false, #line),
            ("90000000001e-9", 90, true, #line), ("4294967295", .max, false, #line), ("4294967296", .max, true, #line),
            ("12345678901234567890123", 180, true, #line), ("10000000000000000000e-17", 100, false, #line),
            ("10000000000000000001e-17", 100, true, #line),
        ]
        for (input, bound, exceeds, line) in cases {
            XCTAssertEqual(Self.magnitude(of: input, exceeds: bound), exceeds, "\(input) > \(bound)", line: line)
        }
    }

    private static func magnitude(of text: String, exceeds bound: UInt32) -> Bool {
        value(String(bound)) < value(text.replacing("-", with: "", maxReplacements: text.hasPrefix("-") ? 1 : 0))
    }

    func testOrdersLikeFoundation() throws {
        let texts = [
            "0", "-0", "0.0", "-1", "-1.0", "-1.01", "1", "1.00", "1.01", "0.99", "1e-5", "-1e-5", "1e20", "-1e20",
            "99e18",
            "5", "4.9999999999999999999", "5.0000000000000000001", "12345678901234567890", "1234567890123456789e1",
        ]
        var generator = SeededGenerator(seed: 22)
        let random = (0..<200).map { _ in RandomNumber.text(using: &generator) }
        for one in texts + random {
            for other in texts {
                let expected = try XCTUnwrap(Decimal(string: one)) < XCTUnwrap(Decimal(string: other))
                XCTAssertEqual(Self.value(one) < Self.value(other), expected, "\(one) < \(other)")
            }
        }
    }

    func testRoundsToThousandths() {
        let cases: [(input: String, expected: Int64?, line: UInt)] = [
            ("1794198257.237", 1_794_198_257_237, #line), ("1794198257", 1_794_198_257_000, #line),
            ("1.794198257237E9", 1_794_198_257_237, #line), ("0", 0, #line), ("-0", 0, #line), ("-0.001", nil, #line),
            ("0.0004", 0, #line), ("0.0005", 1, #line), ("0.0015", 2, #line), ("1e-30", 0, #line),
            ("9223372036854775.807", .max, #line), ("9223372036854775.808", nil, #line), ("1e16", nil, #line),
            ("1e15", 1_000_000_000_000_000_000, #line), ("1e999999999999", nil, #line), ("1e-999999999999", 0, #line),
            ("1794198257.2370000000000000001", 1_794_198_257_237, #line),
        ]
        for (input, expected, line) in cases {
            XCTAssertEqual(Self.value(input).thousandths, expected, input, line: line)
        }
    }

    func testAgreesWithFoundationOnRandomNumbers() throws {
        var generator = SeededGenerator(seed: 21)
        for _ in 0..<20_000 {
            let text = RandomNumber.text(using: &generator)
            let expected = try XCTUnwrap(Decimal(string: text), text)
            let value = Self.value(text)
            for bound: UInt32 in [0, 1, 90, 100, 180, 1000] {
                let exceeds = abs(expected) > Decimal(bound)
                XCTAssertEqual(Self.magnitude(of: text, exceeds: bound), exceeds, "\(text) > \(bound)")
            }
            XCTAssertEqual(value.isNegative && !value.isZero, expected < 0, text)
            XCTAssertEqual(value.isZero, expected == 0, text)
            var (input, rounded) = (expected, Decimal())
            unsafe NSDecimalRound(&rounded, &input, 0, .plain)
            XCTAssertEqual(value.isWhole, rounded == expected, text)
            let integer = rounded == expected ? Int64("\(rounded)") : nil
            XCTAssertEqual(value.integer, integer, text)
        }
    }

    func testTenThousandthsAreExactOrNil() throws {
        var generator = SeededGenerator(seed: 5)
        var found = 0
        for _ in 0..<20_000 {
            let whole = Int.random(in: 0...13, using: &generator)
            let decimals = Int.random(in: 0...6, using: &generator)
            func digits(_ count: Int) -> String {
                (0..<count).map { _ in "\(Int.random(in: 0...9, using: &generator))" }.joined()
            }
            let text = (whole == 0 ? "0" : digits(whole)) + (decimals == 0 ? "" : "." + digits(decimals))
            let exact = try XCTUnwrap(Decimal(string: text))
            guard let value = Self.value(text).tenThousandths else {
                XCTAssertTrue(exact >= 100_000_000_000 || decimals > 4, text)
                continue
            }
            found += 1
            XCTAssertEqual(Decimal(value) / 10_000, exact, text)
        }
        XCTAssertGreaterThan(found, 5000)
    }

    /// Numbers of up to 16 characters are read as words, at any position; longer ones digit by digit.
    func testReadingByWordsMatchesReadingByDigits() {
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<50_000 {
            let count = Int.random(in: 1...19, using: &generator)
            var digits = (0..<count).map { _ in "0123456789000".randomElement(using: &generator) ?? "0" }
            if Int.random(in: 0..<3, using: &generator) > 0 {
                digits.insert(".", at: Int.random(in: 0...digits.count, using: &generator))
            }
            let text = String(digits)
            let margin = String(repeating: "7", count: Int.random(in: 0...20, using: &generator))
            let bytes = Array((margin + text + margin).utf8)
            let found = DecimalValue(margin.utf8.count..<margin.utf8.count + text.utf8.count, of: bytes.span)
            // With an exponent, the number is not read as words.
            let expected = Self.value(text + "e0")
            XCTAssertEqual(found, expected, text)
            let decimals = text.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first?.count ?? 0
            XCTAssertEqual(found.isZero, !text.contains { "1"..."9" ~= $0 }, text)
            if !found.isZero { XCTAssertEqual(found.exponent, -decimals, text) }
        }
    }

    func testTenThousandthsByTheTable() {
        let cases: [(text: String, value: Int64?, line: UInt)] = [
            ("0", 0, #line), ("0.00001", nil, #line), ("76.15", 761_500, #line), ("12", 120_000, #line),
            ("0.0001", 1, #line), ("1e2", nil, #line), ("-1", nil, #line),
            ("99999999999.9999", 999_999_999_999_999, #line),
            ("100000000000", nil, #line), ("0.0000", 0, #line), ("1.00000", nil, #line), ("1e-2", 100, #line),
        ]
        for (text, value, line) in cases {
            XCTAssertEqual(Self.value(text).tenThousandths, value, text, line: line)
        }
    }
}

/// Random JSON numbers similar to those in payloads.
enum RandomNumber {
    /// - Parameter canBeNegative: Whether half of them are negative.
    static func text(canBeNegative: Bool = true, using generator: inout SeededGenerator) -> String {
        var text = canBeNegative && Bool.random(using: &generator) ? "-" : ""
        text += String(
            Int.random(in: 0...[9, 99, 999, 99_999][Int.random(in: 0..<4, using: &generator)], using: &generator))
        if Bool.random(using: &generator) {
            text += "."
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                text += String(
                    [0, 0, 1, 5, 9, Int.random(in: 0...9, using: &generator)].randomElement(using: &generator) ?? 0)
            }
        }
        if Int.random(in: 0..<4, using: &generator) == 0 { text += "e\(Int.random(in: -6...6, using: &generator))" }
        return text
    }
}
