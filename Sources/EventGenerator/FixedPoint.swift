/// A number with a fixed count of decimals, so that prices multiply and add up exactly.
struct FixedPoint: Sendable {
    /// The number times ten to the power of `decimalPlaces`.
    var units: Int
    var decimalPlaces: Int

    init(_ units: Int, decimalPlaces: Int) { (self.units, self.decimalPlaces) = (units, decimalPlaces) }

    init(cents: Int) { self.init(cents, decimalPlaces: 2) }
}

/// Text: as Python prints a `float`, with one decimal at least: `59.5`, `60.0`.
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
