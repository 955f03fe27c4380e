/// Eight characters in one word: decimal digits and separators.
struct DigitWord {
    /// The values of the digits; zero for separators.
    private let values: UInt64

    /// Returns nil unless all characters match.
    ///
    /// - Parameters:
    ///   - word: The characters, the first one in the lowest byte.
    ///   - separators: All bits set in the bytes of separators.
    ///   - expected: The expected separators; zero in the bytes of digits.
    init?(_ word: UInt64, separators: UInt64, as expected: UInt64) {
        let zeros: UInt64 = 0x3030_3030_3030_3030
        values = word ^ (zeros & ~separators | expected)
        // A digit is now 0 to 9, so that adding 118 does not set the top bit; a separator is 0, to which 127 can be added.
        let slack = (0x7676_7676_7676_7676 & ~separators) | (0x7F7F_7F7F_7F7F_7F7F & separators)
        // If the top bit of a value is set, the carry into the next value does not matter, because the check fails.
        guard ((values &+ slack) | values) & 0x8080_8080_8080_8080 == 0 else { return nil }
    }

    /// Returns the value of two digits.
    @inline(__always)
    func two(_ index: UInt64) -> Int {
        let pair = values &>> (8 &* index)
        return Int(truncatingIfNeeded: (pair & 0xF) &* 10 &+ (pair &>> 8 & 0xF))
    }
}
