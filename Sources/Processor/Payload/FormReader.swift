import JSON

/// Reads the form of one record, value by value, for a ``FormTree`` to learn.
struct FormReader {
    /// One value and the text before it, or a part of a text that is too long for one node.
    struct Step {
        var text: Range<Int>
        var value: FormTree.Value
        var depth: Int16
        var turns: [FormTree.Turn]
    }

    /// Whose members are being read.
    private enum Context {
        /// The record itself, and an object `data` or `payload` in it.
        case record, inner
        /// An object whose members count for the one around it.
        case members(KeyTable)
        /// An object that nobody keeps.
        case unknown
    }

    /// Objects deeper than this, and records of more values, are taken as one value, and as none of a form.
    private static let depthLimit = 16
    private static let stepLimit = 512

    private let fields: FieldScanner
    private var scanner = JSONScanner()
    private var steps: [Step] = []
    /// Where the last value ended, and what has begun and ended since.
    private var textStart = 0
    private var turns: [FormTree.Turn] = []

    private init(_ fields: FieldScanner) { self.fields = fields }

    /// All of a record that ``FieldScanner`` has read; none when it has too many values to be of a form.
    static func steps(of bytes: Span<UInt8>, by fields: FieldScanner) -> [Step] {
        var reader = FormReader(fields)
        do throws(JSONError) {
            reader.scanner.skipByteOrderMark(in: bytes)
            _ = try reader.scanner.kind(in: bytes)
            try reader.object(.record, in: bytes)
            try reader.scanner.finish(in: bytes)
        } catch {
            return []
        }
        reader.add(.end)
        return reader.steps.count <= stepLimit ? reader.steps : []
    }

    private mutating func object(_ context: Context, in bytes: Span<UInt8>) throws(JSONError) {
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            let kind = try scanner.kind(in: bytes)
            let id = keys(of: context)?.id(of: name, in: bytes)
            if let field = id.flatMap(Field.init(rawValue:)) {
                try member(field, kind, of: context, in: bytes)
            } else {
                try unknown(kind, in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
    }

    private func keys(of context: Context) -> KeyTable? {
        switch context {
        case .record, .inner: fields.keys
        case .members(let keys): keys
        case .unknown: nil
        }
    }

    private mutating func member(
        _ field: Field, _ kind: JSONKind, of context: Context, in bytes: Span<UInt8>
    ) throws(JSONError) {
        switch (context, field) {
        case (.record, .data), (.record, .payload):
            guard kind == .object else { return try pass(.field(field.rawValue, isPlain: true), in: bytes) }
            turn(.beginsInner, field)
            try object(.inner, in: bytes)
            turn(.endsInner, field)
        case (.record, .rawData), (.inner, .rawData), (.record, .location), (.inner, .location):
            guard kind == .object else { return try pass(.field(field.rawValue, isPlain: true), in: bytes) }
            turn(.beginsMembers, field)
            try object(.members(field == .rawData ? fields.rawDataKeys : fields.locationKeys), in: bytes)
            turn(.endsMembers, field)
        default: try pass(.field(field.rawValue, isPlain: false), in: bytes)
        }
    }

    /// Passes a value that nobody keeps: objects member by member, and lists of objects, too.
    private mutating func unknown(_ kind: JSONKind, in bytes: Span<UInt8>) throws(JSONError) {
        guard scanner.depth < Self.depthLimit else { return try pass(.skipped, in: bytes) }
        if kind == .object { return try object(.unknown, in: bytes) }
        guard kind == .array, try startsWithObject(in: bytes) else { return try pass(.skipped, in: bytes) }
        var goesOn = try scanner.openArray(in: bytes)
        while goesOn {
            try unknown(try scanner.kind(in: bytes), in: bytes)
            goesOn = try scanner.nextElement(in: bytes)
        }
    }

    /// Lists of anything else mostly differ in length from record to record.
    private func startsWithObject(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
        var copy = scanner
        guard try copy.openArray(in: bytes) else { return false }
        return try copy.kind(in: bytes) == .object
    }

    private mutating func turn(_ kind: FormTree.Turn.Kind, _ field: Field) {
        turns.append(FormTree.Turn(offset: Int32(scanner.offset - textStart), kind: kind, field: field))
    }

    private mutating func pass(_ value: FormTree.Value, in bytes: Span<UInt8>) throws(JSONError) {
        add(value)
        try scanner.skipValue(in: bytes)
        textStart = scanner.offset
    }

    private mutating func add(_ value: FormTree.Value) {
        guard steps.count <= Self.stepLimit else { return }
        var start = textStart
        let depth = Int16(clamping: scanner.depth)
        // A record of too many steps has no form, however long its keys are.
        while scanner.offset - start > StringBlock.size, steps.count <= Self.stepLimit {
            let text = start..<start + StringBlock.size
            steps.append(Step(text: text, value: .none, depth: depth, turns: []))
            start = text.upperBound
        }
        for index in turns.indices { turns[index].offset -= Int32(start - textStart) }
        steps.append(Step(text: start..<scanner.offset, value: value, depth: depth, turns: turns))
        turns = []
    }
}
