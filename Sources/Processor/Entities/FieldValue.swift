/// The value of one field of one record; texts are stored in the batch's ``TextStorage``.
package enum FieldValue: Sendable, Hashable {
    case absent
    case text(Text)
    case number(Number)
    case integer(Int64)
    case boolean(Bool)
    case date(CalendarDate)
    case timestamp(Timestamp)
    case list(TextList)
    /// The index of the word among the field's choices.
    case choice(UInt8)
    case prices(TicketPrices)
}

/// A type that typed views can read from a ``FieldValue``.
protocol FieldValueReadable {
    init?(_ value: FieldValue)
}

extension Text: FieldValueReadable {
    init?(_ value: FieldValue) {
        guard case .text(let text) = value else { return nil }
        self = text
    }
}

extension Number: FieldValueReadable {
    init?(_ value: FieldValue) {
        guard case .number(let number) = value else { return nil }
        self = number
    }
}

extension Int64: FieldValueReadable {
    init?(_ value: FieldValue) {
        guard case .integer(let integer) = value else { return nil }
        self = integer
    }
}

extension Timestamp: FieldValueReadable {
    init?(_ value: FieldValue) {
        guard case .timestamp(let timestamp) = value else { return nil }
        self = timestamp
    }
}

extension FieldValueReadable where Self: FieldChoice {
    init?(_ value: FieldValue) {
        guard case .choice(let index) = value, Int(index) < Self.allCases.count else { return nil }
        self = Self.allCases[Int(index)]
    }
}

extension Concert.Status: FieldValueReadable {}
