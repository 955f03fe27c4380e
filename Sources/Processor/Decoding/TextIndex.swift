import JSON

/// Finds texts that have the same bytes as an earlier one, in a few bytes of memory for each.
struct TextIndex {
    /// Positions in ``TextStorage/items``, less than zero where a slot is empty; at least half of the slots are.
    private var slots: [Int32]

    /// - Parameter capacity: How many texts there will be.
    init(capacity: Int) {
        var count = 4
        while count < 2 * capacity { count *= 2 }
        slots = [Int32](repeating: -1, count: count)
    }

    /// Returns the position of the first text that has the bytes of the one at `position`, which may be itself.
    ///
    /// - Parameter position: In `storage.items`; the text must stay there.
    mutating func index(of position: Int, in storage: borrowing TextStorage) -> Int {
        let text = storage.items[position]
        var hasher = Hasher()
        unsafe storage.bytes.span.extracting(text.range).bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot] >= 0 {
            let known = storage.items[Int(slots[slot])]
            if known.count == text.count, hasSameBytes(known, text, in: storage) { return Int(slots[slot]) }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = Int32(position)
        return position
    }

    private func hasSameBytes(_ one: Text, _ other: Text, in storage: borrowing TextStorage) -> Bool {
        let bytes = storage.bytes.span
        return (0..<Int(one.count)).allSatisfy {
            bytes.byte(at: Int(one.start) + $0) == bytes.byte(at: Int(other.start) + $0)
        }
    }
}
