import Basics
import JSON

/// A decimal number with all of its digits, for exact comparison of sums and exact rounding to a column's scale.
struct DecimalDigits {
    /// The digits, most significant first; empty for zero.
    private var digits: [UInt8]
    /// The power of ten of the last digit.
    private var exponent: Int
    private let isNegative: Bool

    /// - Parameter range: The range of a number that the scanner has accepted.
    init(_ range: Range<Int>, of bytes: Span<UInt8>) {
        digits = []
        var decimals = 0
        var isFraction = false
        var position = range.lowerBound
        isNegative = bytes.byte(at: position) == UInt8(ascii: "-")
        if isNegative { position += 1 }
        while position < range.upperBound {
            let byte = bytes.byte(at: position)
            let digit = byte &- UInt8(ascii: "0")
            if digit < 10 {
                if !digits.isEmpty || digit != 0 { digits.append(digit) }
                if isFraction { decimals += 1 }
            } else if byte == UInt8(ascii: ".") {
                isFraction = true
            } else {
                break
            }
            position += 1
        }
        exponent = DecimalValue.power(position..<range.upperBound, of: bytes) - decimals
        removeTrailingZeros()
    }

    /// Returns the number in plain digits, rounded half away from zero to `scale` decimals.
    ///
    /// Returns nil if the rounded number has more than `integerDigits` digits before the point.
    func fixed(integerDigits: Int, scale: Int) -> String? {
        // Zero has no digits, and may have any exponent.
        let magnitude = digits.isEmpty ? 0 : magnitude
        guard magnitude <= integerDigits else { return nil }
        // The number of digits down to the last decimal to keep; negative if all digits are below that decimal.
        let keptCount = magnitude + scale
        var kept = Array(digits.prefix(max(0, keptCount)))
        kept += Array(repeating: 0, count: max(0, keptCount - kept.count))
        if keptCount >= 0, keptCount < digits.count, digits[keptCount] >= 5 { Self.increment(&kept) }
        kept = Array(repeating: 0, count: max(0, scale + 1 - kept.count)) + kept
        let whole = kept.dropLast(scale).drop { $0 == 0 }
        guard whole.count <= integerDigits else { return nil }
        let text = { (digits: ArraySlice<UInt8>) in
            String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        }
        let sign = isNegative && kept.contains { $0 != 0 } ? "-" : ""
        return sign + (whole.isEmpty ? "0" : text(whole)) + (scale > 0 ? "." + text(kept.suffix(scale)) : "")
    }

    /// Adds one to the last digit.
    private static func increment(_ digits: inout [UInt8]) {
        for index in digits.indices.reversed() {
            guard digits[index] == 9 else {
                digits[index] += 1
                return
            }
            digits[index] = 0
        }
        digits.insert(1, at: 0)
    }

    /// Returns whether this number differs from `quantity` times `unitPrice` by more than 0.01.
    ///
    /// The time is proportional to the number of digits: exponents are compared, never expanded to zeros.
    ///
    /// - Parameters:
    ///   - quantity: 1 to 20.
    ///   - unitPrice: Above zero.
    func differs(from quantity: Int, times unitPrice: DecimalDigits) -> Bool {
        let product = unitPrice.multiplied(by: quantity)
        guard !digits.isEmpty else { return product.exceedsOneHundredth }
        let top = max(magnitude, product.magnitude)
        if isNegative { return Self.isSumOverOneHundredth(self, product, top: top) }
        // Both are below 0.01, or one is at least 1 and more than ten times the other: lower digits do not matter.
        if top <= -2 { return false }
        if min(magnitude, product.magnitude) < top - 2, top >= 1 { return true }
        let bottom = min(exponent, product.exponent)
        guard top - bottom <= digits.count + product.digits.count + 8 else {
            // The smaller number is too far below the last digit of the larger one to matter.
            return (magnitude > product.magnitude ? self : product).exceedsOneHundredth
        }
        return Self.difference(digits(from: top, to: bottom), product.digits(from: top, to: bottom), at: bottom)
            .exceedsOneHundredth
    }

    /// Returns whether the sum of the absolute values exceeds 0.01, which is the difference of numbers of opposite sign.
    private static func isSumOverOneHundredth(_ left: DecimalDigits, _ right: DecimalDigits, top: Int) -> Bool {
        if top >= 0 { return true }
        let bottom = min(left.exponent, right.exponent)
        guard top - bottom <= left.digits.count + right.digits.count + 8 else {
            // The smaller number is far below the last digit of the larger one: it matters only if that one is exactly 0.01.
            return top == -1
        }
        var carry: UInt8 = 0
        var digits = left.digits(from: top + 1, to: bottom)
        for (index, digit) in zip(digits.indices, right.digits(from: top + 1, to: bottom)).reversed() {
            let value = digits[index] + digit + carry
            (carry, digits[index]) = (value / 10, value % 10)
        }
        return DecimalDigits(digits: digits, exponent: bottom).exceedsOneHundredth
    }

    /// The power of ten above the first digit: the number is less than 10 to this power, and at least a tenth of that.
    private var magnitude: Int { exponent + digits.count }

    private var exceedsOneHundredth: Bool {
        guard !digits.isEmpty else { return false }
        if magnitude != -1 { return magnitude > -1 }
        return digits[0] > 1 || digits.count > 1
    }

    private func multiplied(by factor: Int) -> DecimalDigits {
        var product = self
        var carry = 0
        for index in product.digits.indices.reversed() {
            let value = Int(product.digits[index]) * factor + carry
            product.digits[index] = UInt8(value % 10)
            carry = value / 10
        }
        while carry > 0 {
            product.digits.insert(UInt8(carry % 10), at: 0)
            carry /= 10
        }
        product.removeTrailingZeros()
        return product
    }

    /// Returns the digits of the powers `top - 1` down to `bottom`, with zeros for missing ones.
    private func digits(from top: Int, to bottom: Int) -> [UInt8] {
        Array(repeating: 0, count: top - magnitude) + digits + Array(repeating: 0, count: exponent - bottom)
    }

    private static func difference(_ left: [UInt8], _ right: [UInt8], at exponent: Int) -> DecimalDigits {
        let (larger, smaller) = left.lexicographicallyPrecedes(right) ? (right, left) : (left, right)
        var digits = larger
        var borrow: UInt8 = 0
        for index in digits.indices.reversed() {
            let subtrahend = smaller[index] + borrow
            borrow = digits[index] < subtrahend ? 1 : 0
            digits[index] = digits[index] + borrow * 10 - subtrahend
        }
        return DecimalDigits(digits: digits, exponent: exponent)
    }

    private init(digits: [UInt8], exponent: Int) {
        self.digits = Array(digits.drop { $0 == 0 })
        self.exponent = exponent
        isNegative = false
        removeTrailingZeros()
    }

    private mutating func removeTrailingZeros() {
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
    }
}
