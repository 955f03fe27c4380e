/// Finds which of a fixed set of keys a JSON key is, by its length and its bytes as words of eight.
public struct KeyTable: Sendable {
    /// A key of 1 to 32 bytes: its first sixteen, zeros behind them, and the last sixteen of a longer one.
    @usableFromInline
    struct Entry: Equatable, Sendable {
        @usableFromInline var first: UInt64
        @usableFromInline var second: UInt64
        @usableFromInline var third: UInt64 = 0
        @usableFromInline var last: UInt64 = 0
        /// 0 if the slot is empty.
        @usableFromInline var count: Int

        @inlinable @inline(__always)
        init(first: UInt64, second: UInt64, count: Int) {
            (self.first, self.second, self.count) = (first, second, count)
        }

        /// Any number that differs for most keys.
        @inlinable @inline(__always)
        var hash: UInt64 { (first ^ (second &* 31) ^ UInt64(truncatingIfNeeded: count)) &* 0x9E37_79B9_7F4A_7C15 }
    }

    /// A power of two of slots, at least half of them empty; an entry is in the slot of its hash, or in the first
    /// empty one behind it.
    @usableFromInline let slots: [Entry]
    @usableFromInline let ids: [UInt16]
    @usableFromInline let shift: UInt64

    /// - Parameter keys: 1 to 32 bytes each, with what ``id(of:in:)`` shall say of them.
    public init(_ keys: [(key: String, id: UInt16)]) {
        var bits = 2
        while 1 << bits < keys.count * 2 { bits += 1 }
        shift = UInt64(64 - bits)
        var slots = [Entry](repeating: Entry(first: 0, second: 0, count: 0), count: 1 << bits)
        var ids = [UInt16](repeating: 0, count: slots.count)
        for (key, id) in keys {
            let bytes = key.utf8
            guard let entry = Self.entry(0..<bytes.count, of: bytes.span) else {
                preconditionFailure("a key has 1 to 32 bytes")
            }
            var index = Int(truncatingIfNeeded: entry.hash &>> shift)
            while slots[index].count != 0 { index = (index + 1) & (slots.count - 1) }
            (slots[index], ids[index]) = (entry, id)
        }
        (self.slots, self.ids) = (slots, ids)
    }

    /// The id of `key`, or nil when it is none of the table's.
    @inlinable @inline(__always)
    public func id(of key: JSONString, in bytes: Span<UInt8>) -> UInt16? {
        if key.isEscaped { return idOfEscaped(key, in: bytes) }
        return id(of: key.range, in: bytes)
    }

    /// The id of the key whose bytes are in `range`.
    @inlinable @inline(__always)
    public func id(of range: Range<Int>, in bytes: Span<UInt8>) -> UInt16? {
        guard let wanted = Self.entry(range, of: bytes) else { return nil }
        var index = Int(truncatingIfNeeded: wanted.hash &>> shift)
        while true {
            let entry = slots[index]
            if entry == wanted { return ids[index] }
            if entry.count == 0 { return nil }
            index = (index + 1) & (slots.count - 1)
        }
    }

    /// A producer may escape any letter of a key; none of ours does.
    @usableFromInline
    func idOfEscaped(_ key: JSONString, in bytes: Span<UInt8>) -> UInt16? {
        var resolved: [UInt8] = []
        JSONEscape.append(key, of: bytes, to: &resolved)
        return id(of: 0..<resolved.count, in: resolved.span)
    }

    /// Nil when the key has no byte, or more than 32.
    @inlinable @inline(__always)
    static func entry(_ range: Range<Int>, of bytes: Span<UInt8>) -> Entry? {
        let count = range.upperBound &- range.lowerBound
        guard count >= 1, count <= 32 else { return nil }
        guard let (first, second) = bytes.words(at: range.lowerBound) else {
            return entryNearEnd(range, of: bytes)
        }
        let ends = UInt64(truncatingIfNeeded: count) &* 8
        if count <= 8 { return Entry(first: first & (.max &>> (64 &- ends)), second: 0, count: count) }
        if count <= 16 { return Entry(first: first, second: second & (.max &>> (128 &- ends)), count: count) }
        var entry = Entry(first: first, second: second, count: count)
        if let words = bytes.words(at: range.upperBound &- 16) { (entry.third, entry.last) = words }
        return entry
    }

    /// Where fewer than sixteen bytes follow the key's start.
    @usableFromInline
    static func entryNearEnd(_ range: Range<Int>, of bytes: Span<UInt8>) -> Entry? {
        guard range.count <= 16 else { return nil }
        var words: (first: UInt64, second: UInt64) = (0, 0)
        for (index, position) in range.enumerated() {
            let byte = UInt64(bytes.byte(at: position))
            if index < 8 {
                words.first |= byte << UInt64(8 * index)
            } else {
                words.second |= byte << UInt64(8 * index - 64)
            }
        }
        return Entry(first: words.first, second: words.second, count: range.count)
    }
}
