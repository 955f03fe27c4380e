import Basics

/// A fixed set of keys, in which a JSON key is found by its length and its bytes as one block.
package struct KeyTable: Sendable {
    @usableFromInline
    struct Slot: Sendable {
        /// The key, and zeros behind it.
        @usableFromInline var key = SIMD32<UInt8>(repeating: 0)
        /// How many bytes the key has, and its scope; 0 where the slot is empty.
        @usableFromInline var length: UInt32 = 0
        @usableFromInline var id: UInt16 = 0

        @usableFromInline init() {}
    }

    /// A power of two of slots, most of them empty; a key is in the slot of its hash, or in the first empty one
    /// behind it.
    @usableFromInline let slots: [Slot]
    @usableFromInline let shift: UInt64

    /// - Parameter keys: 1 to 32 bytes each, with what ``id(of:in:scope:)`` returns for it.
    package init(_ keys: [(key: String, id: UInt16)]) {
        self.init(scoped: keys.map { ($0.key, 0, $0.id) })
    }

    /// - Parameter keys: As above, those of one scope apart from those of another.
    package init(scoped keys: [(key: String, scope: UInt32, id: UInt16)]) {
        var bits = 2
        while 1 << bits < keys.count * 4 { bits += 1 }
        shift = UInt64(64 - bits)
        var slots = [Slot](repeating: Slot(), count: 1 << bits)
        for (key, scope, id) in keys {
            let bytes = key.utf8
            precondition(1...StringBlock.size ~= bytes.count, "a key has 1 to 32 bytes")
            let block = bytes.span.stringBlock(at: 0).start(bytes.count)
            var index = Int(truncatingIfNeeded: block.hash(scope) &>> shift)
            while slots[index].length != 0 { index = (index + 1) & (slots.count - 1) }
            slots[index].key = block.bytes
            (slots[index].length, slots[index].id) = (Self.length(bytes.count, scope), id)
        }
        self.slots = slots
    }

    @inlinable @inline(__always)
    static func length(_ count: Int, _ scope: UInt32) -> UInt32 { UInt32(truncatingIfNeeded: count) | scope &<< 8 }

    /// The id of `key`, or nil when it is none of the scope's.
    @inlinable @inline(__always)
    package func id(of key: JSONString, in bytes: Span<UInt8>, scope: UInt32 = 0) -> UInt16? {
        if key.isEscaped { return idOfEscaped(key, in: bytes, scope) }
        return id(of: key.range, in: bytes, scope: scope)
    }

    /// The id of the key whose bytes are in `range`.
    @inlinable @inline(__always)
    package func id(of range: Range<Int>, in bytes: Span<UInt8>, scope: UInt32 = 0) -> UInt16? {
        let count = range.upperBound &- range.lowerBound
        guard count >= 1, count <= StringBlock.size else { return nil }
        let block = bytes.stringBlock(at: range.lowerBound).start(count)
        let length = Self.length(count, scope)
        var index = Int(truncatingIfNeeded: block.hash(scope) &>> shift)
        while true {
            if slots[index].length == length, block.differences(from: StringBlock(slots[index].key)) == 0 {
                return slots[index].id
            }
            if slots[index].length == 0 { return nil }
            index = (index &+ 1) & (slots.count &- 1)
        }
    }

    /// A producer may escape any letter of a key; none of ours does.
    @usableFromInline
    func idOfEscaped(_ key: JSONString, in bytes: Span<UInt8>, _ scope: UInt32) -> UInt16? {
        var resolved: [UInt8] = []
        JSONEscape.append(key, of: bytes, to: &resolved)
        return id(of: 0..<resolved.count, in: resolved.span, scope: scope)
    }
}

/// A key as most producers write it, with its quotes and its colon: to be compared at once where it is expected.
package struct QuotedKey: Sendable {
    @usableFromInline let text: SIMD32<UInt8>
    /// A bit for each byte of the text.
    @usableFromInline let mask: UInt32
    @usableFromInline let count: Int

    /// - Parameter key: One that is too long to be compared is never found.
    package init(_ key: String) {
        let bytes = Array("\"\(key)\":".utf8)
        let isShort = bytes.count <= StringBlock.size
        // No JSON text has a byte of ones.
        text = isShort ? bytes.span.stringBlock(at: 0).bytes : SIMD32(repeating: 0xFF)
        (mask, count) = (isShort ? StringBlock.mask(bytes.count) : .max, bytes.count)
    }
}
