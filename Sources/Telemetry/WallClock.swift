import Glibc

/// A moment by the machine's clock, which may jump; durations are measured with `ContinuousClock`.
public struct WallClock: Sendable, Comparable {
    public var millisecondsSinceEpoch: Int64

    public init(millisecondsSinceEpoch: Int64) { self.millisecondsSinceEpoch = millisecondsSinceEpoch }

    public static func now() -> WallClock {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallClock(millisecondsSinceEpoch: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.millisecondsSinceEpoch < rhs.millisecondsSinceEpoch }

    /// RFC 3339 in UTC, with milliseconds.
    public var iso8601: String {
        // Counted forward from the second before, so that moments before the epoch read right, too.
        let fraction = (millisecondsSinceEpoch % 1000 + 1000) % 1000
        var seconds = time_t((millisecondsSinceEpoch - fraction) / 1000)
        var parts = unsafe tm()
        _ = unsafe gmtime_r(&seconds, &parts)
        var text = Array("0000-00-00T00:00:00.000Z".utf8)
        unsafe Self.write(Int(parts.tm_year) + 1900, through: 3, of: &text)
        unsafe Self.write(Int(parts.tm_mon) + 1, through: 6, of: &text)
        unsafe Self.write(Int(parts.tm_mday), through: 9, of: &text)
        unsafe Self.write(Int(parts.tm_hour), through: 12, of: &text)
        unsafe Self.write(Int(parts.tm_min), through: 15, of: &text)
        unsafe Self.write(Int(parts.tm_sec), through: 18, of: &text)
        Self.write(Int(fraction), through: 22, of: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Writes digits over zeros, the last one at `last`.
    private static func write(_ value: Int, through last: Int, of text: inout [UInt8]) {
        var (rest, index) = (max(0, value), last)
        while rest > 0, index >= 0, text[index] == UInt8(ascii: "0") {
            text[index] += UInt8(rest % 10)
            (rest, index) = (rest / 10, index - 1)
        }
    }
}
