import JSON

/// A text of a batch: the range of its UTF-8 in the batch's ``TextStorage``.
///
/// Two 32-bit numbers instead of a `String`: a batch of 10,000 records stores its texts in one buffer, which the next
/// batch reuses, instead of in 50,000 allocations. `batch.string(text)` returns a `String`.
package struct Text: Sendable, Hashable {
    var start: UInt32
    var count: UInt32

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

extension Text {
    /// - Parameter range: The range in the storage's bytes. Both numbers fit because ``DataDecoder`` limits a batch far below
    ///   4 GiB.
    @inline(__always)
    init(_ range: Range<Int>) {
        self.init(start: UInt32(truncatingIfNeeded: range.lowerBound), count: UInt32(truncatingIfNeeded: range.count))
    }
}

/// A JSON number as text, such as `48.50`, so that decimal columns receive all digits.
package struct Number: Sendable, Hashable {
    package var text: Text

    /// The digit that every ``TextStorage`` starts with.
    static let zero = Number(text: Text(start: 0, count: 1))
}

/// A list of texts.
package struct TextList: Sendable, Hashable {
    var start: UInt32
    /// The number of texts; never 0, because an empty list counts as absent.
    package var count: UInt32
}

/// Ticket tiers with their prices, in the order of the record: at least one, without duplicates.
package struct TicketPrices: Sendable, Hashable {
    /// Alternating tiers and prices; prices are JSON numbers.
    var pairs: TextList
}
