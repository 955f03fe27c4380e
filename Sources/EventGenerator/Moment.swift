import Basics
import Telemetry

/// A point in time in microseconds since the Unix epoch, the resolution of a Python `datetime`.
struct Moment: Sendable {
    static let second: Int64 = 1_000_000
    static let hour = 3600 * second
    static let day = 24 * hour

    /// The microseconds; not negative.
    var microseconds: Int64

    /// `YYYY-MM-DD`.
    var date: String {
        var text: [UInt8] = []
        appendDate(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Returns the format of Python's `datetime.isoformat(separator)` in UTC: microseconds only if they are not zero.
    func isoformat(separator: UInt8 = UInt8(ascii: "T"), offset: String = "") -> String {
        var text: [UInt8] = []
        text.reserveCapacity(32)
        appendDate(to: &text)
        text.append(separator)
        let (seconds, fraction) = (microseconds % Self.day).quotientAndRemainder(dividingBy: Self.second)
        Self.append(seconds / 3600, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(seconds / 60 % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(seconds % 60, digits: 2, to: &text)
        if fraction != 0 {
            text.append(UInt8(ascii: "."))
            Self.append(fraction, digits: 6, to: &text)
        }
        text.append(contentsOf: offset.utf8)
        return String(decoding: text, as: UTF8.self)
    }

    private func appendDate(to text: inout [UInt8]) {
        let date = GregorianDate(daysSinceEpoch: Int(microseconds / Self.day))
        Self.append(Int64(date.year), digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.append(Int64(date.month), digits: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.append(Int64(date.day), digits: 2, to: &text)
    }

    private static func append(_ value: Int64, digits: Int, to text: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    static func + (moment: Self, duration: Int64) -> Self { Self(microseconds: moment.microseconds + duration) }

    static func - (moment: Self, duration: Int64) -> Self { moment + -duration }
}
