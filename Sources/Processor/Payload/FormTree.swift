import JSON

/// The forms of the records that have come so far: what stands between their values, as a tree.
///
/// Producers write their records in few forms, so a record is compared with those that came before, many bytes at a time, and
/// only its values are looked at. Equal text has equal structure and equal keys, so whatever ``FieldScanner`` found out about
/// the one record's members holds of the other's. It decides what a record means; a record of no known form is read by it, and
/// then learned. The tree has a node for each value; forms share nodes as far as they are the same.
struct FormTree: Sendable {
    /// A value, and the text before it.
    struct Node: Sendable {
        /// What stands between the value before and this one, or the end of that; nothing counts behind ``count`` bytes.
        var text: SIMD32<UInt8>
        /// A bit for each byte of the text.
        var mask: UInt32
        var count: Int32
        var value: Value
        /// How many objects and arrays are open around the value.
        var depth: Int16
        var turnCount: Int16
        /// The first of ``FormTree/turns`` that are within the text.
        var firstTurn: Int32
        /// The first of the nodes that may follow; -1 when the record ends here.
        var next: Int32 = -1
        /// The node to try when another text stands in the record; -1 when there is none.
        var other: Int32 = -1
    }

    /// What becomes of a value.
    enum Value: Sendable, Equatable {
        /// It is noted as a field of the object that is being read, by the field's raw value.
        ///
        /// `isPlain` of one whose members count where it is an object: such a record has another form.
        case field(UInt8, isPlain: Bool)
        case skipped
        /// None is here: the text goes on.
        case none
        /// None follows: the text is the last of the record.
        case end
    }

    /// Where an object begins or ends whose members count.
    struct Turn: Sendable, Equatable {
        enum Kind: Sendable { case beginsInner, endsInner, beginsMembers, endsMembers }

        /// Bytes from the node's text on up to the object's first byte, or through its last one; less than zero for one that
        /// stands in the part of the text that the node before has.
        var offset: Int32
        var kind: Kind
        /// The field that the object is.
        var field: Field
    }

    /// The first node to try; -1 before the first record.
    private var root: Int32 = -1
    private var nodes: [Node] = []
    private var turns: [Turn] = []
    /// How many records came whose form there was no room for.
    private var unlearned = 0

    /// Beyond this nothing is learned: a producer whose keys differ from record to record has no form.
    private static let nodeLimit = 2048
    /// How many forms may go on differently behind one value.
    private static let branchLimit = 16
}

/// Reading a record by its form.
extension FormTree {
    /// Notes where the known fields of the record's outermost object stand, and those of an object `data` or `payload` in it.
    ///
    /// - Returns: As ``FieldScanner/scan(_:in:into:inner:)``; nil when the record is of no form that came before, or is wrong.
    func scan(_ bytes: Span<UInt8>, into table: inout FieldTable, inner: inout FieldTable) -> Int? {
        var place = Place()
        guard scan(bytes, &place, outer: &table.values, inner: &inner.values) else { return nil }
        (table.given, inner.given) = (place.given, place.innerGiven)
        return place.innerStart
    }

    /// What is being read, and what has been found.
    private struct Place {
        /// Fields of the object that is being read.
        var given = FieldTable.Fields()
        /// The other object's, while it is not the outermost one.
        var outerGiven = FieldTable.Fields()
        var innerGiven = FieldTable.Fields()
        /// Whether it is the object `data` or `payload`, or one inside of that.
        var isInner = false
        var innerStart = -1
        /// Where the object starts whose members count for the one around it.
        var membersStart = -1
    }

    private func scan(
        _ bytes: Span<UInt8>, _ result: inout Place, outer: inout [FieldValue], inner: inout [FieldValue]
    ) -> Bool {
        // The one array that stands for all empty ones is aligned to 8 bytes; a span of nodes must be to 16, and would trap.
        guard !nodes.isEmpty else { return false }
        let nodes = nodes.span
        var outer = outer.mutableSpan
        var inner = inner.mutableSpan
        var offset = 0
        var place = Place()
        var index = Int(root)
        while index >= 0 {
            let differences = bytes.stringBlock(at: offset).differences(from: StringBlock(nodes[index].text))
            guard differences & nodes[index].mask == 0 else {
                index = Int(nodes[index].other)
                continue
            }
            let start = offset &+ Int(nodes[index].count)
            if case .field(_, isPlain: true) = nodes[index].value, bytes.byte(at: start) == UInt8(ascii: "{") {
                index = Int(nodes[index].other)
                continue
            }
            if nodes[index].turnCount > 0 { place = turn(nodes[index], from: offset, place, &outer, &inner) }
            switch nodes[index].value {
            case .none: offset = start
            case .end:
                result = place
                return start == bytes.count
            case .skipped:
                guard let end = Self.endOfValue(at: start, depth: nodes[index].depth, in: bytes) else { return false }
                offset = end
            case .field(let id, let isPlain):
                guard let (value, end) = Self.value(at: start, depth: nodes[index].depth, in: bytes) else {
                    return false
                }
                if isPlain {
                    // With white space before it the object came this far.
                    guard value.kind != .object, let field = Field(rawValue: id) else { return false }
                    place.given.removeMembers(of: field)
                }
                offset = end
                if value.kind == .null {
                    place.given.remove(id)
                } else {
                    place.given.insert(id)
                    if place.isInner { inner[Int(id)] = value } else { outer[Int(id)] = value }
                }
            }
            index = Int(nodes[index].next)
        }
        return false
    }

    /// The value at `start`, and where it ends; nil when none stands there.
    @inline(__always)
    private static func value(at start: Int, depth: Int16, in bytes: Span<UInt8>) -> (value: FieldValue, end: Int)? {
        if let end = bytes.endOfShortString(at: start) {
            let value = FieldValue(
                start: Int32(truncatingIfNeeded: start &+ 1), end: Int32(truncatingIfNeeded: end &- 1), kind: .string,
                isEscaped: false)
            return (value, end)
        }
        return anyValue(at: start, depth: depth, in: bytes)
    }

    private static func anyValue(at start: Int, depth: Int16, in bytes: Span<UInt8>) -> (value: FieldValue, end: Int)? {
        var scanner = JSONScanner(at: start, depth: Int(depth))
        guard let value = try? FieldScanner.value(&scanner, in: bytes) else { return nil }
        return (value, scanner.offset)
    }

    @inline(__always)
    private static func endOfValue(at start: Int, depth: Int16, in bytes: Span<UInt8>) -> Int? {
        bytes.endOfShortString(at: start) ?? endOfAnyValue(at: start, depth: depth, in: bytes)
    }

    private static func endOfAnyValue(at start: Int, depth: Int16, in bytes: Span<UInt8>) -> Int? {
        var scanner = JSONScanner(at: start, depth: Int(depth))
        do throws(JSONError) {
            switch try scanner.kind(in: bytes) {
            case .number: _ = try scanner.number(in: bytes)
            case .null: try scanner.literal(.null, in: bytes)
            default: try scanner.skipValue(in: bytes)
            }
        } catch {
            return nil
        }
        return scanner.offset
    }

    private func turn(
        _ node: Node, from start: Int, _ before: Place, _ outer: inout MutableSpan<FieldValue>,
        _ inner: inout MutableSpan<FieldValue>
    ) -> Place {
        var place = before
        for turn in turns(of: node) {
            let offset = start + Int(turn.offset)
            switch turn.kind {
            case .beginsInner:
                (place.outerGiven, place.given) = (place.given, FieldTable.Fields())
                (place.isInner, place.innerStart) = (true, offset)
            case .endsInner:
                (place.innerGiven, place.given) = (place.given, place.outerGiven)
                place.isInner = false
                place.given.insert(turn.field.rawValue)
                outer[Int(turn.field.rawValue)] = .object(place.innerStart..<offset)
            case .beginsMembers:
                place.membersStart = offset
                place.given.removeMembers(of: turn.field)
            case .endsMembers:
                let value = FieldValue.object(place.membersStart..<offset)
                place.given.insert(turn.field.rawValue)
                if place.isInner {
                    inner[Int(turn.field.rawValue)] = value
                } else {
                    outer[Int(turn.field.rawValue)] = value
                }
            }
        }
        return place
    }
}

/// Learning forms.
extension FormTree {
    /// Adds the form of a record that has been read.
    mutating func learn(_ bytes: Span<UInt8>, by fields: FieldScanner) {
        guard !add(bytes, by: fields) else { return }
        // Other forms may come, and those known may have gone.
        unlearned += 1
        if unlearned > Self.nodeLimit { self = FormTree() }
    }

    /// - Returns: False when there is no room for all of it.
    private mutating func add(_ bytes: Span<UInt8>, by fields: FieldScanner) -> Bool {
        guard nodes.count < Self.nodeLimit else { return false }
        var parent: Int32 = -1
        for step in FormReader.steps(of: bytes, by: fields) {
            guard let node = node(for: step, of: bytes, behind: parent) else { return false }
            parent = node
        }
        return true
    }

    /// The node of a step, which is added unless it is there; nil when forms go on differently too often behind `parent`.
    private mutating func node(for step: FormReader.Step, of bytes: Span<UInt8>, behind parent: Int32) -> Int32? {
        var last: Int32 = -1
        var candidate = parent < 0 ? root : nodes[Int(parent)].next
        var branches = 0
        while candidate >= 0 {
            if isSame(nodes[Int(candidate)], step, of: bytes) { return candidate }
            (last, candidate) = (candidate, nodes[Int(candidate)].other)
            branches += 1
        }
        guard branches < Self.branchLimit else { return nil }
        let added = Int32(nodes.count)
        add(step, of: bytes)
        if last >= 0 {
            nodes[Int(last)].other = added
        } else if parent >= 0 {
            nodes[Int(parent)].next = added
        } else {
            root = added
        }
        return added
    }

    private func isSame(_ node: Node, _ step: FormReader.Step, of bytes: Span<UInt8>) -> Bool {
        node.value == step.value && node.depth == step.depth && node.count == step.text.count
            && bytes.stringBlock(at: step.text.lowerBound).differences(from: StringBlock(node.text)) & node.mask == 0
            && turns(of: node).elementsEqual(step.turns)
    }

    private mutating func add(_ step: FormReader.Step, of bytes: Span<UInt8>) {
        nodes.append(
            Node(
                text: bytes.stringBlock(at: step.text.lowerBound).bytes,
                mask: StringBlock.mask(step.text.count), count: Int32(step.text.count),
                value: step.value, depth: step.depth, turnCount: Int16(step.turns.count),
                firstTurn: Int32(turns.count)))
        turns += step.turns
    }

    private func turns(of node: Node) -> ArraySlice<Turn> {
        turns[Int(node.firstTurn)..<Int(node.firstTurn) + Int(node.turnCount)]
    }
}
