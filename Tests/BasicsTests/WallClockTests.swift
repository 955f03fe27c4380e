import Foundation
import XCTest

@testable import Basics

final class WallClockTests: XCTestCase {
    func testPrintsMillisecondsInUTC() {
        let cases: [(milliseconds: Int64, expected: String, line: UInt)] = [
            (0, "1970-01-01T00:00:00.000Z", #line), (1, "1970-01-01T00:00:00.001Z", #line),
            (999, "1970-01-01T00:00:00.999Z", #line), (1000, "1970-01-01T00:00:01.000Z", #line),
            (951_782_400_000, "2000-02-29T00:00:00.000Z", #line),
            (1_794_198_257_237, "2026-11-09T04:24:17.237Z", #line),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z", #line),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z", #line),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z", #line), (-1, "1969-12-31T23:59:59.999Z", #line),
            (-1000, "1969-12-31T23:59:59.000Z", #line), (-1001, "1969-12-31T23:59:58.999Z", #line),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z", #line),
        ]
        for (milliseconds, expected, line) in cases {
            let found = WallClock(millisecondsSinceEpoch: milliseconds).iso8601
            XCTAssertEqual(found, expected, "\(milliseconds)", line: line)
        }
    }

    func testAgreesWithFoundation() throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
        for day in stride(from: Int64(0), to: 40_000, by: 37) {
            let seconds = day * 86_400 + day * 7919 % 86_400
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds))) + ".042Z"
            let found = WallClock(millisecondsSinceEpoch: seconds * 1000 + 42).iso8601
            XCTAssertEqual(found, expected, "\(seconds)")
        }
    }

    func testOrdersByTime() {
        XCTAssertLessThan(WallClock(millisecondsSinceEpoch: -1), WallClock(millisecondsSinceEpoch: 0))
        XCTAssertLessThanOrEqual(WallClock(millisecondsSinceEpoch: 1_700_000_000_000), WallClock.now())
    }
}
