import JSON

/// Where one field's value stands in a payload; a string's range leaves the quotes out.
struct FieldValue: Sendable {
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
    private var given: UInt64 = 0
    private var values = [FieldValue](
        repeating: FieldValue(start: 0, end: 0, kind: .null, isEscaped: false), count: 64)

    @inline(__always)
    subscript(field: Field) -> FieldValue? {
        get { given >> UInt64(field.rawValue) & 1 == 1 ? values[Int(field.rawValue)] : nil }
        set {
            let bit = UInt64(1) << UInt64(field.rawValue)
            guard let newValue, newValue.kind != .null else {
                given &= ~bit
                return
            }
            given |= bit
            values[Int(field.rawValue)] = newValue
        }
    }

    mutating func removeAll() { given = 0 }
}

/// Fills a ``FieldTable``: the one pass over a payload's bytes.
struct FieldScanner: Sendable {
    private let keys = KeyTable(Field.atTopLevel.map { ($0.name.description, $0.rawValue) })
    private let rawDataKeys = KeyTable(Field.insideRawData.map { ($0.name.description, $0.rawValue) })
    private let locationKeys = KeyTable(Field.insideLocation.map { ($0.name.description, $0.rawValue) })

    /// Passes the object at the scanner's offset and notes where its known fields stand.
    func scan(_ scanner: inout JSONScanner, in bytes: Span<UInt8>, into table: inout FieldTable) throws(JSONError) {
        table.removeAll()
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            if let field = keys.id(of: name, in: bytes).flatMap(Field.init(rawValue:)) {
                try scan(field, &scanner, in: bytes, into: &table)
            } else {
                try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
    }

    private func scan(
        _ field: Field, _ scanner: inout JSONScanner, in bytes: Span<UInt8>, into table: inout FieldTable
    ) throws(JSONError) {
        switch field {
        case .rawData:
            try scan(field, inside: rawDataKeys, of: Field.insideRawData, &scanner, in: bytes, into: &table)
        case .location:
            try scan(field, inside: locationKeys, of: Field.insideLocation, &scanner, in: bytes, into: &table)
        default: table[field] = try Self.value(&scanner, in: bytes)
        }
    }

    /// Passes an object whose own members count, too; any other value is noted like that of a plain field.
    private func scan(
        _ field: Field, inside keys: KeyTable, of members: [Field], _ scanner: inout JSONScanner, in bytes: Span<UInt8>,
        into table: inout FieldTable
    ) throws(JSONError) {
        for member in members { table[member] = nil }
        guard try scanner.kind(in: bytes) == .object else {
            table[field] = try Self.value(&scanner, in: bytes)
            return
        }
        let start = scanner.offset
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            if let member = keys.id(of: name, in: bytes).flatMap(Field.init(rawValue:)) {
                table[member] = try Self.value(&scanner, in: bytes)
            } else {
                try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
        table[field] = FieldValue(start: Int32(start), end: Int32(scanner.offset), kind: .object, isEscaped: false)
    }

    /// Passes one value.
    ///
    /// Payloads are far below 2 GiB, which the decoder checks before it starts.
    static func value(_ scanner: inout JSONScanner, in bytes: Span<UInt8>) throws(JSONError) -> FieldValue {
        let kind = try scanner.kind(in: bytes)
        switch kind {
        case .string:
            let string = try scanner.string(in: bytes)
            return FieldValue(
                start: Int32(string.range.lowerBound), end: Int32(string.range.upperBound), kind: kind,
                isEscaped: string.isEscaped)
        case .number:
            let range = try scanner.number(in: bytes)
            return FieldValue(
                start: Int32(range.lowerBound), end: Int32(range.upperBound), kind: kind, isEscaped: false)
        default:
            let start = scanner.offset
            try scanner.skipValue(in: bytes)
            return FieldValue(start: Int32(start), end: Int32(scanner.offset), kind: kind, isEscaped: false)
        }
    }
}
