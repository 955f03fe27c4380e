import Glibc

/// A time of the system clock, which may jump; durations are measured with `ContinuousClock`.
package struct WallClock: Sendable, Comparable {
    package var millisecondsSinceEpoch: Int64

    package init(millisecondsSinceEpoch: Int64) { self.millisecondsSinceEpoch = millisecondsSinceEpoch }

    package static func now() -> WallClock {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallClock(millisecondsSinceEpoch: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.millisecondsSinceEpoch < rhs.millisecondsSinceEpoch }

    /// The time in RFC 3339 format, in UTC with milliseconds.
    ///
    /// Calculated here, because the C library's `gmtime_r` first reads the time zone file.
    package var iso8601: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends ``iso8601``.
    package func append(to text: inout [UInt8]) {
        let (days, time) = Self.floored(Int(millisecondsSinceEpoch), by: 86_400_000)
        let date = GregorianDate(daysSinceEpoch: days)
        let start = text.count
        text.append(ascii: "0000-00-00T00:00:00.000Z")
        Self.write(date.year, through: start + 3, of: &text)
        Self.write(date.month, through: start + 6, of: &text)
        Self.write(date.day, through: start + 9, of: &text)
        Self.write(time / 3_600_000, through: start + 12, of: &text)
        Self.write(time / 60_000 % 60, through: start + 15, of: &text)
        Self.write(time / 1000 % 60, through: start + 18, of: &text)
        Self.write(time % 1000, through: start + 22, of: &text)
    }

    /// Returns the quotient and the non-negative remainder, so that times before the epoch are correct.
    private static func floored(_ value: Int, by divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// Writes digits over zeros; the last digit is at index `last`.
    private static func write(_ value: Int, through last: Int, of text: inout [UInt8]) {
        var (rest, index) = (max(0, value), last)
        while rest > 0, index >= 0, text[index] == UInt8(ascii: "0") {
            text[index] += UInt8(rest % 10)
            (rest, index) = (rest / 10, index - 1)
        }
    }
}
