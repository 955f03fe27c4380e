import Glibc

/// Parsers of the date formats of HTTP headers and AWS documents.
extension WallClock {
    /// Fails unless `text` is an HTTP `Date` header, such as `Tue, 24 Nov 2026 12:00:00 GMT`.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>
    package init?(httpDate text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(whereSeparator: { ", :".contains($0) })
        guard parts.count == 8, parts[7] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let numbers = [3, 1, 4, 5, 6].compactMap { Int32(parts[$0]) }
        guard numbers.count == 5 else { return nil }
        self.init(year: numbers[0], month: Int32(month) + 1, day: numbers[1], time: Array(numbers[2...]))
    }

    /// Fails unless `text` is a date with a time, such as `2026-11-24T12:00:00Z`; fractions of a second are ignored.
    ///
    /// A time zone offset is accepted instead of `Z`, and so is `UTC`, which old token caches contain.
    package init?(iso8601 text: String) {
        let characters = Array(text.utf8)
        guard characters.count >= 20, characters[10] == UInt8(ascii: "T") else { return nil }
        let separators: [(Int, UInt8)] = [
            (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (13, UInt8(ascii: ":")), (16, UInt8(ascii: ":")),
        ]
        guard separators.allSatisfy({ characters[$0.0] == $0.1 }) else { return nil }
        let numbers = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].compactMap { Self.number(characters[$0]) }
        guard numbers.count == 6 else { return nil }
        var zone = characters[19...]
        if zone.first == UInt8(ascii: ".") { zone = zone.dropFirst().drop { (0x30...0x39).contains($0) } }
        guard let offset = Self.offsetSeconds(Array(zone)),
            let local = WallClock(year: numbers[0], month: numbers[1], day: numbers[2], time: Array(numbers[3...]))
        else { return nil }
        self.init(millisecondsSinceEpoch: local.millisecondsSinceEpoch - Int64(offset) * 1000)
    }

    private init?(year: Int32, month: Int32, day: Int32, time: [Int32]) {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), time.count == 3,
            (0...23).contains(time[0]), (0...59).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        var parts = unsafe tm()
        unsafe (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec) = (time[0], time[1], time[2])
        self.init(millisecondsSinceEpoch: unsafe Int64(timegm(&parts)) * 1000)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int32? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int32($1 - 0x30) }
    }

    private static func offsetSeconds(_ zone: [UInt8]) -> Int32? {
        if zone == Array("Z".utf8) || zone == Array("UTC".utf8) { return 0 }
        let isNegative = zone.first == UInt8(ascii: "-")
        let digits = zone.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard isNegative || zone.first == UInt8(ascii: "+"), digits.count == 4,
            let hours = number(digits.prefix(2)), let minutes = number(digits.suffix(2)), hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (isNegative ? -60 : 60)
    }
}
