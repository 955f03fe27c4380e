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

/// The kept texts of one batch, end to end.
struct TextStorage: Sendable {
    var bytes: [UInt8] = [UInt8(ascii: "0")]
    var items: [Text] = []

    /// Memory in use, in bytes.
    var size: Int { bytes.count + items.count * MemoryLayout<Text>.stride }

    /// Forgets everything but ``Number/zero``, and keeps the memory.
    mutating func removeAll() {
        bytes.removeLast(bytes.count - 1)
        items.removeAll(keepingCapacity: true)
    }

    /// What was added since `mark` was taken is forgotten.
    mutating func roll(back mark: Mark) {
        bytes.removeLast(bytes.count - mark.bytes)
        items.removeLast(items.count - mark.items)
    }

    /// A point to go back to.
    struct Mark: Sendable {
        var bytes: Int
        var items: Int
    }

    var mark: Mark { Mark(bytes: bytes.count, items: items.count) }

    func string(_ text: Text) -> String { bytes.span.string(text.range) }

    /// Makes a text of `range`, a part of `bytes`.
    ///
    /// The decoder stops a batch long before 4 GiB (``EventDecoder/batchTextLimit``), so both numbers fit.
    func text(_ range: Range<Int>) -> Text { Text(start: UInt32(range.lowerBound), count: UInt32(range.count)) }

    func list(from start: Int) -> TextList? {
        guard items.count > start else { return nil }
        return TextList(start: UInt32(start), count: UInt32(items.count - start))
    }
}
