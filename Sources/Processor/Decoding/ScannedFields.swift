import JSON

/// Where the value of one member is in a record; a string's range leaves the quotes out.
struct ScannedValue: Sendable, Equatable {
    var start: Int32
    var end: Int32
    var kind: JSONKind
    var isEscaped: Bool
    /// The object that the value belongs to; see ``ScannedFields``.
    fileprivate var stamp: UInt16 = 0

    init(_ range: Range<Int>, _ kind: JSONKind, isEscaped: Bool = false) {
        // Records are far below 2 GiB, which the decoder checks before it starts.
        start = Int32(truncatingIfNeeded: range.lowerBound)
        end = Int32(truncatingIfNeeded: range.upperBound)
        (self.kind, self.isEscaped) = (kind, isEscaped)
    }

    @inline(__always)
    var range: Range<Int> { unsafe Range(uncheckedBounds: (Int(start), max(Int(start), Int(end)))) }
}

/// The members of one JSON object that ``RecordKeys`` lists: filled in one pass, read by ID.
///
/// A member that is `null` is absent; of duplicate keys the last one counts.
struct ScannedFields: Sendable {
    /// By ID.
    private var values: [ScannedValue]
    /// What the values of this object are marked with: so none must be erased for the next one.
    private var stamp: UInt16 = 1

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

    @inline(__always)
    func has(_ id: UInt16) -> Bool { values[Int(id)].stamp == stamp }

    /// The value of a member that the object has.
    @inline(__always)
    func value(_ id: UInt16) -> ScannedValue { values[Int(id)] }

    @inline(__always)
    mutating func note(_ value: ScannedValue, as id: UInt16) {
        var value = value
        value.stamp = value.kind == .null ? 0 : stamp
        values[Int(id)] = value
    }

    mutating func remove(_ ids: Range<UInt16>) {
        for id in ids { values[Int(id)].stamp = 0 }
    }
}
