import Basics
import JSON

/// Decoding of the fields of one kind, in the order of its description.
extension PayloadDecoder {
    /// The name of a field in messages: its kind, and the member from which its value was read.
    struct FieldName {
        var kind: EntityKind
        var key: UInt16
    }

    /// Appends a value for each field of the kind to the storage.
    ///
    /// - Returns: The position of the first value.
    mutating func decodeFields(of kind: EntityKind, in bytes: Span<UInt8>) throws(PayloadError) -> Int {
        let plan = plans.plan(of: kind)
        if plan.hasObjects { try checkObjects(of: kind, in: bytes) }
        let first = storage.beginValues(plan.fields.count)
        var rest = storage.setShortTexts(
            of: plan.fields, sources, at: first, from: fields.members, fields.stamp, in: bytes)
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest &- 1
            storage.values[first &+ index] = try value(of: plan.fields.lowerBound &+ index, kind, in: bytes)
        }
        if plan.hasRule { try check(kind, first, in: bytes) }
        return first
    }

    private mutating func checkObjects(of kind: EntityKind, in bytes: Span<UInt8>) throws(PayloadError) {
        for key in plans.objects(of: kind) {
            guard let object = fields[key], object.kind != .object, isGiven(object, in: bytes) else { continue }
            let name = name(of: FieldName(kind: kind, key: key))
            throw PayloadError(.type, "\(name): \(shown(object, in: bytes)) is not an object")
        }
    }

    private mutating func check(
        _ kind: EntityKind, _ first: Int, in bytes: Span<UInt8>
    ) throws(PayloadError) {
        let schema = catalog[kind]
        guard let rule = schema.rule,
            let problem = rule.check(
                storage.values.span.extracting(first..<storage.valueCount), storage.bytes.span)
        else { return }
        let index = schema.fields.firstIndex { $0.name == rule.field } ?? schema.keyIndex
        let key = key(of: plans.plan(of: kind).fields.lowerBound + index, in: bytes)
        throw PayloadError(.range, "\(name(of: FieldName(kind: kind, key: key))): \(problem)")
    }

    /// Returns the value of one field by the rules of its type, or its default.
    ///
    /// - Parameter index: The index in ``DecodingPlans/steps``.
    private mutating func value(
        of index: Int, _ kind: EntityKind, in bytes: Span<UInt8>
    ) throws(PayloadError) -> FieldValue {
        let source = sources[index]
        var field = FieldName(kind: kind, key: source.key)
        var scanned = given(source.key, in: bytes)
        if scanned == nil, source.other != source.key {
            field.key = key(of: index, in: bytes)
            scanned = given(field.key, in: bytes)
        }
        if let scanned, let value = try value(scanned, index, field, in: bytes) { return value }
        guard !plans.steps[index].isRequired else {
            throw PayloadError(.missing, "\(name(of: field)): is missing, and required")
        }
        return plans.fallbacks[index]
    }

    /// Returns the member from which to read a field: the first one that has a value, otherwise the first one.
    private mutating func key(of index: Int, in bytes: Span<UInt8>) -> UInt16 {
        let source = sources[index]
        if given(source.key, in: bytes) != nil { return source.key }
        if given(source.other, in: bytes) != nil { return source.other }
        return plans.furtherKeys(of: index).first { given($0, in: bytes) != nil } ?? source.key
    }

    /// Returns nil for an empty list and for empty prices.
    @inline(__always)
    private mutating func value(
        _ value: ScannedValue, _ index: Int, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> FieldValue? {
        switch plans.steps[index].kind {
        case .text: return .text(try text(value, index, field, in: bytes))
        case .number: return .number(try number(value, index, field, in: bytes))
        case .integer: return try integer(value, index, field, in: bytes).map { .integer($0) }
        case .boolean: return .boolean(try boolean(value, field, in: bytes))
        case .timestamp:
            return .timestamp(try parsed(value, field, in: bytes, allowsTime: true) { Timestamp($0, of: $1) })
        case .date: return .date(try parsed(value, field, in: bytes, allowsTime: false) { CalendarDate($0, of: $1) })
        case .list:
            return try list(value, field, in: bytes, isLowercased: plans.steps[index].isLowercased).map { .list($0) }
        case .choice:
            return .choice(try choice(value, field, in: bytes, among: plans.choices[Int(plans.steps[index].detail)]))
        case .prices: return try prices(value, field, in: bytes).map { .prices($0) }
        }
    }
}

/// Reading of one present value by the rules of its type.
extension PayloadDecoder {
    /// Reads a text without leading and trailing white space.
    private mutating func text(
        _ value: ScannedValue, _ index: Int, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Text {
        guard value.kind == .string else {
            throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not text")
        }
        let text = try keep(value, field, in: bytes)
        guard text.count <= Self.longestID || !plans.steps[index].isID else {
            throw PayloadError(
                .range,
                "\(name(of: field)): \(shown(value, in: bytes)) has \(text.count) bytes, and at most "
                    + "\(Self.longestID) are allowed")
        }
        // A scalar has at least one byte.
        let longest = plans.steps[index].highest
        if Int64(text.count) > longest, case let length = scalarCount(of: text), length > longest {
            let shown = MessageText.shown(text.range, of: storage.bytes.span)
            throw PayloadError(
                .range,
                "\(name(of: field)): \"\(shown)\" has \(length) characters, and at most \(longest) are allowed")
        }
        return text
    }

    private func scalarCount(of text: Text) -> Int64 {
        storage.bytes[text.range].reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
    }

    /// The longest ID of an entity, in bytes.
    ///
    /// IDs become keys, whose length sinks limit as well.
    static let longestID = 1024

    /// Reads a number unchanged: a JSON number, or text that is exactly one.
    private mutating func number(
        _ value: ScannedValue, _ index: Int, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Number {
        let mark = storage.mark
        let number = try keepNumber(value, field, in: bytes)
        let decimal = DecimalValue(number.text.range, of: storage.bytes.span)
        let limits = Int(plans.steps[index].detail)
        let isTooLow = plans.limits[limits].isTooLow(decimal)
        let isTooHigh = plans.limits[limits].isTooHigh(decimal)
        guard !isTooLow, !isTooHigh, decimal.isRepresentable else {
            storage.roll(back: mark)
            let problem =
                isTooLow || isTooHigh
                ? plans.bounds[limits].problem(isTooLow: isTooLow) : Self.notRepresentable
            throw PayloadError(.range, "\(name(of: field)): \(shown(value, in: bytes)) \(problem)")
        }
        return number
    }

    /// The text about a number for which ``DecimalValue/isRepresentable`` is false.
    static let notRepresentable = "has a magnitude outside 1e-300...1e300"

    /// Reads an integer: `2`, `2.0` or `2e0`, but not 2.5; returns nil if an object has no member with the value.
    private mutating func integer(
        _ value: ScannedValue, _ index: Int, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Int64? {
        // Only a source after the first one may be an object that contains the value.
        let inner = plans.steps[index].detail
        if value.kind == .object, inner != .max, field.key != sources[index].key {
            guard let member = try member(plans.innerKeys[Int(inner)], of: value, in: bytes) else { return nil }
            return try wholeNumber(member, index, field, in: bytes)
        }
        return try wholeNumber(value, index, field, in: bytes)
    }

    /// Returns the last member of `object` that is in `keys`, if it has a value.
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
        _ value: ScannedValue, _ index: Int, _ field: FieldName, in bytes: Span<UInt8>
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
        let (lowest, highest) = (plans.steps[index].lowest, plans.steps[index].highest)
        guard let integer = decimal.integer, lowest <= integer, integer <= highest else {
            throw PayloadError(
                .range,
                "\(name(of: field)): \(shown(value, in: bytes)) is outside \(lowest)...\(highest)")
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

    /// Returns the index of one of the words, in any letter case.
    private mutating func choice(
        _ value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>, among words: WordTable
    ) throws(PayloadError) -> UInt8 {
        guard value.kind == .string else {
            throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not text")
        }
        if let index = word(value, of: words, in: bytes) { return index }
        throw PayloadError(.range, "\(name(of: field)): \(shown(value, in: bytes)) is not one of \(words.known)")
    }

    /// Returns the ID of the word that equals a string's trimmed content, in any letter case; stores nothing.
    @inline(__always)
    mutating func word(_ value: ScannedValue, of words: WordTable, in bytes: Span<UInt8>) -> UInt8? {
        // Usually it is already in lower case.
        let trimmed = WhiteSpace.trimmed(value.range, of: bytes)
        if !value.isEscaped, let found = words.id(of: trimmed, in: bytes) { return found }
        return lowercasedWord(value, of: words, in: bytes)
    }

    private mutating func lowercasedWord(_ value: ScannedValue, of words: WordTable, in bytes: Span<UInt8>) -> UInt8? {
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
