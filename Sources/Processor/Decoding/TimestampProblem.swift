/// The reason why a text is not a timestamp, in words for the producer.
///
/// Used only after ``Timestamp`` or ``CalendarDate`` rejected the text, so it need not be fast.
struct TimestampProblem: CustomStringConvertible {
    private(set) var description = ""
    private let text: [UInt8]
    private var position = 0

    /// The most bytes of a text to examine, which is more than the longest timestamp has.
    static let longest = 64

    private static let date = "YYYY-MM-DD"
    private static let dateAndTime = "YYYY-MM-DDTHH:MM:SS"

    /// - Parameters:
    ///   - text: The start of the text, without white space at its ends.
    ///   - allowsTime: Whether a time of day may follow the date.
    init(_ text: [UInt8], allowsTime: Bool) {
        self.text = text
        let form = allowsTime ? "\(Self.date) or \(Self.dateAndTime)" : Self.date
        description = problem(allowsTime: allowsTime, form: form) ?? "expected \(form)"
    }

    private mutating func problem(allowsTime: Bool, form: String) -> String? {
        if let problem = problemOfDate(form) { return problem }
        guard position < text.count else { return nil }
        guard allowsTime else { return "a time of day is not allowed: \(Self.date)" }
        return problemOfTime() ?? problemOfFraction() ?? problemOfOffset()
            ?? "the year is outside 1...9999 in UTC"
    }
}

/// The parts of a timestamp: each function skips its part and returns nil, or returns what is wrong with it.
extension TimestampProblem {
    private mutating func problemOfDate(_ form: String) -> String? {
        if isNext("+") || isNext("-") { return "the year has a sign: \(form)" }
        let yearDigits = countOfDigits
        switch (yearDigits, next(after: yearDigits)) {
        case (text.count, _) where yearDigits != 8: return "a number is not a date: expected \(form)"
        case (0, _): return "expected \(form)"
        case (1...3, _): return "the year must come first and have four digits: \(Self.date)"
        case (4, UInt8(ascii: "-")?): break
        case (4, nil): return "month and day are missing: \(Self.date)"
        case (4, UInt8(ascii: "/")?), (4, UInt8(ascii: ".")?): return "hyphens are expected: \(Self.date)"
        case (8, _): return "hyphens are missing: \(Self.date)"
        default: return "the year must have four digits: \(Self.date)"
        }
        let year = number(of: 4)
        guard year >= 1 else { return "year 0000 is outside 0001...9999" }
        position += 1
        if isNext("W") { return "a week is not allowed: \(Self.date)" }
        guard countOfDigits > 0 else { return "the month is missing: \(Self.date)" }
        guard countOfDigits == 2 else { return "the month must have two digits: \(Self.date)" }
        let month = number(of: 2)
        guard 1...12 ~= month else { return "month \(twoDigits(month)) is outside 01...12" }
        guard pass("-") else { return "the day is missing: \(Self.date)" }
        guard countOfDigits > 0 else { return "the day is missing: \(Self.date)" }
        guard countOfDigits == 2 else { return "the day must have two digits: \(Self.date)" }
        let day = number(of: 2)
        let days = CalendarDate.days(in: month, of: year)
        guard day >= 1 else { return "day 00 is outside 01...\(days)" }
        return day <= days ? nil : "\(Self.months[month - 1]) \(year) has \(days) days"
    }

    private mutating func problemOfTime() -> String? {
        if isNext("t") { return "the T before the time must be uppercase: \(Self.dateAndTime)" }
        guard pass("T") || pass(" ") else { return "a T must follow the date: \(Self.dateAndTime)" }
        if isNext(" ") { return "only one space may precede the time: \(Self.dateAndTime)" }
        for (name, limit) in [("hour", 24), ("minute", 60), ("second", 60)] {
            guard name == "hour" || pass(":") else { return "\(name)s are missing: \(Self.dateAndTime)" }
            switch countOfDigits {
            case 0: return "\(name)s are missing: \(Self.dateAndTime)"
            case 2: break
            case 4, 6: return "colons are missing: \(Self.dateAndTime)"
            default: return "\(name)s must have two digits: \(Self.dateAndTime)"
            }
            let value = number(of: 2)
            guard value < limit else { return "\(name) \(twoDigits(value)) is outside 00...\(limit - 1)" }
        }
        return nil
    }

    private mutating func problemOfFraction() -> String? {
        if isNext(",") { return "a point must precede the fraction, not a comma" }
        guard pass(".") else { return nil }
        let digits = countOfDigits
        position += digits
        switch digits {
        case 0: return "the fraction of a second has no digits"
        case 1...9: return nil
        default: return "the fraction of a second has more than 9 digits"
        }
    }

    private mutating func problemOfOffset() -> String? {
        guard position < text.count else { return nil }
        if isNext("z") { return "the Z must be uppercase" }
        if isNext(" ") { return "a space must not follow the time; the offset is Z or ±HH:MM" }
        if !pass("Z") {
            guard pass("+") || pass("-") else { return "the offset must be Z or ±HH:MM" }
            if countOfDigits == 4 { return "the offset's colon is missing: ±HH:MM" }
            guard countOfDigits == 2 else { return "the offset's hours must have two digits: ±HH:MM" }
            guard number(of: 2) < 24 else { return "the offset is not below 24 hours" }
            guard pass(":") else { return "the offset's minutes are missing: ±HH:MM" }
            guard countOfDigits == 2 else { return "the offset's minutes must have two digits: ±HH:MM" }
            guard number(of: 2) < 60 else { return "the offset's minutes are outside 00...59" }
            if pass(":") {
                guard countOfDigits == 2 else { return "the offset's seconds must have two digits: ±HH:MM:SS" }
                guard number(of: 2) < 60 else { return "the offset's seconds are outside 00...59" }
            }
        }
        return position < text.count ? "nothing may follow the offset" : nil
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}

/// Reading of digits and characters.
extension TimestampProblem {
    /// The number of digits that follow.
    private var countOfDigits: Int { text[position...].prefix { $0 &- UInt8(ascii: "0") < 10 }.count }

    private func next(after count: Int) -> UInt8? { position + count < text.count ? text[position + count] : nil }

    private func isNext(_ character: Unicode.Scalar) -> Bool { next(after: 0) == UInt8(ascii: character) }

    private mutating func pass(_ character: Unicode.Scalar) -> Bool {
        guard isNext(character) else { return false }
        position += 1
        return true
    }

    /// Reads `count` digits, which must follow.
    private mutating func number(of count: Int) -> Int {
        let value = text[position..<position + count].reduce(0) { $0 * 10 + Int($1 &- UInt8(ascii: "0")) }
        position += count
        return value
    }

    private func twoDigits(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
}
