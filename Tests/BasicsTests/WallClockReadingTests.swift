import XCTest

@testable import Basics

/// Tests of the parsers of dates in headers and documents.
final class WallClockReadingTests: XCTestCase {
    func testParsesDatesOfHeaders() {
        let cases: [(String, Int64?)] = [
            ("Tue, 24 Nov 2026 12:00:00 GMT", 1_795_521_600), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199), ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("", nil), ("Tue, 24 Nov 2026 12:00:00", nil), ("Tue, 24 Nov 2026 12:00:00 CET", nil),
            ("24 Nov 2026 12:00:00 GMT", nil), ("Tue, 24 Nov 1969 12:00:00 GMT", nil),
            ("Tue, 24 Nov 10000 12:00:00 GMT", nil), ("Tue, 24 nov 2026 12:00:00 GMT", nil),
            ("Tue, 32 Nov 2026 12:00:00 GMT", nil), ("Tue, 0 Nov 2026 12:00:00 GMT", nil),
            ("Tue, 24 Nov 2026 24:00:00 GMT", nil), ("Tue, 24 Nov 2026 12:60:00 GMT", nil),
            ("Tue, 24 Nov 2026 12:00:61 GMT", nil), ("Tue, 24 Nov 99999999999 12:00:00 GMT", nil),
            ("Tuesday, 24-Nov-26 12:00:00 GMT", nil), ("Tue, -4 Nov 2026 12:00:00 GMT", nil),
            ("2026-11-24T12:00:00Z", nil), (String(repeating: ":", count: 1000), nil),
        ]
        for (text, seconds) in cases {
            XCTAssertEqual(WallClock(httpDate: text)?.millisecondsSinceEpoch, seconds.map { $0 * 1000 }, text)
        }
    }

    func testParsesDatesOfDocuments() {
        let noon: Int64 = 1_795_521_600
        let cases: [(String, Int64?)] = [
            ("2026-11-24T12:00:00Z", noon), ("2026-11-24T12:00:00.999Z", noon), ("2026-11-24T12:00:00UTC", noon),
            ("2026-11-24T12:00:00+00:00", noon), ("2026-11-24T13:30:00+01:30", noon),
            ("2026-11-24T07:00:00-0500", noon),
            ("2026-11-24T12:00:00.123456789+00:00", noon), ("9999-12-31T23:59:59Z", 253_402_300_799),
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00+23:59", -86_340),
            ("", nil), ("2026-11-24", nil), ("2026-11-24T12:00:00", nil), ("2026-11-24 12:00:00Z", nil),
            ("2026-11-24T12:00Z", nil), ("2026-13-24T12:00:00Z", nil), ("2026-11-32T12:00:00Z", nil),
            ("2026-11-24T25:00:00Z", nil), ("1969-11-24T12:00:00Z", nil), ("2026/11/24T12:00:00Z", nil),
            ("2026-11-24T12:00:00+24:00", nil), ("2026-11-24T12:00:00+1", nil), ("2026-11-24T12:00:00z", nil),
            ("2026-11-24T12:00:00ZZ", nil), ("+026-11-24T12:00:00Z", nil), ("２026-11-24T12:00:00Z", nil),
            ("2026-11-24T12:00:00CET", nil), ("2026-11-24T12:00:00+ab:cd", nil), ("12345-11-24T12:00:00Z", nil),
        ]
        for (text, seconds) in cases {
            XCTAssertEqual(WallClock(iso8601: text)?.millisecondsSinceEpoch, seconds.map { $0 * 1000 }, text)
        }
    }

    func testDatesRoundTrip() {
        for milliseconds in [Int64(0), 1_795_521_600_000, 4_102_444_799_000] {
            let time = WallClock(millisecondsSinceEpoch: milliseconds)
            XCTAssertEqual(WallClock(iso8601: time.iso8601), time)
        }
    }
}
