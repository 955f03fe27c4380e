import Basics
import JSON

/// A number of up to 16 digits, with or without a point, which is read as two words instead of digit by digit.
struct ShortDecimal {
    /// The digits as one integer.
    let significand: UInt64
    /// The number of digits after the point.
    let decimals: Int
    /// The number of trailing zeros; at least the number of digits if the number is zero.
    let trailingZeros: Int

    private static let zeros: UInt64 = 0x3030_3030_3030_3030

    /// Returns nil for other numbers, such as those with an exponent, and if fewer bytes than a word precede the end.
    ///
    /// - Parameter range: The range of a number that the scanner has accepted, without its sign.
    @inline(__always)
    init?(_ range: Range<Int>, of bytes: Span<UInt8>) {
        let count = range.upperBound &- range.lowerBound
        guard count >= 1, count <= 16, let last = bytes.word(at: range.upperBound &- 8) else { return nil }
        // The digits are at the end of both words, after zeros.
        var low = Self.last(min(count, 8), of: last)
        var high = Self.zeros
        if count > 8 {
            guard let word = bytes.word(at: range.upperBound &- 16) else { return nil }
            high = Self.last(count &- 8, of: word)
        }
        var decimals = 0
        if let point = Self.point(in: low) {
            low = Self.removed(point, from: low, before: high &>> 56)
            high = high &<< 8 | 0x30
            decimals = 7 &- point
        } else if count > 8, let point = Self.point(in: high) {
            high = Self.removed(point, from: high, before: 0x30)
            decimals = 15 &- point
        }
        low ^= Self.zeros
        high ^= Self.zeros
        guard Self.areDigits(low), Self.areDigits(high) else { return nil }
        significand = count > 8 ? Self.value(high) &* 100_000_000 &+ Self.value(low) : Self.value(low)
        trailingZeros = low != 0 ? low.leadingZeroBitCount &>> 3 : 8 &+ high.leadingZeroBitCount &>> 3
        self.decimals = decimals
    }

    /// Returns the value of a word's first digits as decimals after a point, in units of 10^-8.
    ///
    /// - Parameter count: The number of digits, 1 to 8.
    static func hundredMillionths(_ word: UInt64, digits count: Int) -> UInt64 {
        let mask = UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- 8 &* count)
        return value((word ^ zeros) & mask)
    }

    /// Returns the last `count` characters of a word, with zeros in place of the others.
    ///
    /// - Parameter count: 1 to 8.
    @inline(__always)
    private static func last(_ count: Int, of word: UInt64) -> UInt64 {
        let mask = UInt64.max &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
        return word & mask | zeros & ~mask
    }

    /// Returns the index of the point.
    @inline(__always)
    private static func point(in word: UInt64) -> Int? {
        let others = word ^ 0x2E2E_2E2E_2E2E_2E2E
        // The top bit of the first zero byte, and possibly of later ones.
        let found = (others &- 0x0101_0101_0101_0101) & ~others & 0x8080_8080_8080_8080
        return found == 0 ? nil : found.trailingZeroBitCount &>> 3
    }

    /// Returns the word without the point: the characters before it are shifted by one, and `character` is inserted first.
    @inline(__always)
    private static func removed(_ point: Int, from word: UInt64, before character: UInt64) -> UInt64 {
        let shift = UInt64(truncatingIfNeeded: 8 &* point)
        let before: UInt64 = (1 &<< shift) &- 1
        return word & ~(before | 0xFF &<< shift) | (word & before) &<< 8 | character
    }

    /// Whether all bytes are 0 to 9.
    @inline(__always)
    private static func areDigits(_ values: UInt64) -> Bool {
        // If the top bit of a byte is set, the carry into the next byte does not matter, because the check fails.
        (values | (values &+ 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 == 0
    }

    /// Returns the value of eight digits, the first one in the lowest byte: combines pairs, then fours, then all.
    @inline(__always)
    private static func value(_ digits: UInt64) -> UInt64 {
        let pairs = (digits &* (10 &<< 8 | 1)) &>> 8 & 0x00FF_00FF_00FF_00FF
        let fours = (pairs &* (100 &<< 16 | 1)) &>> 16 & 0x0000_FFFF_0000_FFFF
        return (fours &* (10_000 &<< 32 | 1)) &>> 32
    }
}
