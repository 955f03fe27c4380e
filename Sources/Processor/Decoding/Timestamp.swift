import Basics
import JSON
import Telemetry

/// A time in UTC, to the nanosecond, in the years 1 to 9999.
package struct Timestamp: Sendable, Hashable {
    package var secondsSinceEpoch: Int64
    /// 0 to 999,999,999, counted forward from `secondsSinceEpoch` also for times before the epoch.
    package var nanoseconds: Int32

    package init(secondsSinceEpoch: Int64, nanoseconds: Int32 = 0) {
        self.secondsSinceEpoch = secondsSinceEpoch
        self.nanoseconds = nanoseconds
    }

    package init(millisecondsSinceEpoch milliseconds: Int64) {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let borrow: Int64 = rest < 0 ? 1 : 0
        self.init(secondsSinceEpoch: seconds - borrow, nanoseconds: Int32(rest + borrow * 1000) * 1_000_000)
    }
}

/// Parsing of ISO 8601 in the format of Python's `datetime.isoformat()`.
extension Timestamp {
    /// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
    static let seconds = Int64(-62_135_596_800)...Int64(253_402_300_799)

    /// Returns nil unless `range` of `bytes` is a date, or a date with a time of day.
    ///
    /// The time follows `T` or a space, and has 0 to 9 decimals. The offset is `Z`, `±HH:MM`, `±HH:MM:SS`, or missing, which
    /// means UTC.
    init?(_ range: Range<Int>, of bytes: Span<UInt8>) {
        guard let date = CalendarDate(start: range, of: bytes) else { return nil }
        guard range.count > CalendarDate.length else {
            self.init(secondsSinceEpoch: date.daysSinceEpoch * 86400)
            return
        }
        var digits = DigitReader(range.lowerBound + CalendarDate.length..<range.upperBound)
        guard digits.pass(UInt8(ascii: "T"), of: bytes) || digits.pass(UInt8(ascii: " "), of: bytes),
            let time = digits.timeOfDay(of: bytes), let fraction = digits.fraction(of: bytes),
            let offset = digits.utcOffset(of: bytes), digits.isAtEnd
        else { return nil }
        self.init(secondsSinceEpoch: date.daysSinceEpoch * 86400 + Int64(time - offset), nanoseconds: fraction)
        guard Self.seconds.contains(secondsSinceEpoch) else { return nil }
    }

    /// Returns nil unless `text` is a date, or a date with a time of day.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(0..<bytes.count, of: bytes.span)
    }
}

/// The text form: ISO 8601 in UTC with `Z`.
extension Timestamp: CustomStringConvertible {
    package var description: String { iso8601() }

    /// Returns the text form.
    ///
    /// - Parameter fractionDigits: The number of decimals; nil for as many as necessary.
    package func iso8601(fractionDigits: Int? = nil) -> String {
        var text: [UInt8] = []
        write(fractionDigits: fractionDigits, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the text form in ASCII.
    func write(fractionDigits: Int? = nil, to text: inout [UInt8]) {
        let days = secondsSinceEpoch >= 0 ? secondsSinceEpoch / 86400 : (secondsSinceEpoch - 86399) / 86400
        let time = Int(secondsSinceEpoch - days * 86400)
        CalendarDate(daysSinceEpoch: days).write(to: &text)
        for (separator, number) in [("T", time / 3600), (":", time / 60 % 60), (":", time % 60)]
            as [(Unicode.Scalar, Int)]
        {
            text.append(UInt8(ascii: separator))
            text.append(number, digits: 2)
        }
        let start = text.count
        text.append(UInt8(ascii: "."))
        text.append(Int(nanoseconds), digits: 9)
        if let fractionDigits {
            text.removeLast(9 - min(max(0, fractionDigits), 9))
        } else {
            while text.last == UInt8(ascii: "0") { text.removeLast() }
        }
        if text.count == start + 1 { text.removeLast() }
        text.append(UInt8(ascii: "Z"))
    }
}

/// A day of the proleptic Gregorian calendar, in the years 1 to 9999.
package struct CalendarDate: Sendable, Hashable {
    package var year: Int16
    package var month: UInt8
    package var day: UInt8

    /// Returns nil unless `range` of `bytes` is `YYYY-MM-DD` and the day exists.
    init?(_ range: Range<Int>, of bytes: Span<UInt8>) {
        guard range.count == Self.length else { return nil }
        self.init(start: range, of: bytes)
    }

    /// The length of a date in characters.
    fileprivate static let length = 10

    /// Reads the date at the start of `range`.
    fileprivate init?(start range: Range<Int>, of bytes: Span<UInt8>) {
        let start = range.lowerBound
        // `YYYY-MM-` as one word.
        guard range.count >= Self.length, let word = bytes.word(at: start),
            let digits = DigitWord(word, separators: 0xFF00_00FF_0000_0000, as: 0x2D00_002D_0000_0000)
        else { return nil }
        let (tens, ones) = (
            bytes.byte(at: start + 8) &- UInt8(ascii: "0"), bytes.byte(at: start + 9) &- UInt8(ascii: "0")
        )
        guard tens < 10, ones < 10 else { return nil }
        let (year, month, day) = (digits.two(0) * 100 + digits.two(2), digits.two(5), Int(tens) * 10 + Int(ones))
        guard year >= 1, 1...12 ~= month, day >= 1, day <= Self.days(in: month, of: year) else { return nil }
        (self.year, self.month, self.day) = (Int16(year), UInt8(month), UInt8(day))
    }

    /// Returns the number of days of `month`, 1 to 12, of `year`.
    static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Days since 1970-01-01; ``GregorianDate`` converts them back.
///
/// Source: <https://howardhinnant.github.io/date_algorithms.html>
extension CalendarDate {
    var daysSinceEpoch: Int64 {
        let shifted = Int64(year) - (month <= 2 ? 1 : 0)
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (Int64(month) + (month > 2 ? -3 : 9)) + 2) / 5 + Int64(day) - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// - Parameter days: The number of a day in the years 1 to 9999.
    init(daysSinceEpoch days: Int64) {
        let date = GregorianDate(daysSinceEpoch: Int(days))
        (year, month, day) = (Int16(date.year), UInt8(date.month), UInt8(date.day))
    }
}

extension CalendarDate: CustomStringConvertible {
    package var description: String {
        var text: [UInt8] = []
        write(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the text form in ASCII.
    func write(to text: inout [UInt8]) {
        text.append(Int(year), digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(Int(month), digits: 2)
        text.append(UInt8(ascii: "-"))
        text.append(Int(day), digits: 2)
    }
}

extension [UInt8] {
    /// Appends the last decimal digits of a number, which is not negative.
    fileprivate mutating func append(_ value: Int, digits: Int) {
        let start = count
        for _ in 0..<digits { append(UInt8(ascii: "0")) }
        var rest = value
        for place in stride(from: start + digits - 1, through: start, by: -1) {
            self[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
