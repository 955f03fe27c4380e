import Basics
import JSON

/// A scanner that fills ``ScannedFields`` in one pass over a record's bytes.
struct FieldScanner: Sendable {
    let keys: RecordKeys

    /// Scans the object at the scanner's offset, and stores the ranges of its known members.
    func scan(_ beginning: JSONScanner, in bytes: Span<UInt8>, into fields: inout ScannedFields) throws(JSONError)
        -> JSONScanner
    {
        fields.removeAll()
        let stamp = fields.stamp
        var slots = fields.members.mutableSpan
        var scanner = beginning
        var key = try scanner.openObject(in: bytes)
        while let id = try plainMembers(from: key, &scanner, in: bytes, into: &slots, stamp) {
            scanner = try object(id, scanner, in: bytes, into: &slots, stamp)
            key = try scanner.nextKey(in: bytes)
        }
        return scanner
    }

    /// The same as ``scan(_:in:into:)``, and also stores the members of an object `data` or `payload`, which usually has the
    /// fields.
    ///
    /// - Returns: The scanner after the object; and the start of the last object whose members are in `inner`, or -1.
    func scan(
        _ beginning: JSONScanner, in bytes: Span<UInt8>, into fields: inout ScannedFields, inner: inout ScannedFields
    ) throws(JSONError) -> (scanner: JSONScanner, innerStart: Int) {
        fields.removeAll()
        let stamp = fields.stamp
        var slots = fields.members.mutableSpan
        var innerStart = -1
        var scanner = beginning
        var key = try scanner.openObject(in: bytes)
        while let id = try plainMembers(from: key, &scanner, in: bytes, into: &slots, stamp) {
            if id < RecordKeys.firstObject, try scanner.kind(in: bytes) == .object {
                innerStart = scanner.offset
                scanner = try scan(scanner, in: bytes, into: &inner)
                slots[Int(id)].value = ScannedValue(innerStart..<scanner.offset, .object).marked(stamp)
            } else {
                scanner = try object(id, scanner, in: bytes, into: &slots, stamp)
            }
            key = try scanner.nextKey(in: bytes)
        }
        return (scanner, innerStart)
    }

    /// Scans a member whose own members are stored if it is an object; any other value is stored like that of a plain member.
    private func object(
        _ id: UInt16, _ beginning: JSONScanner, in bytes: Span<UInt8>,
        into slots: inout MutableSpan<ScannedFields.Member>,
        _ stamp: UInt16
    ) throws(JSONError) -> JSONScanner {
        var scanner = beginning
        let members = keys.members(of: id)
        // An earlier member of the same name may have been an object.
        if let members, slots[Int(id)].value.stamp == stamp {
            for id in members { slots[Int(id)].value = ScannedValue(0..<0, .null) }
        }
        guard members != nil, try scanner.kind(in: bytes) == .object else {
            let value = try Self.value(&scanner, in: bytes)
            slots[Int(id)].value = value.marked(stamp)
            return scanner
        }
        let start = scanner.offset
        let key = try scanner.openObject(in: bytes)
        _ = try plainMembers(from: key, &scanner, in: bytes, into: &slots, stamp, scope: UInt32(id))
        slots[Int(id)].value = ScannedValue(start..<scanner.offset, .object).marked(stamp)
        return scanner
    }

    /// Scans an object's members from the current key on, and stores the known ones.
    ///
    /// A producer's objects usually have their members in one order, so each member is first compared with the one that followed
    /// its predecessor in the last object.
    ///
    /// - Parameter scope: The scope in ``RecordKeys/members``.
    /// - Returns: The ID of the next member whose own members may be stored, after its key; nil at the end of the object.
    private func plainMembers(
        from first: JSONString?, _ beginning: inout JSONScanner, in bytes: Span<UInt8>,
        into slots: inout MutableSpan<ScannedFields.Member>, _ stamp: UInt16, scope: UInt32 = 0
    ) throws(JSONError) -> UInt16? {
        var scanner = beginning
        var key = first
        // The member before the key, in this object.
        var last: UInt16?
        while let name = key {
            let found = keys.members.id(of: name, in: bytes, scope: scope)
            if let last { slots[Int(last)].follower = found ?? last }
            if var id = found {
                repeat {
                    if keys.isContainer(id) {
                        beginning = scanner
                        return id
                    }
                    if let text = scanner.shortString(in: bytes) {
                        slots[Int(id)].value = ScannedValue(text, .string).marked(stamp)
                    } else {
                        let value = try Self.value(&scanner, in: bytes)
                        slots[Int(id)].value = value.marked(stamp)
                    }
                    last = id
                    id = slots[Int(id)].follower
                } while scanner.pass(keys.quoted[Int(id)], in: bytes)
            } else {
                last = nil
                try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
        beginning = scanner
        return nil
    }

    /// Scans one value.
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
