import JSON

/// A kept text of a batch: where its UTF-8 stands in the batch's ``TextStorage``.
///
/// Two 32-bit numbers rather than a `String`: a batch of 10,000 records keeps its texts in one buffer, which the
/// next batch uses again, instead of in 50,000 allocations. `batch.string(text)` makes a `String` of one.
public struct Text: Sendable, Hashable {
    var start: UInt32
    var count: UInt32

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

extension Text {
    /// - Parameter range: Of a storage's bytes; the decoder stops a batch long before 4 GiB
    ///   (``DataDecoder``'s limit), so both numbers fit.
    @inline(__always)
    init(_ range: Range<Int>) {
        self.init(start: UInt32(truncatingIfNeeded: range.lowerBound), count: UInt32(truncatingIfNeeded: range.count))
    }
}

/// A JSON number as it was written, such as `48.50`, so that no digit is lost on the way to a decimal column.
public struct Number: Sendable, Hashable {
    public var text: Text

    /// The digit that every ``TextStorage`` starts with.
    static let zero = Number(text: Text(start: 0, count: 1))
}

/// Several kept texts in order.
public struct TextList: Sendable, Hashable {
    var start: UInt32
    /// How many texts; never 0, for an empty list counts as absent.
    public var count: UInt32
}

/// Ticket tiers with their prices, in the order they came; tiers are unique, and there is at least one.
public struct TicketPrices: Sendable, Hashable {
    /// Tier, price, tier, price...; the prices are JSON numbers.
    var pairs: TextList
}
