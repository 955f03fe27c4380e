import TestSupport
import XCTest

@testable import Processor

final class TimestampTests: XCTestCase {
    private static let years = [1, 4, 100, 400, 1900, 1969, 1970, 2000, 2024, 2026, 2100, 9999]

    func testEveryDayGoesToItsNumberAndBack() throws {
        for year in Self.years {
            var number = Self.days(before: year) - Self.days(before: 1970)
            for month in 1...12 {
                for day in 1...Self.days(in: month, of: year) {
                    let text = Self.text(year, month, day)
                    let date = try XCTUnwrap(Self.date(text), text)
                    XCTAssertEqual(date.daysSinceEpoch, Int64(number), text)
                    XCTAssertEqual(CalendarDate(daysSinceEpoch: Int64(number)), date, text)
                    XCTAssertEqual(date.description, text)
                    XCTAssertEqual(Self.timestamp("\(text)T23:59:59Z")?.description, "\(text)T23:59:59Z")
                    number += 1
                }
            }
        }
    }

    func testNoOtherDayExists() {
        for year in Self.years {
            for month in 0...13 {
                let last = (1...12).contains(month) ? Self.days(in: month, of: year) : 0
                for day in Set([0, last + 1, 32, 99]) {
                    XCTAssertNil(Self.date(Self.text(year, month, day)), Self.text(year, month, day))
                }
            }
        }
        XCTAssertNil(Self.date("0000-01-01"))
    }

    /// One row: a text, and how the moment reads in UTC; nil when it is refused.
    private struct Case {
        var input: String
        var expected: String?
        var line: UInt

        init(_ input: String, _ expected: String?, line: UInt = #line) {
            (self.input, self.expected, self.line) = (input, expected, line)
        }
    }

    func testReadsTheFormsThatPythonPrints() {
        let cases = [
            Case("2026-11-08", "2026-11-08T00:00:00Z"), Case("2026-11-08T12:00:00", "2026-11-08T12:00:00Z"),
            Case("2026-11-08 12:00:00", "2026-11-08T12:00:00Z"), Case("2026-11-08T12:00:00Z", "2026-11-08T12:00:00Z"),
            Case("2026-11-08T12:00:00.1", "2026-11-08T12:00:00.1Z"),
            Case("2026-11-08T12:00:00.123456", "2026-11-08T12:00:00.123456Z"),
            Case("2026-11-08T12:00:00.123456789+00:00", "2026-11-08T12:00:00.123456789Z"),
            Case("2026-11-08T12:00:00.000000", "2026-11-08T12:00:00Z"),
            Case("2026-11-08T12:00:00.000000001", "2026-11-08T12:00:00.000000001Z"),
            Case("2026-11-08T12:00:00+02:00", "2026-11-08T10:00:00Z"),
            Case("2026-11-08T12:00:00-05:30", "2026-11-08T17:30:00Z"),
            Case("2026-11-08T12:00:00+00:00:01", "2026-11-08T11:59:59Z"),
            Case("2026-01-01T00:00:00+23:59", "2025-12-31T00:01:00Z"),
            Case("2026-12-31T23:59:59.5-23:59:59", "2027-01-01T23:59:58.5Z"),
            Case("1969-12-31T23:59:59.25", "1969-12-31T23:59:59.25Z"),
            Case("1960-02-29T00:00:00", "1960-02-29T00:00:00Z"),
            Case("0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
            Case("9999-12-31T23:59:59.999999999", "9999-12-31T23:59:59.999999999Z"),
            Case("0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00Z"), Case("0001-01-01T00:00:00+00:01", nil),
            Case("9999-12-31T23:59:59-00:01", nil),
        ]
        check(cases)
    }

    func testRefusesOtherForms() {
        let refused = [
            "", "2026", "2026-11", "2026-11-8", "26-11-08", "2026/11/08", "20261108", "2026-11-08T", "2026-11-08T12",
            "2026-11-08T12:00", "2026-11-08T24:00:00", "2026-11-08T12:60:00", "2026-11-08T12:00:60",
            "2026-11-08T12:00:00.", "2026-11-08T12:00:00.1234567890", "2026-11-08T12:00:00,5", "2026-11-08t12:00:00",
            "2026-11-08T12:00:00z", "2026-11-08T12:00:00 Z", "2026-11-08T12:00:00+24:00", "2026-11-08T12:00:00+01",
            "2026-11-08T12:00:00+0100", "2026-11-08T12:00:00+01:60", "2026-11-08T12:00:00+01:00:60",
            "2026-11-08T12:00:00+01:00:00.5", "2026-11-08T12:00:00ZZ", "2026-11-08T12:00:00Z ", " 2026-11-08",
            "+2026-11-08", "-2026-11-08", "2026-11-08T-1:00:00", "２026-11-08", "2026-11-08T12:00:00\0",
        ]
        check(refused.map { Case($0, nil) })
    }

    func testPrintsAsManyDigitsOfFractionAsAsked() {
        let cases: [(nanoseconds: Int32, digits: Int?, expected: String, line: UInt)] = [
            (0, nil, "Z", #line), (0, 0, "Z", #line), (0, 3, ".000Z", #line), (0, 9, ".000000000Z", #line),
            (5, nil, ".000000005Z", #line), (5, 3, ".000Z", #line), (999_999_999, 3, ".999Z", #line),
            (120_000_000, nil, ".12Z", #line), (120_000_000, 3, ".120Z", #line), (1_000_000, 3, ".001Z", #line),
        ]
        for (nanoseconds, digits, expected, line) in cases {
            let found = Timestamp(secondsSinceEpoch: 0, nanoseconds: nanoseconds).iso8601(fractionDigits: digits)
            XCTAssertEqual(found, "1970-01-01T00:00:00" + expected, line: line)
        }
    }

    func testMillisecondsCountForwardFromTheSecondBefore() {
        let cases: [(milliseconds: Int64, expected: String, line: UInt)] = [
            (0, "1970-01-01T00:00:00.000Z", #line), (1, "1970-01-01T00:00:00.001Z", #line),
            (-1, "1969-12-31T23:59:59.999Z", #line), (-1000, "1969-12-31T23:59:59.000Z", #line),
            (-1001, "1969-12-31T23:59:58.999Z", #line), (1_794_198_257_237, "2026-11-09T04:24:17.237Z", #line),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z", #line),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z", #line),
        ]
        for (milliseconds, expected, line) in cases {
            let found = Timestamp(millisecondsSinceEpoch: milliseconds).iso8601(fractionDigits: 3)
            XCTAssertEqual(found, expected, "\(milliseconds)", line: line)
        }
    }

    func testRandomMomentsReadBackTheSame() {
        var generator = SeededGenerator(seed: 20)
        for _ in 0..<5000 {
            let seconds = Int64.random(in: -62_135_596_800...253_402_300_799, using: &generator)
            let moment = Timestamp(
                secondsSinceEpoch: seconds, nanoseconds: .random(in: 0..<1_000_000_000, using: &generator))
            XCTAssertEqual(Self.timestamp(moment.description), moment, moment.description)
        }
    }

    private func check(_ cases: [Case]) {
        for row in cases {
            XCTAssertEqual(Self.timestamp(row.input)?.description, row.expected, row.input, line: row.line)
        }
    }

    private static func timestamp(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        return Timestamp(0..<bytes.count, of: bytes.span)
    }

    private static func date(_ text: String) -> CalendarDate? {
        let bytes = Array(text.utf8)
        return CalendarDate(0..<bytes.count, of: bytes.span)
    }

    private static func text(_ year: Int, _ month: Int, _ day: Int) -> String {
        [(year, 4), (month, 2), (day, 2)].map { String(String(100_000 + $0).suffix($1)) }.joined(separator: "-")
    }

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(in month: Int, of year: Int) -> Int {
        [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days from 0001-01-01 to the year's first, counted year by year.
    private static func days(before year: Int) -> Int { (1..<year).reduce(0) { $0 + (isLeap($1) ? 366 : 365) } }
}
