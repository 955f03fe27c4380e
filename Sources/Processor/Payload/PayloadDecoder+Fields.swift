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
        let text = try keep(value, field, of: entity, in: bytes)
        // What ``keepPlain(_:in:)`` keeps is short.
        guard text.count <= Self.longestID || !field.isID else {
            throw PayloadError(
                .range,
                "\(name(field, of: entity)): \(shown(value, in: bytes)) has \(text.count) bytes, and at most "
                    + "\(Self.longestID) are allowed")
        }
        return text
    }

    /// The longest ID of an entity, in bytes: IDs become keys, which sinks bound, too.
    static let longestID = 1024

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
        if let broken = rule(decimal) ?? (decimal.isRepresentable ? nil : Self.notRepresentable) {
            storage.roll(back: mark)
            throw PayloadError(.range, "\(name(field, of: entity)): \(shown(value, in: bytes)) \(broken)")
        }
        return number
    }

    /// What is wrong with a number that ``DecimalValue/isRepresentable`` is false of.
    static let notRepresentable = "has a magnitude outside 1e-300...1e300"

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
        try parsed(field, of: entity, in: bytes, allowsTime: true) { Timestamp($0, of: $1) }
    }

    mutating func date(_ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>) throws(PayloadError)
        -> CalendarDate?
    {
        try parsed(field, of: entity, in: bytes, allowsTime: false) { CalendarDate($0, of: $1) }
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
        _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>, allowsTime: Bool,
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
            let problem = timestampProblem(value, allowsTime: allowsTime, in: bytes)
            throw PayloadError(.range, "\(name(field, of: entity)): \(shown(value, in: bytes)): \(problem)")
        }
        return result
    }
}

extension PayloadDecoder {
    /// What is wrong with a timestamp or a date that could not be read.
    private mutating func timestampProblem(_ value: FieldValue, allowsTime: Bool, in bytes: Span<UInt8>) -> String {
        let mark = storage.mark
        defer { storage.roll(back: mark) }
        let range = appendTrimmed(value, in: bytes)
        let start = range.lowerBound..<min(range.upperBound, range.lowerBound + TimestampProblem.longest)
        return TimestampProblem(Array(storage.bytes[start]), allowsTime: allowsTime).description
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
            throw PayloadError(.range, "\(name(field, of: entity)): \(shown(value, in: bytes)) contains U+0000")
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

    /// A value, shortened past 100 characters: text decoded and in quotes, anything else as it is in the JSON text.
    func shown(_ value: FieldValue, in bytes: Span<UInt8>) -> String {
        guard value.kind == .string else { return MessageText.shown(value.range, of: bytes) }
        guard value.isEscaped else { return "\"\(MessageText.shown(value.range, of: bytes))\"" }
        var text: [UInt8] = []
        JSONEscape.append(JSONString(range: value.range, isEscaped: true), of: bytes, to: &text)
        return "\"\(MessageText.shown(0..<text.count, of: text.span))\""
    }
}
