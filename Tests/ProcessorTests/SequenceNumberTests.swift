import XCTest

@testable import Processor

final class SequenceNumberTests: XCTestCase {
    private struct Case {
        var name: String
        var input: String
        var isValid: Bool
        var line: UInt

        init(_ name: String, _ input: String, _ isValid: Bool, line: UInt = #line) {
            (self.name, self.input, self.isValid, self.line) = (name, input, isValid, line)
        }
    }

    func testAcceptsOnlyDecimalNumbersOfUpTo128Digits() {
        let cases = [
            Case("typical", "49590338271490256608559692538361571095921575989136588898", true),
            Case("zero", "0", true), Case("longest", String(repeating: "9", count: 128), true),
            Case("empty", "", false), Case("too long", String(repeating: "9", count: 129), false),
            Case("not ASCII", "٣", false), Case("full width", "１", false), Case("a sign", "-1", false),
            Case("a space", " 1", false), Case("a letter", "1a", false), Case("a NUL", "1\0", false),
            Case("a combining mark", "1\u{301}", false), Case("hexadecimal", "0x1", false),
        ]
        for row in cases {
            XCTAssertEqual(SequenceNumber(row.input) != nil, row.isValid, row.name, line: row.line)
            if row.isValid { XCTAssertEqual(SequenceNumber(row.input)?.description, row.input, line: row.line) }
        }
    }

    func testOrdersByLengthThenByDigits() throws {
        let ascending = [
            "0", "1", "9", "10", "99", "100", "49590338271490256608559692538361571095921575989136588898",
            "49590338271490256608559692538361571095921575989136588899", String(repeating: "1", count: 127),
            String(repeating: "0", count: 128), String(repeating: "9", count: 128),
        ]
        for (rank, left) in ascending.enumerated() {
            for (otherRank, right) in ascending.enumerated() {
                let (first, second) = try (XCTUnwrap(SequenceNumber(left)), XCTUnwrap(SequenceNumber(right)))
                XCTAssertEqual(first < second, rank < otherRank, "\(left) < \(right)")
                XCTAssertEqual(first == second, rank == otherRank, "\(left) == \(right)")
            }
        }
    }
}
