import JSON

/// Where one field's value stands in a payload; a string's range leaves the quotes out.
struct FieldValue: Sendable, Equatable {
    var start: Int32
    var end: Int32
    var kind: JSONKind
    var isEscaped: Bool

    var range: Range<Int> { Int(start)..<Int(end) }

    /// The value as it stands in the JSON text, quotes included.
    var rawRange: Range<Int> { kind == .string ? Int(start) - 1..<Int(end) + 1 : range }
}

/// The known fields of one JSON object: filled in one pass, read by name afterwards.
///
/// A field that is `null` is absent; of duplicate keys the last one wins.
struct FieldTable: Sendable {
    /// One bit for each field that is given.
    private var given: UInt64 = 0
    private var values = [FieldValue](
        repeating: FieldValue(start: 0, end: 0, kind: .null, isEscaped: false), count: 64)

    subscript(field: Field) -> FieldValue? {
        @inline(__always)
        get { given & Self.bit(field.rawValue) == 0 ? nil : values[Int(field.rawValue)] }
        set { note(newValue ?? FieldValue(start: 0, end: 0, kind: .null, isEscaped: false), as: field.rawValue) }
    }

    /// - Parameter id: A field's raw value.
    @inline(__always)
    mutating func note(_ value: FieldValue, as id: UInt8) {
        if value.kind == .null {
            given &= ~Self.bit(id)
        } else {
            given |= Self.bit(id)
            values[Int(id)] = value
        }
    }

    mutating func removeAll() { given = 0 }

    @inline(__always)
    private static func bit(_ id: UInt8) -> UInt64 { 1 &<< UInt64(id) }
}

/// Fills a ``FieldTable``: the one pass over a payload's bytes.
struct FieldScanner: Sendable {
    private let keys = KeyTable(Field.atTopLevel.map { ($0.name.description, $0.rawValue) })
    private let rawDataKeys = KeyTable(Field.insideRawData.map { ($0.name.description, $0.rawValue) })
    private let locationKeys = KeyTable(Field.insideLocation.map { ($0.name.description, $0.rawValue) })

    /// Passes the object at the scanner's offset and notes where its known fields stand.
    func scan(_ beginning: JSONScanner, in bytes: Span<UInt8>, into table: inout FieldTable) throws(JSONError)
        -> JSONScanner
    {
        table.removeAll()
        var scanner = beginning
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            if let id = keys.id(of: name, in: bytes) {
                scanner = try member(id, scanner, in: bytes, into: &table)
            } else {
                try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
        return scanner
    }

    /// As ``scan(_:in:into:)``, and notes the fields of an object `data` or `payload` as well: mostly they are what counts.
    ///
    /// - Returns: Behind the object; and where the object stands that `inner` is of, the last one, or -1.
    func scan(
        _ beginning: JSONScanner, in bytes: Span<UInt8>, into table: inout FieldTable, inner: inout FieldTable
    ) throws(JSONError) -> (scanner: JSONScanner, innerStart: Int) {
        table.removeAll()
        var innerStart = -1
        var scanner = beginning
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            switch keys.id(of: name, in: bytes) {
            case nil: try scanner.skipValue(in: bytes)
            case let id? where id == Field.data.rawValue || id == Field.payload.rawValue:
                if try scanner.kind(in: bytes) == .object {
                    innerStart = scanner.offset
                    scanner = try scan(scanner, in: bytes, into: &inner)
                    let value = FieldValue(
                        start: Int32(innerStart), end: Int32(scanner.offset), kind: .object, isEscaped: false)
                    table.note(value, as: id)
                } else {
                    table.note(try Self.value(&scanner, in: bytes), as: id)
                }
            case let id?: scanner = try member(id, scanner, in: bytes, into: &table)
            }
            key = try scanner.nextKey(in: bytes)
        }
        return (scanner, innerStart)
    }

    /// Passes the value of a known field, and notes it.
    @inline(__always)
    private func member(
        _ id: UInt8, _ beginning: JSONScanner, in bytes: Span<UInt8>, into table: inout FieldTable
    ) throws(JSONError) -> JSONScanner {
        switch id {
        case Field.rawData.rawValue:
            return try scan(
                .rawData, inside: rawDataKeys, of: Field.insideRawData, beginning, in: bytes, into: &table)
        case Field.location.rawValue:
            return try scan(
                .location, inside: locationKeys, of: Field.insideLocation, beginning, in: bytes, into: &table)
        default:
            var scanner = beginning
            table.note(try Self.value(&scanner, in: bytes), as: id)
            return scanner
        }
    }

    /// Passes an object whose own members count, too; any other value is noted like that of a plain field.
    private func scan(
        _ field: Field, inside keys: KeyTable, of members: [Field], _ beginning: JSONScanner, in bytes: Span<UInt8>,
        into table: inout FieldTable
    ) throws(JSONError) -> JSONScanner {
        var scanner = beginning
        for member in members { table[member] = nil }
        guard try scanner.kind(in: bytes) == .object else {
            table[field] = try Self.value(&scanner, in: bytes)
            return scanner
        }
        let start = scanner.offset
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            if let id = keys.id(of: name, in: bytes) {
                table.note(try Self.value(&scanner, in: bytes), as: id)
            } else {
                try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
        table[field] = FieldValue(start: Int32(start), end: Int32(scanner.offset), kind: .object, isEscaped: false)
        return scanner
    }

    /// Passes one value.
    ///
    /// Payloads are far below 2 GiB, which the decoder checks before it starts.
    @inline(__always)
    static func value(_ scanner: inout JSONScanner, in bytes: Span<UInt8>) throws(JSONError) -> FieldValue {
        let kind = try scanner.kind(in: bytes)
        switch kind {
        case .string:
            let string = try scanner.string(in: bytes)
            return FieldValue(
                start: Int32(truncatingIfNeeded: string.range.lowerBound),
                end: Int32(truncatingIfNeeded: string.range.upperBound), kind: kind,
                isEscaped: string.isEscaped)
        case .number:
            let range = try scanner.number(in: bytes)
            return FieldValue(
                start: Int32(truncatingIfNeeded: range.lowerBound), end: Int32(truncatingIfNeeded: range.upperBound),
                kind: kind, isEscaped: false)
        default:
            let start = scanner.offset
            try scanner.skipValue(in: bytes)
            return FieldValue(start: Int32(start), end: Int32(scanner.offset), kind: kind, isEscaped: false)
        }
    }
}
