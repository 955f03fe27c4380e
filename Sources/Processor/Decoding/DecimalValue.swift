import Basics
import JSON

/// The exact decimal value of a JSON number, which is compared with bounds without conversion to binary.
struct DecimalValue: Equatable {
    private(set) var isNegative = false
    /// The first 19 digits, without leading zeros.
    private(set) var significand: UInt64 = 0
    /// The power of ten of the significand's last digit.
    private(set) var exponent = 0
    /// Whether nonzero digits follow those in the significand.
    private(set) var hasMoreDigits = false
    /// The power of ten of the last nonzero digit.
    private(set) var lowestExponent = 0

    /// The limit to which exponents are clamped, far above those of any bound and any text of digits.
    private static let exponentLimit = 1_000_000_000

    /// - Parameter range: The range of a number that the scanner has accepted.
    init(_ range: Range<Int>, of bytes: Span<UInt8>) {
        var position = range.lowerBound
        if bytes.byte(at: position) == UInt8(ascii: "-") {
            isNegative = true
            position += 1
        }
        let digits = unsafe Range(uncheckedBounds: (position, max(position, range.upperBound)))
        guard let short = ShortDecimal(digits, of: bytes) else {
            readLong(digits, of: bytes)
            return
        }
        guard short.significand != 0 else { return }
        significand = short.significand
        exponent = -short.decimals
        lowestExponent = short.trailingZeros - short.decimals
    }

    private mutating func readLong(_ range: Range<Int>, of bytes: Span<UInt8>) {
        var position = range.lowerBound
        var kept = 0
        var dropped = 0
        var decimals = 0
        var isFraction = false
        var trailingZeros = 0
        scan: while position < range.upperBound {
            let byte = bytes.byte(at: position)
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = UInt64(byte - UInt8(ascii: "0"))
                if isFraction { decimals += 1 }
                trailingZeros = digit == 0 ? trailingZeros + 1 : 0
                if kept < 19 {
                    significand = significand * 10 + digit
                    if significand != 0 { kept += 1 }
                } else {
                    dropped += 1
                    if digit != 0 { hasMoreDigits = true }
                }
            case UInt8(ascii: "."): isFraction = true
            default: break scan
            }
            position += 1
        }
        let power = Self.power(position..<range.upperBound, of: bytes)
        exponent = power + dropped - decimals
        lowestExponent = power - decimals + trailingZeros
        if significand == 0 { (exponent, lowestExponent) = (0, 0) }
    }

    /// Returns the exponent after `e`, or 0 if there is none.
    static func power(_ range: Range<Int>, of bytes: Span<UInt8>) -> Int {
        var value = 0
        for position in range.dropFirst() {
            let digit = bytes.byte(at: position) &- UInt8(ascii: "0")
            if digit < 10 { value = min(value * 10 + Int(digit), exponentLimit) }
        }
        return bytes.byte(at: range.lowerBound + 1) == UInt8(ascii: "-") ? -value : value
    }

    var isZero: Bool { significand == 0 }
    var isWhole: Bool { lowestExponent >= 0 }

    /// The value as an integer; nil unless it is whole and fits.
    var integer: Int64? {
        guard isWhole, !hasMoreDigits else { return nil }
        guard significand != 0 else { return 0 }
        var magnitude = significand
        if exponent > 0 {
            guard exponent < 20 else { return nil }
            for _ in 0..<exponent {
                let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
                if overflow { return nil }
                magnitude = product
            }
        } else {
            // The value is whole, so the removed digits are zeros.
            for _ in exponent..<0 { magnitude /= 10 }
        }
        return Int64(exactly: isNegative ? -Int128(magnitude) : Int128(magnitude))
    }

    /// Whether the value is 0, or its magnitude is within 1e-300...1e300, which every reader of doubles can represent.
    @inline(__always)
    var isRepresentable: Bool {
        // Most numbers have few digits and no exponent.
        -280 < exponent && exponent < 280 || isZero || isRepresentableAtTheLimits
    }

    private var isRepresentableAtTheLimits: Bool {
        var power = exponent
        var first = significand
        var isPowerOfTen = !hasMoreDigits
        while first >= 10 {
            if first % 10 != 0 { isPowerOfTen = false }
            (first, power) = (first / 10, power + 1)
        }
        return -300 <= power && (power < 300 || power == 300 && first == 1 && isPowerOfTen)
    }

    /// The value times 1000, rounded to the nearest integer; nil if it is negative or does not fit.
    var thousandths: Int64? {
        guard !isNegative, significand != 0 else { return isNegative && significand != 0 ? nil : 0 }
        let power = exponent + 3
        guard power < 19 else { return nil }
        guard power > -20 else { return 0 }
        var scale: UInt128 = 1
        for _ in 0..<abs(power) { scale *= 10 }
        let value = UInt128(significand)
        return Int64(exactly: power >= 0 ? value * scale : (value + scale / 2) / scale)
    }

    /// The exact value in ten-thousandths; nil unless it is at least 0, less than 10^11, and has at most four decimals.
    var tenThousandths: Int64? {
        guard !isNegative, exponent <= 0, exponent >= -4, !hasMoreDigits, significand < 1_000_000_000_000_000 else {
            return nil
        }
        var value = significand
        for _ in -4..<exponent { value *= 10 }
        return value < 1_000_000_000_000_000 ? Int64(value) : nil
    }
}

/// Comparison, which is exact if one of the values has 19 digits or fewer.
extension DecimalValue {
    static func < (one: Self, other: Self) -> Bool {
        switch (one.isNegative && !one.isZero, other.isNegative && !other.isZero) {
        case (false, false): one.orderOfMagnitude(other) < 0
        case (true, true): one.orderOfMagnitude(other) > 0
        case (let isNegative, _): isNegative
        }
    }

    /// Compares magnitudes: returns a negative number if the other one is higher, and a positive number if it is lower.
    private func orderOfMagnitude(_ other: Self) -> Int {
        guard significand != 0, other.significand != 0 else {
            return (significand == 0 ? 0 : 1) - (other.significand == 0 ? 0 : 1)
        }
        let shift = exponent - other.exponent
        // A significand is at least 1 and less than 10^20.
        guard abs(shift) < 20 else { return shift }
        var power: UInt64 = 1
        for _ in 0..<abs(shift) { power *= 10 }
        let one = significand.multipliedFullWidth(by: shift > 0 ? power : 1)
        let two = other.significand.multipliedFullWidth(by: shift < 0 ? power : 1)
        if one != two { return one < two ? -1 : 1 }
        return (hasMoreDigits ? 1 : 0) - (other.hasMoreDigits ? 1 : 0)
    }
}
