import Foundation

/// Decimal arithmetic, which is exact for cents.
extension Decimal {
    /// Returns the number rounded to decimal places, with halves rounded away from zero.
    func rounded(toPlaces places: Int) -> Decimal { rounded(places, .plain) }

    /// The smallest whole number that is not less.
    var ceiling: Decimal { rounded(0, .up) }

    private func rounded(_ places: Int, _ mode: NSDecimalNumber.RoundingMode) -> Decimal {
        let behavior = NSDecimalNumberHandler(
            roundingMode: mode, scale: Int16(clamping: places), raiseOnExactness: false, raiseOnOverflow: false,
            raiseOnUnderflow: false, raiseOnDivideByZero: false)
        return NSDecimalNumber(decimal: self).rounding(accordingToBehavior: behavior).decimalValue
    }

    /// The number as an `Int`, or nil if it has a fraction or does not fit.
    var integer: Int? { Int(description) }

    /// Fails unless `text` consists of digits, with at most six after a decimal point.
    init?(digits text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), text.utf8.count <= 20,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            parts.count == 1 || parts[1].count <= 6
        else { return nil }
        self.init(string: text)
    }
}

/// The formatting of numbers.
extension Decimal {
    /// Returns the number with thousands separators and up to `decimals` decimal places, such as `1,234.5`.
    func text(decimals: Int = 3) -> String {
        let parts = rounded(toPlaces: decimals).description.split(separator: ".")
        let whole = parts.first.map(String.init) ?? "0"
        let fraction = parts.count == 2 ? "." + parts[1] : ""
        return Self.grouped(whole) + fraction
    }

    /// The amount in dollars and cents, such as `$1,234.50`.
    var money: String { "$" + Self.grouped(cents.whole) + "." + cents.fraction }

    /// The amount in dollars and cents without separators, such as `1234.50`.
    var plainMoney: String { cents.whole + "." + cents.fraction }

    /// The price with at least two decimal places, such as `$0.20` or `$0.015`.
    var price: String {
        let parts = description.split(separator: ".")
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        let whole = parts.first.map(String.init) ?? "0"
        return "$" + whole + "." + fraction + String(repeating: "0", count: max(0, 2 - fraction.count))
    }

    private var cents: (whole: String, fraction: String) {
        let parts = rounded(toPlaces: 2).description.split(separator: ".")
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        return (
            parts.first.map(String.init) ?? "0", fraction + String(repeating: "0", count: max(0, 2 - fraction.count))
        )
    }

    private static func grouped(_ digits: String) -> String {
        var result = ""
        for (index, digit) in digits.enumerated() {
            let rest = digits.count - index
            if index > 0, rest % 3 == 0, result.last != "-" { result.append(",") }
            result.append(digit)
        }
        return result
    }
}
