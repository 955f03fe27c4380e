import JSON

/// Fills a ``FieldTable``: the one pass over a payload's bytes.
struct FieldScanner: Sendable {
    let keys = KeyTable(Field.atTopLevel.map { ($0.name.description, $0.rawValue) })
    let rawDataKeys = KeyTable(Field.insideRawData.map { ($0.name.description, $0.rawValue) })
    let locationKeys = KeyTable(Field.insideLocation.map { ($0.name.description, $0.rawValue) })

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
                    table.note(.object(innerStart..<scanner.offset), as: id)
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
                .rawData, inside: rawDataKeys, beginning, in: bytes, into: &table)
        case Field.location.rawValue:
            return try scan(
                .location, inside: locationKeys, beginning, in: bytes, into: &table)
        default:
            var scanner = beginning
            table.note(try Self.value(&scanner, in: bytes), as: id)
            return scanner
        }
    }

    /// Passes an object whose own members count, too; any other value is noted like that of a plain field.
    private func scan(
        _ field: Field, inside keys: KeyTable, _ beginning: JSONScanner, in bytes: Span<UInt8>,
        into table: inout FieldTable
    ) throws(JSONError) -> JSONScanner {
        var scanner = beginning
        table.given.removeMembers(of: field)
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
        table[field] = .object(start..<scanner.offset)
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
