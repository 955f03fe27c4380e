import JSON

/// The exact value of a JSON number: compared with bounds in decimal, never in binary.
struct DecimalValue: Equatable {
    private(set) var isNegative = false
    /// The first 19 digits from the first that is not zero on.
    private(set) var significand: UInt64 = 0
    /// The power of ten that the significand's last digit stands for.
    private(set) var exponent = 0
    /// Whether digits other than zero follow those in the significand.
    private(set) var hasMoreDigits = false
    /// The power of ten of the last digit that is not zero.
    private(set) var lowestExponent = 0

    /// Exponents beyond this are cut to it; no bound and no text of digits is anywhere near.
    private static let exponentLimit = 1_000_000_000

    /// - Parameter range: Of a number that the scanner has accepted.
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

    /// What stands behind `e`, 0 when nothing does.
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

    /// The value, when it is whole and fits.
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
            // Whole, so the digits cut off here are zeros.
            for _ in exponent..<0 { magnitude /= 10 }
        }
        return Int64(exactly: isNegative ? -Int128(magnitude) : Int128(magnitude))
    }

    /// Whether the value is 0, or its magnitude is within 1e-300...1e300, as any reader of doubles can represent it.
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

    /// The value times 1000, rounded to the nearest whole number, when it is not negative and fits.
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

    /// The number in ten-thousandths, exactly; nil unless it is below 10^11, not negative, and has up to four decimals.
    var tenThousandths: Int64? {
        guard !isNegative, exponent <= 0, exponent >= -4, !hasMoreDigits, significand < 1_000_000_000_000_000 else {
            return nil
        }
        var value = significand
        for _ in -4..<exponent { value *= 10 }
        return value < 1_000_000_000_000_000 ? Int64(value) : nil
    }
}

/// Order, exact where one of the two has 19 digits or fewer.
extension DecimalValue {
    static func < (one: Self, other: Self) -> Bool {
        switch (one.isNegative && !one.isZero, other.isNegative && !other.isZero) {
        case (false, false): one.orderOfMagnitude(other) < 0
        case (true, true): one.orderOfMagnitude(other) > 0
        case (let isNegative, _): isNegative
        }
    }

    /// Less than 0 where the other value's magnitude is higher, above 0 where it is lower.
    private func orderOfMagnitude(_ other: Self) -> Int {
        guard significand != 0, other.significand != 0 else {
            return (significand == 0 ? 0 : 1) - (other.significand == 0 ? 0 : 1)
        }
        let shift = exponent - other.exponent
        // A significand is at least 1 and below 10 to the 20th.
        guard abs(shift) < 20 else { return shift }
        var power: UInt64 = 1
        for _ in 0..<abs(shift) { power *= 10 }
        let one = significand.multipliedFullWidth(by: shift > 0 ? power : 1)
        let two = other.significand.multipliedFullWidth(by: shift < 0 ? power : 1)
        if one != two { return one < two ? -1 : 1 }
        return (hasMoreDigits ? 1 : 0) - (other.hasMoreDigits ? 1 : 0)
    }
}
