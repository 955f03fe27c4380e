/// The range of numbers that a field allows.
package struct NumberBounds: Sendable {
    /// One end of the range.
    package struct Bound: Sendable {
        /// A JSON number, as shown in messages.
        package var text: String
        package var isExclusive = false

        package init(_ text: String, isExclusive: Bool = false) { (self.text, self.isExclusive) = (text, isExclusive) }
    }

    package var minimum: Bound?
    package var maximum: Bound?

    package init(minimum: Bound? = nil, maximum: Bound? = nil) { (self.minimum, self.maximum) = (minimum, maximum) }

    package static func within(_ range: ClosedRange<Int>) -> NumberBounds {
        NumberBounds(minimum: Bound("\(range.lowerBound)"), maximum: Bound("\(range.upperBound)"))
    }

    package static func from(_ minimum: Int) -> NumberBounds { NumberBounds(minimum: Bound("\(minimum)")) }

    package static func above(_ minimum: Int) -> NumberBounds {
        NumberBounds(minimum: Bound("\(minimum)", isExclusive: true))
    }

    /// The allowed numbers in words; nil if all are allowed.
    package var rule: String? {
        if let minimum, let maximum, !minimum.isExclusive, !maximum.isExclusive {
            return "\(minimum.text)...\(maximum.text)"
        }
        let rules = [
            minimum.map { $0.isExclusive ? "above \($0.text)" : "\($0.text) or more" },
            maximum.map { $0.isExclusive ? "below \($0.text)" : "\($0.text) or less" },
        ]
        return minimum == nil && maximum == nil ? nil : rules.compactMap { $0 }.joined(separator: ", ")
    }

    /// Returns what is wrong with a number outside of the bounds.
    func problem(isTooLow: Bool) -> String {
        if let minimum, let maximum, !minimum.isExclusive, !maximum.isExclusive {
            return "is outside \(minimum.text)...\(maximum.text)"
        }
        guard let bound = isTooLow ? minimum : maximum else { return "is not allowed" }
        return "is " + (bound.isExclusive ? "not " : "") + (isTooLow == bound.isExclusive ? "above " : "below ")
            + bound.text
    }
}

/// ``NumberBounds`` in a trivial layout, for the decoder.
struct NumberLimits: Sendable {
    private struct Limit: Sendable {
        var value: DecimalValue
        var isExclusive: Bool

        init(_ bound: NumberBounds.Bound) {
            let text = Array(bound.text.utf8)
            (value, isExclusive) = (DecimalValue(0..<text.count, of: text.span), bound.isExclusive)
        }
    }

    private let minimum: Limit?
    private let maximum: Limit?

    init(_ bounds: NumberBounds) {
        (minimum, maximum) = (bounds.minimum.map(Limit.init), bounds.maximum.map(Limit.init))
    }

    func isTooLow(_ value: DecimalValue) -> Bool {
        guard let minimum else { return false }
        return minimum.isExclusive ? !(minimum.value < value) : value < minimum.value
    }

    func isTooHigh(_ value: DecimalValue) -> Bool {
        guard let maximum else { return false }
        return maximum.isExclusive ? !(value < maximum.value) : maximum.value < value
    }
}
