import TestSupport
import XCTest

/// Tests of the measurement of work against the length of its input.
final class CPUTimeTests: XCTestCase {
    func testLinearWorkIsProportional() {
        var sum = 0
        let growth = CPUTimeGrowth(make: { Array(0..<$0) }, work: { for value in $0 { sum &+= value } })
        XCTAssertTrue(growth.isProportional(), "\(growth)")
    }

    func testQuadraticWorkIsNotProportional() {
        var sum = 0
        let growth = CPUTimeGrowth(lengths: [100, 1000, 10_000], make: { Array(0..<$0) }) { values in
            for value in values { for other in values.prefix(value) { sum &+= other } }
        }
        XCTAssertFalse(growth.isProportional(), "\(growth)")
    }

    func testWorkThatWaitsIsMeasured() async {
        let growth = await CPUTimeGrowth(lengths: [1000, 100_000], make: { Array(0..<$0) }) { values in
            await Task.detached { _ = values.reduce(0, &+) }.value
        }
        XCTAssertEqual(growth.costs.map(\.length), [1000, 100_000])
        XCTAssertTrue(growth.isProportional(), "\(growth)")
        XCTAssertGreaterThan(growth.costs[1].seconds, growth.costs[0].seconds)
    }
}
