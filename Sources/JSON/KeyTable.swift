/// Finds which of a fixed set of keys a JSON key is, by its length and its words of eight bytes.
public struct KeyTable: Sendable {
    /// A key of 1 to 24 bytes as three overlapping words: its first eight bytes, the next eight, its last eight.
    private struct Entry: Equatable {
        var first: UInt64
        var middle: UInt64
        var last: UInt64
        var id: UInt8
    }

    /// Entries by length, and where those of each length start.
    private let entries: [Entry]
    private let starts: [Int]

    private static let longest = 24

    /// - Parameter keys: Up to 24 bytes each, with what ``id(of:in:)`` shall say of them.
    public init(_ keys: [(key: StaticString, id: UInt8)]) {
        var byLength = [[Entry]](repeating: [], count: Self.longest + 2)
        for (key, id) in keys {
            let bytes = Array(key.description.utf8)
            precondition((1...Self.longest).contains(bytes.count), "a key has 1 to \(Self.longest) bytes")
            byLength[bytes.count].append(Self.entry(0..<bytes.count, of: bytes.span, id: id))
        }
        entries = byLength.flatMap(\.self)
        starts = byLength.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    }

    /// The id of `key`, or nil when it is none of the table's.
    @inline(__always)
    public func id(of key: JSONString, in bytes: Span<UInt8>) -> UInt8? {
        if key.isEscaped { return idOfEscaped(key, in: bytes) }
        return id(of: key.range, in: bytes)
    }

    private func id(of range: Range<Int>, in bytes: Span<UInt8>) -> UInt8? {
        guard range.count <= Self.longest, starts[range.count] < starts[range.count + 1] else { return nil }
        let wanted = Self.entry(range, of: bytes, id: 0)
        for index in starts[range.count]..<starts[range.count + 1] {
            let entry = entries[index]
            if entry.first == wanted.first, entry.last == wanted.last, entry.middle == wanted.middle { return entry.id }
        }
        return nil
    }

    /// A producer may escape any letter of a key; none of ours does.
    private func idOfEscaped(_ key: JSONString, in bytes: Span<UInt8>) -> UInt8? {
        var resolved: [UInt8] = []
        JSONEscape.append(key, of: bytes, to: &resolved)
        return id(of: 0..<resolved.count, in: resolved.span)
    }

    @inline(__always)
    private static func entry(_ range: Range<Int>, of bytes: Span<UInt8>, id: UInt8) -> Entry {
        let start = range.lowerBound
        guard range.count >= 8, let first = bytes.word(at: start), let last = bytes.word(at: range.upperBound - 8) else {
            return Entry(first: shortWord(range, of: bytes), middle: 0, last: 0, id: id)
        }
        let middle = range.count > 16 ? bytes.word(at: start + 8) ?? 0 : 0
        return Entry(first: first, middle: middle, last: last, id: id)
    }

    /// Fewer than eight bytes as a word, zeros above them.
    @inline(__always)
    private static func shortWord(_ range: Range<Int>, of bytes: Span<UInt8>) -> UInt64 {
        if let word = bytes.word(at: range.lowerBound) {
            return range.isEmpty ? 0 : word & (UInt64.max >> UInt64(64 - 8 * range.count))
        }
        var word: UInt64 = 0
        for index in range.reversed() { word = word << 8 | UInt64(bytes.byte(at: index)) }
        return word
    }
}
