import Basics
import JSON

/// A reader of fixed-width text such as timestamps, digit by digit.
struct DigitReader {
    private var position: Int
    private let end: Int

    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position == end }

    /// Skips `byte` if it is next; returns whether it was.
    mutating func pass(_ byte: UInt8, of bytes: Span<UInt8>) -> Bool {
        guard position < end, bytes.byte(at: position) == byte else { return false }
        position += 1
        return true
    }

    /// Reads one digit.
    private mutating func one(of bytes: Span<UInt8>) -> Int? {
        guard position < end else { return nil }
        let digit = bytes.byte(at: position) &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        position += 1
        return Int(digit)
    }

    /// Reads two digits; returns nil if their value is `limit` or more.
    mutating func two(below limit: Int, of bytes: Span<UInt8>) -> Int? {
        guard let tens = one(of: bytes), let ones = one(of: bytes), tens * 10 + ones < limit else { return nil }
        return tens * 10 + ones
    }

    /// Reads `HH:MM:SS`; returns seconds.
    mutating func timeOfDay(of bytes: Span<UInt8>) -> Int? {
        guard position + 8 <= end, let word = bytes.word(at: position),
            let digits = DigitWord(word, separators: 0x0000_FF00_00FF_0000, as: 0x0000_3A00_003A_0000)
        else { return nil }
        let (hours, minutes, seconds) = (digits.two(0), digits.two(3), digits.two(6))
        guard hours < 24, minutes < 60, seconds < 60 else { return nil }
        position += 8
        return hours * 3600 + minutes * 60 + seconds
    }

    /// Reads a fraction of a second; returns nanoseconds: 0 if there is no point, nil unless one to nine digits follow it.
    mutating func fraction(of bytes: Span<UInt8>) -> Int32? {
        guard pass(UInt8(ascii: "."), of: bytes) else { return 0 }
        let digits = min(bytes.stringBlock(at: position).leadingDigits, end &- position)
        if digits >= 1, digits <= 8, let word = bytes.word(at: position) {
            position += digits
            return Int32(truncatingIfNeeded: ShortDecimal.hundredMillionths(word, digits: digits) &* 10)
        }
        var value = 0
        var count = 0
        while count < 9, let digit = one(of: bytes) {
            value = value * 10 + digit
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<9 { value *= 10 }
        return Int32(value)
    }

    /// Reads a UTC offset; returns seconds east of UTC: 0 at the end or for `Z`, nil unless it is an offset below 24 hours.
    mutating func utcOffset(of bytes: Span<UInt8>) -> Int? {
        if isAtEnd || pass(UInt8(ascii: "Z"), of: bytes) { return 0 }
        let isEast = pass(UInt8(ascii: "+"), of: bytes)
        guard isEast || pass(UInt8(ascii: "-"), of: bytes), let hours = two(below: 24, of: bytes),
            pass(UInt8(ascii: ":"), of: bytes), let minutes = two(below: 60, of: bytes)
        else { return nil }
        var offset = hours * 3600 + minutes * 60
        if pass(UInt8(ascii: ":"), of: bytes) {
            guard let seconds = two(below: 60, of: bytes) else { return nil }
            offset += seconds
        }
        return isEast ? offset : -offset
    }
}
