import Basics
import JSON

/// A decoder of a record's JSON into the values of its fields: scans the bytes once, then reads the fields of the kind.
///
/// A decoder reuses its memory for all records; ``storage`` has the values of all of them.
struct PayloadDecoder: Sendable {
    let catalog: EntityCatalog
    let plans: DecodingPlans
    /// A copy of the plans' sources, which are read for each field.
    let sources: [DecodingPlans.Source]
    var storage: TextStorage
    /// A buffer for a text whose escapes are resolved.
    var unescaped: [UInt8] = []
    /// The members of the current object.
    var fields: ScannedFields
    /// The members of an object inside the current one, and its start.
    private var inner: (fields: ScannedFields, start: Int)
    private let scanner: FieldScanner

    /// The most nested objects `data` that are unwrapped.
    private static let wrappings = 2

    init(_ catalog: EntityCatalog = .builtIn) {
        (self.catalog, plans, sources) = (catalog, catalog.plans, catalog.plans.sources)
        storage = TextStorage(constants: catalog.plans.constants)
        fields = ScannedFields(count: catalog.keys.names.count)
        inner = (ScannedFields(count: catalog.keys.names.count), -1)
        scanner = FieldScanner(keys: catalog.keys)
    }

    /// Appends the record to `records`; nothing if it is a test record.
    ///
    /// - Parameters:
    ///   - bytes: The bytes of the record, which zeros may follow; with enough zeros, the end is scanned as fast as the rest.
    ///   - count: The number of bytes that belong to the record; nil for all.
    /// - Throws: ``PayloadError`` if the bytes are not a valid record of a known kind; nothing of the record is stored then.
    mutating func decode(
        _ bytes: Span<UInt8>, count: Int? = nil, at position: RecordPosition, into records: inout [EntityRecord]
    ) throws(PayloadError) {
        let mark = storage.mark
        do throws(PayloadError) {
            guard let kind = try scannedKind(of: bytes, count: count ?? bytes.count) else { return }
            let first = try decodeFields(of: kind, in: bytes)
            records.append(EntityRecord(kind: kind, firstValue: UInt32(truncatingIfNeeded: first), position: position))
        } catch {
            storage.roll(back: mark)
            throw error
        }
    }

    /// Stores the members of the record's entity, in any of the supported shapes.
    ///
    /// - Returns: The kind; nil if the record is a test record.
    private mutating func scannedKind(of bytes: Span<UInt8>, count: Int) throws(PayloadError) -> EntityKind? {
        try scanRecord(bytes, count: count)
        var unwrapped = 0
        while true {
            if fields[RecordKeys.test]?.kind == .true { return nil }
            guard unwrapped < Self.wrappings, let inner = wrapped(in: bytes) else { break }
            try descend(into: inner, of: bytes)
            unwrapped += 1
        }
        var kind = try kindGiven(in: bytes)
        if let inner = try enveloped(in: bytes) {
            // Values of the envelope take precedence over those of the payload.
            let source = given(plans.source, in: bytes)
            let timestamp = given(plans.ingestionTimestamp, in: bytes)
            try descend(into: inner, of: bytes)
            if let source { fields.note(source, as: plans.source) }
            if let timestamp { fields.note(timestamp, as: plans.ingestionTimestamp) }
            if kind == nil { kind = try kindGiven(in: bytes) }
        }
        guard let kind = kind ?? inferredKind(in: bytes) else {
            let keys = catalog.inferenceKeys.joined(separator: ", ")
            throw PayloadError(.kind, "record has no data_type, and none of \(keys)")
        }
        return kind
    }

    /// Returns the ID of a bad record; nil if the kind is unknown or the record has no ID.
    mutating func idOfBadRecord(_ bytes: Span<UInt8>) -> String? {
        let mark = storage.mark
        defer { storage.roll(back: mark) }
        var kind: EntityKind?
        do throws(PayloadError) {
            kind = try scannedKind(of: bytes, count: bytes.count)
            guard kind != nil else { return nil }
        } catch {
            guard error.reason == .kind else { return nil }
            if let value = fields[RecordKeys.dataType], value.kind == .string, isGiven(value, in: bytes) {
                guard let index = word(value, of: plans.dataTypes, in: bytes) else { return nil }
                kind = plans.kinds[Int(index)]
            }
        }
        for (key, candidate) in plans.inferred where kind == nil || candidate == kind {
            guard let value = given(key, in: bytes), value.kind == .string else { continue }
            return storage.string(Text(appendTrimmed(value, in: bytes)))
        }
        return nil
    }

    /// Validates the whole record, and stores the members of its outermost object.
    private mutating func scanRecord(_ bytes: Span<UInt8>, count: Int) throws(PayloadError) {
        guard bytes.count <= Int32.max else { throw PayloadError(.json, "data is larger than 2 GiB") }
        var scanner = JSONScanner()
        var isObject = false
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes)
            isObject = try scanner.kind(in: bytes) == .object
            if isObject {
                (scanner, inner.start) = try self.scanner.scan(
                    scanner, in: bytes, into: &fields, inner: &inner.fields)
            } else {
                try scanner.skipValue(in: bytes)
            }
            try scanner.finish(in: bytes, count: count)
        } catch {
            // Invalid UTF-8 takes precedence over invalid JSON, regardless of their positions.
            if let offset = UTF8Sequence.firstInvalidOffset(in: bytes) {
                throw PayloadError(.utf8, "data is not UTF-8: \(JSONError.notUTF8(offset: offset))")
            }
            throw PayloadError(.json, "data is not JSON: \(error)")
        }
        guard isObject else { throw PayloadError(.kind, "record is not a JSON object") }
    }

    /// Stores the members of an object inside the record, which has been validated.
    private mutating func descend(into value: ScannedValue, of bytes: Span<UInt8>) throws(PayloadError) {
        if inner.start == Int(value.start) {
            inner.start = -1
            return swap(&fields, &inner.fields)
        }
        do throws(JSONError) {
            _ = try scanner.scan(JSONScanner(at: value.range.lowerBound), in: bytes, into: &fields)
        } catch {
            throw PayloadError(.json, "data is not JSON: \(error)")
        }
    }
}

/// The shapes that a record may have.
extension PayloadDecoder {
    /// Returns the object `data`, if its siblings are neither a kind nor an entity's ID.
    private mutating func wrapped(in bytes: Span<UInt8>) -> ScannedValue? {
        guard let data = fields[RecordKeys.data], data.kind == .object, inferredKind(in: bytes) == nil else {
            return nil
        }
        // A kind of a wrong type counts as present, and is rejected later.
        if let dataType = fields[RecordKeys.dataType], dataType.kind != .string || isGiven(dataType, in: bytes) {
            return nil
        }
        return data
    }

    /// Returns the object `payload`; nil if the record has none.
    private mutating func enveloped(in bytes: Span<UInt8>) throws(PayloadError) -> ScannedValue? {
        guard let payload = fields[RecordKeys.payload] else { return nil }
        guard payload.kind == .object else {
            throw PayloadError(.kind, "record.payload: \(shown(payload, in: bytes)) is not an object")
        }
        return isGiven(payload, in: bytes) ? payload : nil
    }

    private mutating func kindGiven(in bytes: Span<UInt8>) throws(PayloadError) -> EntityKind? {
        guard let value = fields[RecordKeys.dataType] else { return nil }
        guard value.kind == .string else {
            throw PayloadError(.kind, "record.data_type: \(shown(value, in: bytes)) is not text")
        }
        guard isGiven(value, in: bytes) else { return nil }
        if let index = word(value, of: plans.dataTypes, in: bytes) { return plans.kinds[Int(index)] }
        throw PayloadError(
            .kind, "record.data_type: \(shown(value, in: bytes)) is not one of \(plans.dataTypes.known)")
    }

    private mutating func inferredKind(in bytes: Span<UInt8>) -> EntityKind? {
        for index in plans.inferred.indices where given(plans.inferred[index].key, in: bytes) != nil {
            return plans.inferred[index].kind
        }
        return nil
    }

    /// Returns a member's value; nil if it is missing or empty: blank text, `[]` or `{}`.
    @inline(__always)
    func given(_ id: UInt16, in bytes: Span<UInt8>) -> ScannedValue? {
        guard let value = fields[id], isGiven(value, in: bytes) else { return nil }
        return value
    }

    @inline(__always)
    func isGiven(_ value: ScannedValue, in bytes: Span<UInt8>) -> Bool {
        if value.kind == .number { return true }
        // Usually the first character of a text decides.
        let first = bytes.byte(at: Int(value.start))
        if value.kind == .string, value.start < value.end, 0x20 < first, first < 0x7F, first != UInt8(ascii: "\\") {
            return true
        }
        return isAnyGiven(value, in: bytes)
    }

    private func isAnyGiven(_ value: ScannedValue, in bytes: Span<UInt8>) -> Bool {
        switch value.kind {
        case .null: return false
        case .string:
            guard value.isEscaped else { return !WhiteSpace.trimmed(value.range, of: bytes).isEmpty }
            // Letters of other alphabets are usually written in this way.
            if bytes.byte(at: Int(value.start) + 1) == UInt8(ascii: "u"),
                bytes.byte(at: Int(value.start)) == UInt8(ascii: "\\"),
                let unit = JSONEscape.codeUnit(in: bytes, at: Int(value.start) + 2), !WhiteSpace.contains(unit)
            {
                return true
            }
            var text: [UInt8] = []
            JSONEscape.append(JSONString(range: value.range, isEscaped: true), of: bytes, to: &text)
            return !WhiteSpace.trimmed(0..<text.count, of: text.span).isEmpty
        case .array, .object:
            let content = value.range.lowerBound + 1..<value.range.upperBound - 1
            return !WhiteSpace.trimmed(content, of: bytes).isEmpty
        case .true, .false, .number: return true
        }
    }
}
