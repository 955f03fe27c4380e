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
        let year = unsafe Int(parts.tm_year) + 1900
        let (month, day) = unsafe (Int(parts.tm_mon) + 1, Int(parts.tm_mday))
        let (hour, minute, second) = unsafe (Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
        return "\(date)T\(time).\(padded(Int(fraction), 3))Z"
    }

    private func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
