import JSON

/// Where the value of one member is in a record; a string's range leaves the quotes out.
struct ScannedValue: Sendable, Equatable {
    var start: Int32
    var end: Int32
    var kind: JSONKind
    var isEscaped: Bool
    /// The object that the value belongs to; see ``ScannedFields``.
    fileprivate(set) var stamp: UInt16 = 0

    @inline(__always)
    init(_ range: Range<Int>, _ kind: JSONKind, isEscaped: Bool = false) {
        // Records are far below 2 GiB, which the decoder checks before it starts.
        start = Int32(truncatingIfNeeded: range.lowerBound)
        end = Int32(truncatingIfNeeded: range.upperBound)
        (self.kind, self.isEscaped) = (kind, isEscaped)
    }

    @inline(__always)
    var range: Range<Int> { unsafe Range(uncheckedBounds: (Int(start), max(Int(start), Int(end)))) }

    /// Whether the value is a text of `bytes` without escapes and without anything to be trimmed, as most are.
    @inline(__always)
    func isPlainText(of bytes: Span<UInt8>) -> Bool {
        kind == .string && !isEscaped && start < end && WhiteSpace.isVisible(bytes.byte(at: Int(start)))
            && WhiteSpace.isVisible(bytes.byte(at: Int(end) &- 1))
    }

    /// The same as a member of the object that `stamp` marks; one that is `null` is no member.
    @inline(__always)
    func marked(_ stamp: UInt16) -> ScannedValue {
        var value = self
        value.stamp = kind == .null ? 0 : stamp
        return value
    }
}

/// The members of one JSON object that ``RecordKeys`` lists: filled in one pass, read by ID.
///
/// A member that is `null` is absent; of duplicate keys the last one counts.
struct ScannedFields: Sendable {
    /// By ID.
    var values: [ScannedValue]
    /// What the values of this object are marked with: so none must be erased for the next one.
    private(set) var stamp: UInt16 = 1

    init(count: Int) { values = Array(repeating: ScannedValue(0..<0, .null), count: count) }

    mutating func removeAll() {
        stamp &+= 1
        guard stamp == 0 else { return }
        for index in values.indices { values[index].stamp = 0 }
        stamp = 1
    }

    /// Nil where the member is absent.
    subscript(id: UInt16) -> ScannedValue? {
        @inline(__always)
        get {
            let value = values[Int(id)]
            return value.stamp == stamp ? value : nil
        }
    }

    mutating func note(_ value: ScannedValue, as id: UInt16) { values[Int(id)] = value.marked(stamp) }
}
