import JSON

/// Which case of an enumeration each of a few words stands for, in any letter case.
///
/// A class, so that a table is handed on without a copy of what it holds; it never changes. Cases are told by their places
/// in `allCases`, since a generic class would have to be made when the program starts.
final class WordTable: Sendable {
    private let keys: KeyTable
    private let words: [(key: String, id: UInt8)]

    /// - Parameters:
    ///   - words: In lower case, ASCII, each with its case's place.
    ///   - synonyms: Words that stand for a case, too, and are not named.
    init(_ words: [(key: String, id: UInt8)], synonyms: [(key: String, id: UInt8)] = []) {
        keys = KeyTable(words + synonyms)
        self.words = words
    }

    /// - Parameter cases: The word of each case, in lower case, in their order.
    convenience init(cases: [String], synonyms: [(key: String, id: UInt8)] = []) {
        var words: [(key: String, id: UInt8)] = []
        for (place, word) in cases.enumerated() { words.append((word, UInt8(place))) }
        self.init(words, synonyms: synonyms)
    }

    /// The words to name in messages.
    var known: String { words.map(\.key).joined(separator: ", ") }

    /// What the word in `range` of `bytes` stands for.
    ///
    /// - Parameter bytes: In lower case.
    @inline(__always)
    func value<Value: CaseIterable>(
        of range: Range<Int>, in bytes: Span<UInt8>, as type: Value.Type
    ) -> Value? where Value.AllCases == [Value] {
        keys.id(of: range, in: bytes).map { Value.allCases[Int($0)] }
    }
}
