import Foundation
import TestSupport
import XCTest

@testable import Processor

final class DecimalDigitsTests: XCTestCase {
    private static func digits(_ text: String) -> DecimalDigits {
        let bytes = Array(text.utf8)
        return DecimalDigits(0..<bytes.count, of: bytes.span)
    }

    /// A case: a total, the factors, and whether the difference exceeds 0.01.
    private struct Case {
        var total: String
        var quantity: Int
        var unitPrice: String
        var differs: Bool
        var line: UInt

        init(_ total: String, _ quantity: Int, _ unitPrice: String, _ differs: Bool, line: UInt = #line) {
            (self.total, self.quantity, self.unitPrice, self.differs, self.line) = (
                total, quantity, unitPrice, differs, line
            )
        }
    }

    func testDifferenceOfExactlyOneHundredthIsAllowed() {
        let nines = String(repeating: "9", count: 60)
        let zeros = String(repeating: "0", count: 60)
        check([
            Case("10", 2, "5", false), Case("10.01", 2, "5", false), Case("9.99", 2, "5", false),
            Case("10.010000000000000000001", 2, "5", true), Case("9.989999999999999999999", 2, "5", true),
            Case("10.00\(nines)", 2, "5", false), Case("10.01\(zeros)1", 2, "5", true),
            Case("10.01\(zeros)", 2, "5", false),
            Case("0.31", 1, "0.3", false), Case("0.3", 3, "0.1", false), Case("0.29", 3, "0.1", false),
            Case("0.28\(nines)", 3, "0.1", true), Case("1e1", 2, "0.5e1", false), Case("1001e-2", 2, "5.000", false),
            Case("0.01", 1, "1e-50", false), Case("0.02", 1, "1e-50", true), Case("0.0100000001", 1, "1e-50", true),
            Case("0.01\(zeros)1", 1, "1e-99", true), Case("0", 1, "0.01", false), Case("0", 1, "0.010001", true),
            Case("0.0", 20, "0.0005", false), Case("0e5", 20, "0.00051", true),
            Case("100000000000000000000.01", 1, "1e20", false),
            Case("100000000000000000000.02", 1, "1e20", true), Case("\(nines).99", 1, "1e60", false),
            Case("\(nines).98", 1, "1e60", true), Case("2\(zeros)", 20, "1\(zeros.dropFirst())", false),
        ])
    }

    func testAcceptsExponentsAndTextsOfAnyLength() {
        let long = String(repeating: "123456789", count: 2000)
        check([
            Case("1e999999999999", 1, "1e999999999999", false), Case("1e999999999", 1, "1", true),
            Case("1", 1, "1e999999999", true), Case("1e-999999999", 1, "1e-999999998", false),
            Case("1e-999999999", 1, "1", true), Case("1", 1, "1e-999999999", true), Case("0", 1, "1e-999999999", false),
            Case("0", 1, "1e999999999", true), Case("0.01", 1, "1e-999999999", false),
            Case("0.010001", 1, "1e-999999999", true),
            Case(long, 1, long, false), Case("\(long).01", 1, long, false), Case("\(long).011", 1, long, true),
            Case("0.\(long)", 1, "0.\(long)", false), Case("0.\(long)", 2, "0.\(long)", true),
            Case("1.\(long)", 1, "1e999999999", true), Case("1e999999999", 20, "0.05e999999999", false),
        ])
    }

    /// A negative total differs by the sum of both amounts.
    func testNegativeTotalDiffersByTheSumOfBoth() {
        check([
            Case("-0.001", 1, "0.009", false), Case("-0.001", 1, "0.0091", true), Case("-0.01", 1, "1e-50", true),
            Case("-10", 2, "5", true), Case("-0", 1, "0.01", false), Case("-0.0", 1, "0.02", true),
            Case("-1e-50", 1, "1e-50", false), Case("-1e-999999999", 1, "0.01", true),
            Case("-1e-999999999", 1, "0.009", false),
            Case("-1e999999999", 1, "5", true), Case("-0.005", 1, "0.005", false), Case("-0.0095", 1, "0.0005", false),
        ])
    }

    func testAgreesWithFoundationOnRandomNumbers() throws {
        var generator = SeededGenerator(seed: 22)
        let hundredth = try XCTUnwrap(Decimal(string: "0.01"))
        var near = 0
        for round in 0..<20_000 {
            let unitPrice = RandomNumber.text(canBeNegative: false, using: &generator)
            let quantity = Int.random(in: 1...20, using: &generator)
            let product = Decimal(quantity) * (try XCTUnwrap(Decimal(string: unitPrice), unitPrice))
            var total = RandomNumber.text(using: &generator)
            if round % 4 != 0 {
                let thousandths = Decimal(Int.random(in: -12...12, using: &generator)) / 1000
                total = "\(product + thousandths)"
            }
            if product == 0 { continue }
            let difference = abs(product - (try XCTUnwrap(Decimal(string: total), total)))
            if difference <= hundredth { near += 1 }
            check([Case(total, quantity, unitPrice, difference > hundredth)])
        }
        XCTAssertGreaterThan(near, 5000)
    }

    private func check(_ cases: [Case]) {
        for row in cases {
            let found = Self.digits(row.total).differs(from: row.quantity, times: Self.digits(row.unitPrice))
            let shown = "\(row.total.prefix(80)) against \(row.quantity) x \(row.unitPrice.prefix(80))"
            XCTAssertEqual(found, row.differs, shown, line: row.line)
        }
    }
}
