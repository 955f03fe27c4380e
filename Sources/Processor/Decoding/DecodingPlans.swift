import Basics
import JSON

/// The plans by which the fields of every kind are decoded: descriptions in a trivial layout, by ID instead of name.
///
/// A class, so that it is passed without a copy. It is immutable.
final class DecodingPlans: Sendable {
    /// The members from which one field is read.
    struct Source: Sendable {
        /// The ID of the first source.
        var key: UInt16
        /// The ID of the second source, or of the first one if there is no other.
        var other: UInt16
        /// Whether the field is a text that allows any content of up to one ``StringBlock``.
        var allowsShortText: Bool
        /// Whether the field needs more work if both sources are missing: it is required, has a default, or has a third source.
        var needsValue: Bool
    }

    /// The rules by which the value of one field is read.
    struct Step: Sendable {
        enum Kind: UInt8, Sendable { case text, number, integer, boolean, date, timestamp, list, choice, prices }

        var kind: Kind
        var isRequired: Bool
        /// Whether the field is the entity's ID or the ID of another one, whose length is limited.
        var isID: Bool
        /// Whether the elements of a list are converted to lower case.
        var isLowercased: Bool
        /// An index that depends on the type: of the choices in ``DecodingPlans/choices``, of the bounds in
        /// ``DecodingPlans/bounds``, or of the member of an object that has the value in ``DecodingPlans/innerKeys``.
        var detail: UInt16
        /// The range of the IDs of more than two sources, in ``DecodingPlans/furtherKeys``.
        var furtherKeys: Range<UInt16>
        /// The bounds of an integer; for a text, the highest one is the maximum length in Unicode scalars.
        var lowest: Int64
        var highest: Int64
    }

    /// The plan of one kind.
    struct Plan: Sendable {
        /// The range in ``DecodingPlans/steps``.
        var fields: Range<Int>
        var hasObjects: Bool
        var hasRule: Bool
    }

    /// The sources of all kinds, one after the other.
    let sources: [Source]
    /// The steps, at the same positions.
    let steps: [Step]
    /// The values of missing fields, at the same positions.
    let fallbacks: [FieldValue]
    private let plans: [Plan]
    private let objectKeys: [[UInt16]]
    private let furtherKeys: [UInt16]
    /// The numbers that fields allow, and the same for messages.
    let limits: [NumberLimits]
    let bounds: [NumberBounds]
    let choices: [WordTable]
    let innerKeys: [KeyTable]
    /// The values of `data_type`, by the index of the kind.
    let dataTypes: WordTable
    let kinds: [EntityKind]
    /// The IDs of the keys of all kinds, in the order in which the kind of a record without `data_type` is inferred.
    let inferred: [(key: UInt16, kind: EntityKind)]
    /// The texts of ``fallbacks``, with which every ``TextStorage`` starts.
    let constants: [UInt8]
    /// The IDs of `source` and of `ingestion_timestamp`.
    let source: UInt16
    let ingestionTimestamp: UInt16

    init(_ schemas: [EntitySchema], kinds: [EntityKind], inferred: [EntityKind], keys: RecordKeys) {
        var builder = Builder(keys: keys, entityIDs: schemas.flatMap { $0.keySources.map(keys.id(of:)) })
        plans = schemas.map { schema in
            let first = builder.steps.count
            for field in schema.fields { builder.add(field) }
            return Plan(
                fields: first..<builder.steps.count, hasObjects: !schema.objects.isEmpty,
                hasRule: schema.rule != nil)
        }
        objectKeys = schemas.map { $0.objects.map { keys.id(of: $0) } }
        (sources, steps) = (builder.sources, builder.steps)
        fallbacks = builder.fallbacks
        furtherKeys = builder.furtherKeys
        limits = builder.bounds.map(NumberLimits.init)
        (bounds, choices, innerKeys) = (builder.bounds, builder.choices, builder.innerKeys)
        constants = builder.constants
        let names = schemas.enumerated().map { ($0, $1.dataTypes, $1.otherDataTypes) }
        dataTypes = WordTable(
            names.flatMap { index, words, _ in words.map { ($0, UInt8(index)) } },
            synonyms: names.flatMap { index, _, words in words.map { ($0, UInt8(index)) } })
        self.kinds = kinds
        let order = inferred.map { kind in (kind, schemas[kinds.firstIndex(of: kind) ?? 0].keySources) }
        self.inferred = order.flatMap { kind, sources in sources.map { (keys.id(of: $0), kind) } }
        source = keys.id(of: "source")
        ingestionTimestamp = keys.id(of: "ingestion_timestamp")
    }
}

extension DecodingPlans {
    @inline(__always)
    func plan(of kind: EntityKind) -> Plan { plans[Int(kind.index)] }

    /// Returns the IDs of a field's sources after the first two.
    func furtherKeys(of index: Int) -> ArraySlice<UInt16> {
        let range = steps[index].furtherKeys
        return furtherKeys[Int(range.lowerBound)..<Int(range.upperBound)]
    }

    /// Returns the IDs of members that must be objects.
    func objects(of kind: EntityKind) -> [UInt16] { objectKeys[Int(kind.index)] }
}

extension DecodingPlans {
    /// A builder of the arrays.
    private struct Builder {
        let keys: RecordKeys
        /// The keys of all kinds: a field with such a name is the ID of an entity.
        let entityIDs: [UInt16]
        var sources: [Source] = []
        var steps: [Step] = []
        var fallbacks: [FieldValue] = []
        var furtherKeys: [UInt16] = []
        var bounds: [NumberBounds] = []
        var choices: [WordTable] = []
        var innerKeys: [KeyTable] = []
        /// The texts of defaults; the first byte is the digit of ``Number/zero``.
        var constants: [UInt8] = [UInt8(ascii: "0")]

        mutating func add(_ field: FieldDescription) {
            let ids = field.sources.map(keys.id(of:))
            let further = ids.dropFirst(2)
            var source = Source(
                key: ids[0], other: ids.count > 1 ? ids[1] : ids[0], allowsShortText: false,
                needsValue: field.presence != .optional || field.fallback != nil || !further.isEmpty)
            let firstFurtherKey = UInt16(furtherKeys.count)
            furtherKeys += further
            var step = Step(
                kind: .text, isRequired: field.presence != .optional,
                isID: ids.contains { entityIDs.contains($0) }, isLowercased: false, detail: .max,
                furtherKeys: firstFurtherKey..<UInt16(furtherKeys.count), lowest: .min, highest: .max)
            switch field.type {
            case .text(let maxLength):
                step.highest = Int64(maxLength)
                if maxLength >= StringBlock.size { source.allowsShortText = true }
            case .number(let range):
                (step.kind, step.detail) = (.number, UInt16(bounds.count))
                bounds.append(range)
            case .integer(let range):
                step.kind = .integer
                (step.lowest, step.highest) = (range.lowerBound, range.upperBound)
                if let inner = field.sources.lazy.compactMap(\.inner).first {
                    step.detail = UInt16(innerKeys.count)
                    innerKeys.append(KeyTable([(inner, 0)]))
                }
            case .boolean: step.kind = .boolean
            case .date: step.kind = .date
            case .timestamp: step.kind = .timestamp
            case .list(let isLowercased): (step.kind, step.isLowercased) = (.list, isLowercased)
            case .choice(let words):
                (step.kind, step.detail) = (.choice, UInt16(choices.count))
                choices.append(WordTable(words))
            case .prices: step.kind = .prices
            }
            sources.append(source)
            steps.append(step)
            fallbacks.append(value(field.fallback, of: field))
        }

        private mutating func value(_ fallback: FieldDescription.Fallback?, of field: FieldDescription) -> FieldValue {
            switch (fallback, field.type) {
            case (nil, _): return .absent
            case (.text(let text)?, .text): return .text(keep(text))
            case (.number(let number)?, .number): return .number(Number(text: keep(number)))
            case (.integer(let integer)?, .integer): return .integer(integer)
            case (.boolean(let value)?, .boolean): return .boolean(value)
            case (.choice(let word)?, .choice(let choices)):
                if let index = choices.words.firstIndex(of: word) { return .choice(UInt8(index)) }
            default: break
            }
            preconditionFailure("the default of \(field.name) is not of its type")
        }

        private mutating func keep(_ text: String) -> Text {
            let start = constants.count
            constants += text.utf8
            return Text(start..<constants.count)
        }
    }
}

extension EntitySchema {
    /// The sources of the key.
    var keySources: [FieldSource] { fields[keyIndex].sources }
}
