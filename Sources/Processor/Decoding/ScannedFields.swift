import Basics
import JSON

/// The range of one member's value in a record; the range of a string excludes its quotes.
struct ScannedValue: Sendable, Equatable {
    var start: Int32
    var end: Int32
    var kind: JSONKind
    var isEscaped: Bool
    /// The stamp of the object that the value belongs to; see ``ScannedFields``.
    fileprivate(set) var stamp: UInt16 = 0

    @inline(__always)
    init(_ range: Range<Int>, _ kind: JSONKind, isEscaped: Bool = false) {
        // Records are smaller than 2 GiB, which the decoder checks first.
        start = Int32(truncatingIfNeeded: range.lowerBound)
        end = Int32(truncatingIfNeeded: range.upperBound)
        (self.kind, self.isEscaped) = (kind, isEscaped)
    }

    @inline(__always)
    var range: Range<Int> { unsafe Range(uncheckedBounds: (Int(start), max(Int(start), Int(end)))) }

    /// Returns whether the value is a text without escapes and without white space to trim, as most texts are.
    @inline(__always)
    func isPlainText(of bytes: Span<UInt8>) -> Bool {
        kind == .string && !isEscaped && start < end && WhiteSpace.isVisible(bytes.byte(at: Int(start)))
            && WhiteSpace.isVisible(bytes.byte(at: Int(end) &- 1))
    }

    /// Returns the value as a member of the object that `stamp` identifies; `null` counts as absent.
    @inline(__always)
    func marked(_ stamp: UInt16) -> ScannedValue {
        var value = self
        value.stamp = kind == .null ? 0 : stamp
        return value
    }
}

/// The members of one JSON object that ``RecordKeys`` contains, by ID.
///
/// A member that is `null` is absent; the last of duplicate keys counts.
struct ScannedFields: Sendable {
    struct Member: Sendable {
        var value = ScannedValue(0..<0, .null)
        /// The ID of the member that followed this one in the last object; its own ID if that is unknown.
        var follower: UInt16
    }

    /// The members by ID.
    var members: [Member]
    /// The stamp of this object's values, so that values of earlier objects need not be erased.
    private(set) var stamp: UInt16 = 1

    init(count: Int) { members = (0..<count).map { Member(follower: UInt16($0)) } }

    mutating func removeAll() {
        stamp &+= 1
        guard stamp == 0 else { return }
        for index in members.indices { members[index].value.stamp = 0 }
        stamp = 1
    }

    /// Returns nil if the member is absent.
    subscript(id: UInt16) -> ScannedValue? {
        @inline(__always)
        get {
            let value = members[Int(id)].value
            return value.stamp == stamp ? value : nil
        }
    }

    mutating func note(_ value: ScannedValue, as id: UInt16) { members[Int(id)].value = value.marked(stamp) }
}
