import JSON

/// Where one field's value stands in a payload; a string's range leaves the quotes out.
struct FieldValue: Sendable, Equatable {
    var start: Int32
    var end: Int32
    var kind: JSONKind
    var isEscaped: Bool

    var range: Range<Int> { Int(start)..<Int(end) }

    static func object(_ range: Range<Int>) -> FieldValue {
        FieldValue(
            start: Int32(truncatingIfNeeded: range.lowerBound), end: Int32(truncatingIfNeeded: range.upperBound),
            kind: .object, isEscaped: false)
    }
}

/// The known fields of one JSON object: filled in one pass, read by name afterwards.
///
/// A field that is `null` is absent; of duplicate keys the last one wins.
struct FieldTable: Sendable {
    /// Fields that are given, a bit for each.
    struct Fields: Sendable, Equatable {
        var bits: UInt64 = 0

        @inline(__always)
        func contains(_ id: UInt8) -> Bool { bits & Self.bit(id) != 0 }

        @inline(__always)
        mutating func insert(_ id: UInt8) { bits |= Self.bit(id) }

        @inline(__always)
        mutating func remove(_ id: UInt8) { bits &= ~Self.bit(id) }

        /// Fields that stand inside of another are absent from now on.
        mutating func removeMembers(of field: Field) {
            switch field {
            case .rawData: for member in Field.insideRawData { remove(member.rawValue) }
            case .location: for member in Field.insideLocation { remove(member.rawValue) }
            default: break
            }
        }

        @inline(__always)
        private static func bit(_ id: UInt8) -> UInt64 { 1 &<< UInt64(id) }
    }

    var given = Fields()
    /// A place for each field, by its raw value.
    var values = [FieldValue](
        repeating: FieldValue(start: 0, end: 0, kind: .null, isEscaped: false), count: Self.size)

    /// More than there are fields.
    static let size = 64

    subscript(field: Field) -> FieldValue? {
        @inline(__always)
        get { given.contains(field.rawValue) ? values[Int(field.rawValue)] : nil }
        set { note(newValue ?? FieldValue(start: 0, end: 0, kind: .null, isEscaped: false), as: field.rawValue) }
    }

    /// - Parameter id: A field's raw value.
    @inline(__always)
    mutating func note(_ value: FieldValue, as id: UInt8) {
        if value.kind == .null {
            given.remove(id)
        } else {
            given.insert(id)
            values[Int(id)] = value
        }
    }

    mutating func removeAll() { given = Fields() }
}
