import JSON

/// A sum of prices, exact to the ten-thousandth; it saturates at its limit.
struct Money: Sendable, Equatable, CustomStringConvertible {
    private var tenThousandths: Int64 = 0

    /// A hundred billion, which no window reaches.
    private static let limit: Int64 = 1_000_000_000_000_000

    init() {}

    init(_ value: DecimalValue, times quantity: Int64 = 1) {
        self.init()
        let power = value.exponent + 4
        guard value.significand != 0, power > -20 else { return }
        guard power < 16 else {
            tenThousandths = value.isNegative ? -Self.limit : Self.limit
            return
        }
        var scale: Int128 = 1
        for _ in 0..<abs(power) { scale *= 10 }
        let magnitude = Int128(value.significand) * Int128(quantity)
        let scaled = min(Int128(Self.limit), power >= 0 ? magnitude * scale : magnitude / scale)
        tenThousandths = Int64(value.isNegative ? -scaled : scaled)
    }

    /// - Parameter text: In the format of ``description``; any other text is zero.
    init(_ text: String?) {
        self.init()
        guard let text else { return }
        let bytes = Array(text.utf8)
        var scanner = JSONScanner()
        guard (try? scanner.number(in: bytes.span)) == 0..<bytes.count else { return }
        self = Money(DecimalValue(0..<bytes.count, of: bytes.span))
    }

    mutating func add(_ other: Money) {
        tenThousandths = max(-Self.limit, min(Self.limit, tenThousandths + other.tenThousandths))
    }

    /// The approximate value, for metrics, which are binary numbers.
    var approximate: Double { Double(tenThousandths) / 10_000 }

    /// The sum with two decimals, or with four if necessary, for example `48.50`.
    var description: String {
        let (whole, rest) = tenThousandths.magnitude.quotientAndRemainder(dividingBy: 10_000)
        let digits = String(10_000 + rest).dropFirst()
        return (tenThousandths < 0 ? "-" : "") + "\(whole)." + (digits.hasSuffix("00") ? digits.prefix(2) : digits)
    }
}
