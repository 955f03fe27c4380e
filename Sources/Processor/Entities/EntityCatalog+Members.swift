import Basics
import JSON

/// The members of records, for commands that check what producers write.
extension EntityCatalog {
    /// The names of all members from which fields are read, without those inside other members.
    package var memberNames: [String] {
        schemas.flatMap { schema in schema.fields.flatMap(\.sources).filter { $0.object == nil }.map(\.member) }
    }

    /// Returns the names of a payload's members that no kind reads; none if the payload is not a JSON object.
    ///
    /// - Parameter payload: The payload; the members of an object `payload` or `data` are included.
    package func unknownMembers(of payload: [UInt8]) -> [[UInt8]] {
        var scanner = JSONScanner()
        var found: [[UInt8]] = []
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: payload.span)
            guard try scanner.kind(in: payload.span) == .object else { return [] }
            try addUnknownMembers(&scanner, in: payload.span, isInner: false, to: &found)
        } catch {
            return []
        }
        return found
    }

    private func addUnknownMembers(
        _ scanner: inout JSONScanner, in bytes: Span<UInt8>, isInner: Bool, to found: inout [[UInt8]]
    ) throws(JSONError) {
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            let id = keys.members.id(of: name, in: bytes)
            if !isInner, id == RecordKeys.payload || id == RecordKeys.data, try scanner.kind(in: bytes) == .object {
                try addUnknownMembers(&scanner, in: bytes, isInner: true, to: &found)
            } else {
                try scanner.skipValue(in: bytes)
            }
            if id == nil {
                var text: [UInt8] = []
                JSONEscape.append(name, of: bytes, to: &text)
                found.append(text)
            }
            key = try scanner.nextKey(in: bytes)
        }
    }
}
