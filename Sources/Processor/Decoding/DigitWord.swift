/// Eight characters at once: decimal digits, and separators between them.
struct DigitWord {
    /// The digits' values, zero for separators.
    private let values: UInt64

    /// Fails unless all characters are what they should be.
    ///
    /// - Parameters:
    ///   - word: The first character lowest.
    ///   - separators: All bits of each character that is no digit.
    ///   - expected: Those characters, zero for digits.
    init?(_ word: UInt64, separators: UInt64, as expected: UInt64) {
        let zeros: UInt64 = 0x3030_3030_3030_3030
        values = word ^ (zeros & ~separators | expected)
        // A digit is 0 to 9 now, and adding 118 to it leaves the top bit clear; a separator is 0, and 127 may be added.
        let slack = (0x7676_7676_7676_7676 & ~separators) | (0x7F7F_7F7F_7F7F_7F7F & separators)
        // Where a value has its top bit set itself, what the addition carries into the next one does not matter.
        guard ((values &+ slack) | values) & 0x8080_8080_8080_8080 == 0 else { return nil }
    }

    /// The number that two digits are.
    @inline(__always)
    func two(_ index: UInt64) -> Int {
        let pair = values &>> (8 &* index)
        return Int(truncatingIfNeeded: (pair & 0xF) &* 10 &+ (pair &>> 8 & 0xF))
    }
}
