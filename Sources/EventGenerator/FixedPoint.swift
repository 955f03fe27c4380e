/// A number with a fixed count of decimals, so that products and sums of prices are exact.
struct FixedPoint: Sendable {
    /// The number multiplied by ten to the power of `decimals`.
    var units: Int
    var decimalPlaces: Int

    init(_ units: Int, decimalPlaces: Int) { (self.units, self.decimalPlaces) = (units, decimalPlaces) }

    init(cents: Int) { self.init(cents, decimalPlaces: 2) }
}

/// The text of a Python `float`, with at least one decimal: `59.5`, `60.0`.
extension FixedPoint: CustomStringConvertible {
    var description: String {
        var scale: UInt = 1
        for _ in 0..<decimalPlaces { scale *= 10 }
        let (whole, fraction) = units.magnitude.quotientAndRemainder(dividingBy: scale)
        var decimals = String(fraction + scale).dropFirst()
        while decimals.count > 1, decimals.last == "0" { decimals.removeLast() }
        return "\(units < 0 ? "-" : "")\(whole).\(decimals.isEmpty ? "0" : decimals)"
    }
}
