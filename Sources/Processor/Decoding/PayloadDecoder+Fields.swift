import JSON

/// The fields of one kind, in the order of its description.
extension PayloadDecoder {
    /// A field in messages: its kind, and the member that its value was read from.
    struct FieldName {
        var kind: EntityKind
        var key: UInt16
    }

    /// Appends a value for each field of the kind to the storage.
    mutating func decodeFields(of kind: EntityKind, in bytes: Span<UInt8>) throws(PayloadError) {
        let plan = plans.plan(of: kind)
        if plan.hasObjects { try checkObjects(of: kind, in: bytes) }
        // Taken out for the while, since reading a field adds to the rest of the storage.
        var values: [FieldValue] = []
        let first = storage.beginValues(plan.count)
        swap(&values, &storage.values)
        defer { swap(&values, &storage.values) }
        var slots = values.mutableSpan
        for index in 0..<plan.count {
            let source = plans.sources[plan.first &+ index]
            if !fields.has(source.key), !fields.has(source.other), source.furtherKeyCount == 0 {
                slots[first &+ index] = .absent
                guard source.needsValue else { continue }
            }
            let field = FieldName(kind: kind, key: key(of: source, in: bytes))
            guard fields.has(field.key) else {
                slots[first &+ index] = try fallback(plan.first &+ index, field)
                continue
            }
            let scanned = fields.value(field.key)
            if source.allowsShortText, let text = keepPlain(scanned, in: bytes) {
                slots[first &+ index] = .text(text)
                continue
            }
            var value = try value(scanned, plans.steps[plan.first &+ index], field, in: bytes)
            if case .absent = value { value = try fallback(plan.first &+ index, field) }
            slots[first &+ index] = value
        }
        if plan.hasRule { try check(kind, slots.span.extracting(first..<first &+ plan.count), in: bytes) }
    }

    /// The member to read a field from: the first one that has a value, else the first one.
    @inline(__always)
    private func key(of source: DecodingPlans.Source, in bytes: Span<UInt8>) -> UInt16 {
        if source.other == source.key { return source.key }
        if fields.has(source.key), isGiven(fields.value(source.key), in: bytes) { return source.key }
        if fields.has(source.other), isGiven(fields.value(source.other), in: bytes) { return source.other }
        return plans.furtherKeys(of: source).first { given($0, in: bytes) != nil } ?? source.key
    }

    /// What a field without a value is.
    private func fallback(_ index: Int, _ field: FieldName) throws(PayloadError) -> FieldValue {
        guard !plans.steps[index].isRequired else {
            throw PayloadError(.missing, "\(name(of: field)): is missing, and required")
        }
        return plans.fallbacks[index]
    }

    private func checkObjects(of kind: EntityKind, in bytes: Span<UInt8>) throws(PayloadError) {
        for key in plans.objects(of: kind) {
            guard let object = fields[key], object.kind != .object, isGiven(object, in: bytes) else { continue }
            let name = name(of: FieldName(kind: kind, key: key))
            throw PayloadError(.type, "\(name): \(shown(object, in: bytes)) is not an object")
        }
    }

    private func check(
        _ kind: EntityKind, _ values: Span<FieldValue>, in bytes: Span<UInt8>
    ) throws(PayloadError) {
        let schema = catalog[kind]
        guard let rule = schema.rule, let problem = rule.check(values, storage.bytes.span) else { return }
        let index = schema.fields.firstIndex { $0.name == rule.field } ?? schema.keyIndex
        let source = plans.sources[plans.plan(of: kind).first + index]
        let key = key(of: source, in: bytes)
        throw PayloadError(.range, "\(name(of: FieldName(kind: kind, key: key))): \(problem)")
    }

    /// The value of one field by the rules of its type; absent when it is blank text, `[]` or `{}`.
    private mutating func value(
        _ value: ScannedValue, _ step: DecodingPlans.Step, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> FieldValue {
        guard isGiven(value, in: bytes) else { return .absent }
        switch step.kind {
        case .text: return .text(try text(value, step, field, in: bytes))
        case .number: return .number(try number(value, step, field, in: bytes))
        case .integer: return try integer(value, step, field, in: bytes)
        case .boolean: return .boolean(try boolean(value, field, in: bytes))
        case .timestamp:
            return .timestamp(try parsed(value, field, in: bytes, allowsTime: true) { Timestamp($0, of: $1) })
        case .date: return .date(try parsed(value, field, in: bytes, allowsTime: false) { CalendarDate($0, of: $1) })
        case .list:
            let list = try list(value, field, in: bytes, isLowercased: step.isLowercased)
            return list.map { .list($0) } ?? .absent
        case .choice: return .choice(try choice(value, field, in: bytes, among: plans.choices[Int(step.detail)]))
        case .prices: return try prices(value, field, in: bytes).map { .prices($0) } ?? .absent
        }
    }
}

/// Reading one value that is given, by the rules of its type.
extension PayloadDecoder {
    /// Trimmed text.
    private mutating func text(
        _ value: ScannedValue, _ step: DecodingPlans.Step, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Text {
        guard value.kind == .string else {
            throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not text")
        }
        let text = try keep(value, field, in: bytes)
        guard text.count <= Self.longestID || !step.isID else {
            throw PayloadError(
                .range,
                "\(name(of: field)): \(shown(value, in: bytes)) has \(text.count) bytes, and at most "
                    + "\(Self.longestID) are allowed")
        }
        // A scalar has one byte or more.
        if Int64(text.count) > step.highest, case let length = scalarCount(of: text), length > step.highest {
            let shown = MessageText.shown(text.range, of: storage.bytes.span)
            throw PayloadError(
                .range,
                "\(name(of: field)): \"\(shown)\" has \(length) characters, and at most \(step.highest) are allowed")
        }
        return text
    }

    private func scalarCount(of text: Text) -> Int64 {
        storage.bytes[text.range].reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
    }

    /// The longest ID of an entity, in bytes: IDs become keys, which sinks bound, too.
    static let longestID = 1024

    /// A number, as written: a JSON number, or text that is exactly one.
    private mutating func number(
        _ value: ScannedValue, _ step: DecodingPlans.Step, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Number {
        let mark = storage.mark
        let number = try keepNumber(value, field, in: bytes)
        let decimal = DecimalValue(number.text.range, of: storage.bytes.span)
        let isTooLow = plans.limits[Int(step.detail)].isTooLow(decimal)
        let isTooHigh = plans.limits[Int(step.detail)].isTooHigh(decimal)
        guard !isTooLow, !isTooHigh, decimal.isRepresentable else {
            storage.roll(back: mark)
            let problem =
                isTooLow || isTooHigh
                ? plans.bounds[Int(step.detail)].problem(isTooLow: isTooLow) : Self.notRepresentable
            throw PayloadError(.range, "\(name(of: field)): \(shown(value, in: bytes)) \(problem)")
        }
        return number
    }

    /// What is wrong with a number that ``DecimalValue/isRepresentable`` is false of.
    static let notRepresentable = "has a magnitude outside 1e-300...1e300"

    /// A whole number: `2`, `2.0` and `2e0` are one, 2.5 is not; absent where an object has no member with the value.
    private mutating func integer(
        _ value: ScannedValue, _ step: DecodingPlans.Step, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> FieldValue {
        // Only a further source may be an object with the value in it.
        guard value.kind != .object || step.detail == .max || field.key == step.key else {
            guard let inner = try member(plans.innerKeys[Int(step.detail)], of: value, in: bytes) else {
                return .absent
            }
            return .integer(try wholeNumber(inner, step, field, in: bytes))
        }
        return .integer(try wholeNumber(value, step, field, in: bytes))
    }

    /// The last member of `object` that `keys` has, if it is given.
    private mutating func member(
        _ keys: KeyTable, of object: ScannedValue, in bytes: Span<UInt8>
    ) throws(PayloadError) -> ScannedValue? {
        var found: ScannedValue?
        try forEachMember(of: object, in: bytes) { (_, key, member) throws(PayloadError) in
            if keys.id(of: JSONString(range: key.range, isEscaped: key.isEscaped), in: bytes) != nil { found = member }
        }
        return found.flatMap { isGiven($0, in: bytes) ? $0 : nil }
    }

    private mutating func wholeNumber(
        _ value: ScannedValue, _ step: DecodingPlans.Step, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Int64 {
        let decimal: DecimalValue
        if value.kind == .number {
            decimal = DecimalValue(value.range, of: bytes)
        } else {
            let mark = storage.mark
            let number = try keepNumber(value, field, in: bytes)
            decimal = DecimalValue(number.text.range, of: storage.bytes.span)
            storage.roll(back: mark)
        }
        guard decimal.isWhole else {
            throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not a whole number")
        }
        guard let integer = decimal.integer, step.lowest <= integer, integer <= step.highest else {
            throw PayloadError(
                .range,
                "\(name(of: field)): \(shown(value, in: bytes)) is outside \(step.lowest)...\(step.highest)")
        }
        return integer
    }

    private mutating func boolean(_ value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>) throws(PayloadError)
        -> Bool
    {
        switch value.kind {
        case .true: return true
        case .false: return false
        case .string:
            if let index = word(value, of: Self.booleans, in: bytes) { return index == 1 }
        default: break
        }
        throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not true or false")
    }

    private static let booleans = WordTable([("false", 0), ("true", 1)], synonyms: [])

    /// The index of one of the words, in any letter case.
    private mutating func choice(
        _ value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>, among words: WordTable
    ) throws(PayloadError) -> UInt8 {
        guard value.kind == .string else {
            throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not text")
        }
        if let index = word(value, of: words, in: bytes) { return index }
        throw PayloadError(.range, "\(name(of: field)): \(shown(value, in: bytes)) is not one of \(words.known)")
    }

    /// The ID of the word that a string's trimmed content is, in any letter case; nothing of it is kept.
    mutating func word(_ value: ScannedValue, of words: WordTable, in bytes: Span<UInt8>) -> UInt8? {
        // Mostly it is in lower case already.
        let trimmed = WhiteSpace.trimmed(value.range, of: bytes)
        if !value.isEscaped, let found = words.id(of: trimmed, in: bytes) { return found }
        let mark = storage.mark
        defer { storage.roll(back: mark) }
        let range = appendTrimmed(value, in: bytes)
        storage.lowercaseASCII(range)
        return words.id(of: range, in: storage.bytes.span)
    }

    private mutating func parsed<Value>(
        _ value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>, allowsTime: Bool,
        parse: (Range<Int>, Span<UInt8>) -> Value?
    ) throws(PayloadError) -> Value {
        guard value.kind == .string else {
            throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not text")
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
            throw PayloadError(.range, "\(name(of: field)): \(shown(value, in: bytes)): \(problem)")
        }
        return result
    }
}
