import JSON

/// Turns a record's JSON into a typed payload: one pass over the bytes, then the fields of its kind.
///
/// A value with memory of its own, used for one record after the other: ``storage`` holds the kept texts of all of them.
struct PayloadDecoder: Sendable {
    /// What a record holds.
    enum Content: Sendable, Equatable {
        case payload(Payload)
        /// A record from the stream set-up, which goes to no processor.
        case test
    }

    var storage = TextStorage()
    /// Memory for the text at hand, its escapes resolved.
    var unescaped: [UInt8] = []
    /// The fields of the object that is being read.
    var table = FieldTable()
    /// The fields of an object inside of it, and where that stands.
    private var inner = (table: FieldTable(), start: -1)
    private let fields = FieldScanner()
    private var forms = FormTree()
    private let kinds = WordTable(
        [("artists", 0), ("concerts", 1), ("events", 1), ("venues", 2), ("ticket_sales", 3)],
        synonyms: [("artist", 0), ("concert", 1), ("event", 1), ("venue", 2), ("ticket_sale", 3)])
    let statuses = WordTable(cases: Concert.Status.allCases.map { $0.rawValue }, synonyms: [("canceled", 2)])
    let venueKinds = WordTable(cases: Venue.Kind.allCases.map { $0.rawValue })

    /// How often an object `data` is unwrapped.
    private static let wrappings = 2

    /// - Throws: As ``decode(_:at:into:)``.
    mutating func decode(_ bytes: Span<UInt8>) throws(PayloadError) -> Content {
        var records: [PayloadRecord] = []
        try decode(bytes, at: RecordPosition(source: 0), into: &records)
        return records.first.map { .payload($0.payload) } ?? .test
    }

    /// Appends the payload to `records`; nothing where the record is a test.
    ///
    /// It is put where it stays: each hand that a value of this size goes through costs more than most of its fields.
    ///
    /// - Throws: ``PayloadError`` when the bytes are no payload; what was kept of them is forgotten.
    mutating func decode(
        _ bytes: Span<UInt8>, at position: RecordPosition, into records: inout [PayloadRecord]
    ) throws(PayloadError) {
        let mark = storage.mark
        do throws(PayloadError) {
            guard let kind = try scannedKind(of: bytes) else { return }
            switch kind {
            case .artist: records.append(PayloadRecord(payload: .artist(try artist(in: bytes)), position: position))
            case .concert: records.append(PayloadRecord(payload: .concert(try concert(in: bytes)), position: position))
            case .venue: records.append(PayloadRecord(payload: .venue(try venue(in: bytes)), position: position))
            case .ticketSale:
                records.append(PayloadRecord(payload: .ticketSale(try ticketSale(in: bytes)), position: position))
            }
        } catch {
            storage.roll(back: mark)
            throw error
        }
    }

    /// Notes the fields of the entity that a record holds, wherever it stands.
    ///
    /// - Returns: Its kind; nil when the record is a test.
    private mutating func scannedKind(of bytes: Span<UInt8>) throws(PayloadError) -> Payload.Kind? {
        try scanRecord(bytes)
        var unwrapped = 0
        while true {
            if table[.test]?.kind == .true { return nil }
            guard unwrapped < Self.wrappings, let inner = wrapped(in: bytes) else { break }
            try descend(into: inner, of: bytes)
            unwrapped += 1
        }
        var dataType = try kindGiven(in: bytes)
        if let inner = try enveloped(in: bytes) {
            // What the envelope says counts, and what it leaves open the payload may say.
            let source = isGiven(.source, in: bytes) ? table[.source] : nil
            let timestamp = isGiven(.ingestionTimestamp, in: bytes) ? table[.ingestionTimestamp] : nil
            try descend(into: inner, of: bytes)
            if let source { table[.source] = source }
            if let timestamp { table[.ingestionTimestamp] = timestamp }
            if dataType == nil { dataType = try kindGiven(in: bytes) }
        }
        guard let kind = dataType ?? inferredKind(in: bytes) else {
            throw PayloadError(
                .kind, "record has no data_type, and none of sale_id, concert_id, event_id, venue_id, artist_id")
        }
        return kind
    }

    /// Checks the whole record, and notes the fields of its outermost object.
    private mutating func scanRecord(_ bytes: Span<UInt8>) throws(PayloadError) {
        guard bytes.count <= Int32.max else { throw PayloadError(.json, "data is larger than 2 GiB") }
        if let start = forms.scan(bytes, into: &table, inner: &inner.table) { return inner.start = start }
        var scanner = JSONScanner()
        var isObject = false
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes)
            isObject = try scanner.kind(in: bytes) == .object
            if isObject {
                (scanner, inner.start) = try fields.scan(scanner, in: bytes, into: &table, inner: &inner.table)
            } else {
                try scanner.skipValue(in: bytes)
            }
            try scanner.finish(in: bytes)
        } catch {
            // Bad UTF-8 outranks bad JSON, wherever it stands.
            if let offset = UTF8Sequence.firstInvalidOffset(in: bytes) {
                throw PayloadError(.utf8, "data is not UTF-8: \(JSONError.notUTF8(offset: offset))")
            }
            throw PayloadError(.json, "data is not JSON: \(error)")
        }
        guard isObject else { throw PayloadError(.kind, "record is not a JSON object") }
        forms.learn(bytes, by: fields)
    }

    /// Notes the fields of an object inside the record, which has been checked already.
    private mutating func descend(into value: FieldValue, of bytes: Span<UInt8>) throws(PayloadError) {
        if inner.start == Int(value.start) {
            inner.start = -1
            return swap(&table, &inner.table)
        }
        do throws(JSONError) {
            _ = try fields.scan(JSONScanner(at: value.range.lowerBound), in: bytes, into: &table)
        } catch {
            throw PayloadError(.json, "data is not JSON: \(error)")
        }
    }
}

/// The shapes that a record may have.
extension PayloadDecoder {
    /// The object `data`, when neither a kind nor an entity's ID stands beside it.
    private func wrapped(in bytes: Span<UInt8>) -> FieldValue? {
        guard let data = table[.data], data.kind == .object, inferredKind(in: bytes) == nil else { return nil }
        // A kind of a wrong type is one that is given, and refused later.
        if let dataType = table[.dataType], dataType.kind != .string || isGiven(dataType, in: bytes) { return nil }
        return data
    }

    /// The object `payload`, where there is one.
    private func enveloped(in bytes: Span<UInt8>) throws(PayloadError) -> FieldValue? {
        guard let payload = table[.payload] else { return nil }
        guard payload.kind == .object else {
            throw PayloadError(.kind, "record.payload: \(shown(payload, in: bytes)) is not an object")
        }
        return isGiven(.payload, in: bytes) ? payload : nil
    }

    private mutating func kindGiven(in bytes: Span<UInt8>) throws(PayloadError) -> Payload.Kind? {
        guard let value = table[.dataType] else { return nil }
        guard value.kind == .string else {
            throw PayloadError(.kind, "record.data_type: \(shown(value, in: bytes)) is not text")
        }
        guard isGiven(value, in: bytes) else { return nil }
        if let kind: Payload.Kind = word(value, of: kinds, in: bytes) { return kind }
        throw PayloadError(.kind, "record.data_type: \(shown(value, in: bytes)) is not one of \(kinds.known)")
    }

    private func inferredKind(in bytes: Span<UInt8>) -> Payload.Kind? {
        if isGiven(.saleID, in: bytes) { return .ticketSale }
        if isGiven(.concertID, in: bytes) || isGiven(.eventID, in: bytes) { return .concert }
        if isGiven(.venueID, in: bytes) { return .venue }
        return isGiven(.artistID, in: bytes) ? .artist : nil
    }

    /// A field's value, where it is there and not empty: not blank text, not `[]`, not `{}`.
    @inline(__always)
    func given(_ field: Field, in bytes: Span<UInt8>) -> FieldValue? {
        guard let value = table[field], isGiven(value, in: bytes) else { return nil }
        return value
    }

    func isGiven(_ field: Field, in bytes: Span<UInt8>) -> Bool { given(field, in: bytes) != nil }

    @inline(__always)
    func isGiven(_ value: FieldValue, in bytes: Span<UInt8>) -> Bool {
        if value.kind == .number { return true }
        // Mostly a text's first character decides.
        let first = bytes.byte(at: Int(value.start))
        if value.kind == .string, value.start < value.end, 0x20 < first, first < 0x7F, first != UInt8(ascii: "\\") {
            return true
        }
        return isAnyGiven(value, in: bytes)
    }

    private func isAnyGiven(_ value: FieldValue, in bytes: Span<UInt8>) -> Bool {
        switch value.kind {
        case .null: return false
        case .string:
            guard value.isEscaped else { return !WhiteSpace.trimmed(value.range, of: bytes).isEmpty }
            // As letters of other alphabets mostly come.
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
