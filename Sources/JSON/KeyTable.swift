/// Finds which of a fixed set of keys a JSON key is, by its length and its words of eight bytes.
public struct KeyTable: Sendable {
    /// A key of 1 to 32 bytes as overlapping words: its first two, and its last two.
    private struct Entry {
        var first: UInt64
        var second: UInt64 = 0
        var third: UInt64 = 0
        var last: UInt64 = 0
        var id: UInt8
    }

    /// Entries by length, and where those of each length start.
    private let entries: [Entry]
    private let starts: [Int]

    private static let longest = 32

    /// - Parameter keys: Up to 32 bytes each, with what ``id(of:in:)`` shall say of them.
    public init(_ keys: [(key: String, id: UInt8)]) {
        var byLength = [[Entry]](repeating: [], count: Self.longest + 2)
        for (key, id) in keys {
            let bytes = Array(key.utf8)
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

    /// The id of the key whose bytes stand in `range`.
    package func id(of range: Range<Int>, in bytes: Span<UInt8>) -> UInt8? {
        guard range.count <= Self.longest, starts[range.count] < starts[range.count + 1] else { return nil }
        let wanted = Self.entry(range, of: bytes, id: 0)
        for index in starts[range.count]..<starts[range.count + 1] {
            let entry = entries[index]
            if entry.first == wanted.first, entry.last == wanted.last, entry.second == wanted.second,
                entry.third == wanted.third
            {
                return entry.id
            }
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
        guard range.count >= 8, let first = bytes.word(at: start), let last = bytes.word(at: range.upperBound - 8)
        else {
            return Entry(first: shortWord(range, of: bytes), id: id)
        }
        guard range.count > 16, let second = bytes.word(at: start + 8),
            let third = bytes.word(at: range.upperBound - 16)
        else { return Entry(first: first, last: last, id: id) }
        return Entry(first: first, second: second, third: third, last: last, id: id)
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
