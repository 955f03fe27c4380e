import Basics
import JSON

/// A hash table that finds texts with equal bytes, in a few bytes of memory per text.
struct TextIndex {
    /// Positions in ``TextStorage/items``; negative for empty slots, which at least half of the slots are.
    private var slots: [Int32]

    /// - Parameter capacity: The number of texts to add.
    init(capacity: Int) {
        var count = 4
        while count < 2 * capacity { count *= 2 }
        slots = [Int32](repeating: -1, count: count)
    }

    /// Returns the position of the first text with the same bytes as the one at `position`, which may be itself.
    ///
    /// - Parameter position: A position in `storage.items`; the text must not be moved later.
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
