import JSON

/// Reading one field by the rules of its type. All of them take `null`, blank text, `[]` and `{}` as absent.
extension PayloadDecoder {
    /// Trimmed text.
    mutating func text(_ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>) throws(PayloadError) -> Text? {
        guard let value = table[field] else { return nil }
        if let text = keepPlain(value, in: bytes) { return text }
        guard isGiven(value, in: bytes) else { return nil }
        guard value.kind == .string else {
            throw PayloadError(.type, "\(name(field, of: entity)): \(shown(value, in: bytes)) is not text")
        }
        return try keep(value, field, of: entity, in: bytes)
    }

    mutating func required(_ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>) throws(PayloadError) -> Text
    {
        guard let text = try text(field, of: entity, in: bytes) else { throw missing(field, of: entity) }
        return text
    }

    /// A number, as written: a JSON number, or text that is exactly one.
    ///
    /// - Parameter rule: Nil when the value is allowed, else what it breaks.
    mutating func number(
        _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>, rule: (DecimalValue) -> String?
    ) throws(PayloadError) -> Number? {
        guard let value = given(field, in: bytes) else { return nil }
        let mark = storage.mark
        let number = try keepNumber(value, field, of: entity, in: bytes)
        let decimal = DecimalValue(number.text.range, of: storage.bytes.span)
        if let broken = rule(decimal) {
            storage.roll(back: mark)
            throw PayloadError(.range, "\(name(field, of: entity)): \(shown(value, in: bytes)) \(broken)")
        }
        return number
    }

    /// A whole number: `2`, `2.0` and `2e0` are one, 2.5 is none.
    mutating func whole(
        _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>, within bounds: ClosedRange<Int64>
    ) throws(PayloadError) -> Int64? {
        guard let value = given(field, in: bytes) else { return nil }
        return try whole(value, field, of: entity, in: bytes, within: bounds)
    }

    mutating func whole(
        _ value: FieldValue, _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>,
        within bounds: ClosedRange<Int64>
    ) throws(PayloadError) -> Int64 {
        let decimal: DecimalValue
        if value.kind == .number {
            decimal = DecimalValue(value.range, of: bytes)
        } else {
            let mark = storage.mark
            let number = try keepNumber(value, field, of: entity, in: bytes)
            decimal = DecimalValue(number.text.range, of: storage.bytes.span)
            storage.roll(back: mark)
        }
        guard decimal.isWhole else {
            throw PayloadError(.type, "\(name(field, of: entity)): \(shown(value, in: bytes)) is not a whole number")
        }
        guard let integer = decimal.integer, bounds.contains(integer) else {
            throw PayloadError(
                .range,
                "\(name(field, of: entity)): \(shown(value, in: bytes)) is outside \(bounds.lowerBound)...\(bounds.upperBound)"
            )
        }
        return integer
    }

    mutating func timestamp(
        _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Timestamp? {
        try parsed(field, of: entity, in: bytes, expected: "an ISO 8601 timestamp in the years 1 to 9999") {
            Timestamp($0, of: $1)
        }
    }

    mutating func date(_ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>) throws(PayloadError)
        -> CalendarDate?
    {
        try parsed(field, of: entity, in: bytes, expected: "a date as YYYY-MM-DD") { CalendarDate($0, of: $1) }
    }

    /// One of an enumeration's words, in any letter case.
    mutating func choice<Choice: CaseIterable>(
        _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>, among words: WordTable
    ) throws(PayloadError) -> Choice? where Choice.AllCases == [Choice] {
        guard let value = given(field, in: bytes) else { return nil }
        guard value.kind == .string else {
            throw PayloadError(.type, "\(name(field, of: entity)): \(shown(value, in: bytes)) is not text")
        }
        if let choice: Choice = word(value, of: words, in: bytes) { return choice }
        throw PayloadError(
            .range, "\(name(field, of: entity)): \(shown(value, in: bytes)) is not one of \(words.known)")
    }

    /// What a string's trimmed content stands for, in any letter case; nothing of it is kept.
    mutating func word<Value: CaseIterable>(
        _ value: FieldValue, of words: WordTable, in bytes: Span<UInt8>
    ) -> Value? where Value.AllCases == [Value] {
        // Mostly it is in lower case already.
        let trimmed = WhiteSpace.trimmed(value.range, of: bytes)
        if !value.isEscaped, let found = words.value(of: trimmed, in: bytes, as: Value.self) { return found }
        let mark = storage.mark
        defer { storage.roll(back: mark) }
        let range = appendTrimmed(value, in: bytes)
        storage.lowercaseASCII(range)
        return words.value(of: range, in: storage.bytes.span, as: Value.self)
    }

    private mutating func parsed<Value>(
        _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>, expected: String,
        parse: (Range<Int>, Span<UInt8>) -> Value?
    ) throws(PayloadError) -> Value? {
        guard let value = given(field, in: bytes) else { return nil }
        guard value.kind == .string else {
            throw PayloadError(.type, "\(name(field, of: entity)): \(shown(value, in: bytes)) is not text")
        }
        var result: Value?
        if value.isEscaped {
            let mark = storage.mark
            let range = appendTrimmed(value, in: bytes)
            result = parse(range, storage.bytes.span)
            storage.roll(back: mark)
        } else {
            result = parse(WhiteSpace.trimmed(value.range, of: bytes), bytes)
        }
        guard let result else {
            throw PayloadError(.range, "\(name(field, of: entity)): \(shown(value, in: bytes)) is not \(expected)")
        }
        return result
    }
}

/// Keeping what a field holds.
extension PayloadDecoder {
    /// Appends a string's trimmed content to the storage, and says where it stands there.
    @inline(__always)
    mutating func appendTrimmed(_ value: FieldValue, in bytes: Span<UInt8>) -> Range<Int> {
        if !value.isEscaped { return storage.append(WhiteSpace.trimmed(value.range, of: bytes), of: bytes) }
        return appendUnescaped(value, in: bytes)
    }

    private mutating func appendUnescaped(_ value: FieldValue, in bytes: Span<UInt8>) -> Range<Int> {
        let count = JSONEscape.resolve(JSONString(range: value.range, isEscaped: true), of: bytes, into: &unescaped)
        let text = unescaped
        return storage.append(WhiteSpace.trimmed(0..<count, of: text.span), of: text.span)
    }

    /// Keeps a string that is short, has no escape, and nothing to be trimmed, as most are; nil when it is another.
    @inline(__always)
    private mutating func keepPlain(_ value: FieldValue, in bytes: Span<UInt8>) -> Text? {
        let (start, end) = (Int(value.start), Int(value.end))
        guard value.kind == .string, !value.isEscaped, start < end, WhiteSpace.isVisible(bytes.byte(at: start)),
            WhiteSpace.isVisible(bytes.byte(at: end &- 1))
        else { return nil }
        return storage.appendShort(start, count: end &- start, of: bytes)
    }

    /// Keeps a string's trimmed content, which may be empty.
    mutating func keep(
        _ value: FieldValue, _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Text {
        let range = appendTrimmed(value, in: bytes)
        if value.isEscaped, storage.bytes.span.firstIndex(of: 0, in: range) != nil {
            throw PayloadError(.range, "\(name(field, of: entity)): \(shown(value, in: bytes)) holds U+0000")
        }
        return Text(range)
    }

    /// Keeps a JSON number, or text that is exactly one.
    mutating func keepNumber(
        _ value: FieldValue, _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Number {
        switch value.kind {
        case .number: return Number(text: Text(storage.append(value.range, of: bytes)))
        case .string:
            let range = appendTrimmed(value, in: bytes)
            var scanner = JSONScanner(at: range.lowerBound)
            let number = try? scanner.number(in: storage.bytes.span.extracting(0..<range.upperBound))
            if number == range { return Number(text: Text(range)) }
        default: break
        }
        throw PayloadError(.type, "\(name(field, of: entity)): \(shown(value, in: bytes)) is not a number")
    }
}

/// What messages say.
extension PayloadDecoder {
    func name(_ field: Field, of entity: Payload.Kind) -> String { "\(entity.rawValue).\(field.name)" }

    func missing(_ field: Field, of entity: Payload.Kind) -> PayloadError {
        PayloadError(.missing, "\(name(field, of: entity)): is missing, and required")
    }

    /// A value as it stands in the JSON text, shortened past 100 characters.
    func shown(_ value: FieldValue, in bytes: Span<UInt8>) -> String {
        MessageText.shown(value.rawRange, of: bytes)
    }
}
