import TestSupport
import XCTest

@testable import Processor

final class TimestampTests: XCTestCase {
    private static let years = [1, 4, 100, 400, 1900, 1969, 1970, 2000, 2024, 2026, 2100, 9999]

    func testDaysRoundTrip() throws {
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

    func testInvalidDaysAreRejected() {
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

    /// A case: a text, and the timestamp in UTC; nil if the text is rejected.
    private struct Case {
        var input: String
        var expected: String?
        var line: UInt

        init(_ input: String, _ expected: String?, line: UInt = #line) {
            (self.input, self.expected, self.line) = (input, expected, line)
        }
    }

    func testParsesPythonFormats() {
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

    func testRejectsOtherFormats() {
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

    func testProblemOfARejectedTextIsExplained() throws {
        let full = "YYYY-MM-DDTHH:MM:SS"
        let date = "YYYY-MM-DD"
        let cases: [(text: String, problem: String, line: UInt)] = [
            ("2027-03-05T20:15", "seconds are missing: \(full)", #line),
            ("2027-03-05T20:15:", "seconds are missing: \(full)", #line),
            ("2027-03-05T20:15Z", "seconds are missing: \(full)", #line),
            ("2027-03-05 20", "minutes are missing: \(full)", #line),
            ("2027-03-05T", "hours are missing: \(full)", #line),
            ("2027-03-05Tnoon", "hours are missing: \(full)", #line),
            ("2027-03-05T9:15:00", "hours must have two digits: \(full)", #line),
            ("2027-03-05T201500", "colons are missing: \(full)", #line),
            ("2027-03-05t20:15:00", "the T before the time must be uppercase: \(full)", #line),
            ("2027-03-05_20:15:00", "a T must follow the date: \(full)", #line),
            ("2027-03-05  20:15:00", "only one space may precede the time: \(full)", #line),
            ("2027-03-05T24:00:00", "hour 24 is outside 00...23", #line),
            ("2027-03-05T23:61:00", "minute 61 is outside 00...59", #line),
            ("2027-03-05T23:59:60Z", "second 60 is outside 00...59", #line),
            ("2027-03-05T23:59:59.", "the fraction of a second has no digits", #line),
            ("2027-03-05T23:59:59,5", "a point must precede the fraction, not a comma", #line),
            ("2027-03-05T23:59:59.0123456789", "the fraction of a second has more than 9 digits", #line),
            ("2027-03-05T23:59:59z", "the Z must be uppercase", #line),
            ("2027-03-05T23:59:59 +01:00", "a space must not follow the time; the offset is Z or ±HH:MM", #line),
            ("2027-03-05T23:59:59UTC", "the offset must be Z or ±HH:MM", #line),
            ("2027-03-05T23:59:59\u{2212}01:00", "the offset must be Z or ±HH:MM", #line),
            ("2027-03-05T23:59:59+01", "the offset's minutes are missing: ±HH:MM", #line),
            ("2027-03-05T23:59:59-0130", "the offset's colon is missing: ±HH:MM", #line),
            ("2027-03-05T23:59:59+1:00", "the offset's hours must have two digits: ±HH:MM", #line),
            ("2027-03-05T23:59:59+24:00", "the offset is not below 24 hours", #line),
            ("2027-03-05T23:59:59+01:60", "the offset's minutes are outside 00...59", #line),
            ("2027-03-05T23:59:59+01:0", "the offset's minutes must have two digits: ±HH:MM", #line),
            ("2027-03-05T23:59:59+01:00:60", "the offset's seconds are outside 00...59", #line),
            ("2027-03-05T23:59:59+01:00:5", "the offset's seconds must have two digits: ±HH:MM:SS", #line),
            ("2027-03-05T23:59:59Z[Europe/Bern]", "nothing may follow the offset", #line),
            ("2027-03-05T23:59:59+01:00x", "nothing may follow the offset", #line),
            ("0001-01-01T00:00:00+00:01", "the year is outside 1...9999 in UTC", #line),
            ("2027-02-29", "February 2027 has 28 days", #line),
            ("2028-02-30T10:00:00", "February 2028 has 29 days", #line),
            ("1900-02-29", "February 1900 has 28 days", #line), ("2027-09-31", "September 2027 has 30 days", #line),
            ("2027-01-32", "January 2027 has 31 days", #line), ("2027-06-00", "day 00 is outside 01...30", #line),
            ("2027-13-01", "month 13 is outside 01...12", #line), ("2027-00-10", "month 00 is outside 01...12", #line),
            ("0000-05-01", "year 0000 is outside 0001...9999", #line),
            ("2027-3-05", "the month must have two digits: \(date)", #line),
            ("2027-03-5", "the day must have two digits: \(date)", #line),
            ("2027-03", "the day is missing: \(date)", #line), ("2027-", "the month is missing: \(date)", #line),
            ("2027/03/05", "hyphens are expected: \(date)", #line),
            ("20270305T201500", "hyphens are missing: \(date)", #line),
            ("20270305", "hyphens are missing: \(date)", #line),
            ("05.03.2027", "the year must come first and have four digits: \(date)", #line),
            ("12027-03-05", "the year must have four digits: \(date)", #line),
            ("+2027-03-05", "the year has a sign: \(date) or \(full)", #line),
            ("1804280400", "a number is not a date: expected \(date) or \(full)", #line),
            ("2027-W09-5", "a week is not allowed: \(date)", #line),
            ("2027-064", "the month must have two digits: \(date)", #line),
            ("tomorrow", "expected \(date) or \(full)", #line),
            ("\u{FF12}027-03-05", "expected \(date) or \(full)", #line),
        ]
        for (text, problem, line) in cases {
            XCTAssertNil(Self.timestamp(text), text, line: line)
            let found = TimestampProblem(Array(text.utf8), allowsTime: true).description
            XCTAssertEqual(found, problem, text, line: line)
        }
        let dates: [(text: String, problem: String, line: UInt)] = [
            ("2027-03-05T20:15:00", "a time of day is not allowed: \(date)", #line),
            ("2027-02-29T20:15:00", "February 2027 has 28 days", #line), ("soon", "expected \(date)", #line),
        ]
        for (text, problem, line) in dates {
            XCTAssertNil(Self.date(text), text, line: line)
            let found = TimestampProblem(Array(text.utf8), allowsTime: false).description
            XCTAssertEqual(found, problem, text, line: line)
        }
    }

    func testBadTimestampMessageContainsTheProblem() {
        var decoder = PayloadDecoder()
        var records: [EntityRecord] = []
        let cases: [(member: String, message: String, line: UInt)] = [
            (
                #""event_date":" 2027-03-05T20:15 ""#,
                #"concert.event_date: " 2027-03-05T20:15 ": seconds are missing: YYYY-MM-DDTHH:MM:SS"#, #line
            ),
            (
                #""event_date":"2027-02-\u0033\u0030""#,
                #"concert.event_date: "2027-02-30": February 2027 has 28 days"#, #line
            ),
            (
                #""event_date":"2027-03-05","ingestion_timestamp":"2027-03-05T20""#,
                #"concert.ingestion_timestamp: "2027-03-05T20": minutes are missing: YYYY-MM-DDTHH:MM:SS"#, #line
            ),
        ]
        for (member, message, line) in cases {
            let bytes = Array(#"{"concert_id":"c1",\#(member)}"#.utf8)
            XCTAssertThrowsError(
                try decoder.decode(bytes.span, at: RecordPosition(source: 0), into: &records), line: line
            ) {
                XCTAssertEqual($0 as? PayloadError, PayloadError(.range, message), line: line)
            }
        }
    }

    func testPrintsTheRequestedFractionDigits() {
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

    func testRandomTimestampsRoundTrip() {
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

    /// Returns the days from 0001-01-01 to the first day of a year, counted year by year.
    private static func days(before year: Int) -> Int { (1..<year).reduce(0) { $0 + (isLeap($1) ? 366 : 365) } }
}
