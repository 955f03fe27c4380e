import JSON

/// Fills ``ScannedFields``: the one pass over a record's bytes.
struct FieldScanner: Sendable {
    let keys: RecordKeys

    /// Passes the object at the scanner's offset and notes where its known members are.
    func scan(_ beginning: JSONScanner, in bytes: Span<UInt8>, into fields: inout ScannedFields) throws(JSONError)
        -> JSONScanner
    {
        fields.removeAll()
        var scanner = beginning
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            if let id = keys.members.id(of: name, in: bytes) {
                scanner = try member(id, scanner, in: bytes, into: &fields)
            } else {
                try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
        return scanner
    }

    /// As ``scan(_:in:into:)``, and notes the members of an object `data` or `payload` as well: they are mostly what counts.
    ///
    /// - Returns: The scanner behind the object; and where the object starts that `inner` is of, the last one, or -1.
    func scan(
        _ beginning: JSONScanner, in bytes: Span<UInt8>, into fields: inout ScannedFields, inner: inout ScannedFields
    ) throws(JSONError) -> (scanner: JSONScanner, innerStart: Int) {
        fields.removeAll()
        var innerStart = -1
        var scanner = beginning
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            switch keys.members.id(of: name, in: bytes) {
            case nil: try scanner.skipValue(in: bytes)
            case let id? where id == RecordKeys.data || id == RecordKeys.payload:
                if try scanner.kind(in: bytes) == .object {
                    innerStart = scanner.offset
                    scanner = try scan(scanner, in: bytes, into: &inner)
                    fields.note(ScannedValue(innerStart..<scanner.offset, .object), as: id)
                } else {
                    fields.note(try Self.value(&scanner, in: bytes), as: id)
                }
            case let id?: scanner = try member(id, scanner, in: bytes, into: &fields)
            }
            key = try scanner.nextKey(in: bytes)
        }
        return (scanner, innerStart)
    }

    /// Passes the value of a known member, and notes it.
    @inline(__always)
    private func member(
        _ id: UInt16, _ beginning: JSONScanner, in bytes: Span<UInt8>, into fields: inout ScannedFields
    ) throws(JSONError) -> JSONScanner {
        if let index = keys.objectIndex(id) {
            return try object(index, id, beginning, in: bytes, into: &fields)
        }
        var scanner = beginning
        fields.note(try Self.value(&scanner, in: bytes), as: id)
        return scanner
    }

    /// Passes a member whose own members count where it is an object; any other value is noted like that of a plain member.
    private func object(
        _ index: Int, _ id: UInt16, _ beginning: JSONScanner, in bytes: Span<UInt8>,
        into fields: inout ScannedFields
    ) throws(JSONError) -> JSONScanner {
        var scanner = beginning
        // An earlier member of the same name may have been an object.
        if fields[id] != nil { fields.remove(keys.objects[index].ids) }
        guard try scanner.kind(in: bytes) == .object else {
            fields.note(try Self.value(&scanner, in: bytes), as: id)
            return scanner
        }
        let start = scanner.offset
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            if let id = keys.objects[index].members.id(of: name, in: bytes) {
                fields.note(try Self.value(&scanner, in: bytes), as: id)
            } else {
                try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
        fields.note(ScannedValue(start..<scanner.offset, .object), as: id)
        return scanner
    }

    /// Passes one value.
    @inline(__always)
    static func value(_ scanner: inout JSONScanner, in bytes: Span<UInt8>) throws(JSONError) -> ScannedValue {
        let kind = try scanner.kind(in: bytes)
        switch kind {
        case .string:
            let string = try scanner.string(in: bytes)
            return ScannedValue(string.range, kind, isEscaped: string.isEscaped)
        case .number: return ScannedValue(try scanner.number(in: bytes), kind)
        default:
            let start = scanner.offset
            try scanner.skipValue(in: bytes)
            return ScannedValue(start..<scanner.offset, kind)
        }
    }
}
