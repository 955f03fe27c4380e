import JSON

/// A table of a few words, which are found in any letter case.
///
/// A class, so that it is passed without a copy. It is immutable.
final class WordTable: Sendable {
    private let keys: KeyTable
    private let words: [(word: String, id: UInt8)]

    /// - Parameters:
    ///   - words: In lower case, each with the ID that ``id(of:in:)`` returns for it.
    ///   - synonyms: Words that messages do not list.
    init(_ words: [(word: String, id: UInt8)], synonyms: [(word: String, id: UInt8)]) {
        keys = KeyTable((words + synonyms).map { ($0.word, UInt16($0.id)) })
        self.words = words
    }

    /// Creates a table with the index of each word; synonyms have the index of their word.
    convenience init(_ choices: Choices) {
        let words = choices.words.enumerated().map { (word: $1, id: UInt8($0)) }
        self.init(
            words,
            synonyms: choices.synonyms.map { synonym in
                (synonym.word, words.first { $0.word == synonym.meaning }?.id ?? 0)
            })
    }

    /// The words to list in messages.
    var known: String { words.map(\.word).joined(separator: ", ") }

    /// Returns the ID of the word in `range` of `bytes`; nil if it is not in the table.
    ///
    /// - Parameter bytes: In lower case.
    @inline(__always)
    func id(of range: Range<Int>, in bytes: Span<UInt8>) -> UInt8? {
        keys.id(of: range, in: bytes).map { UInt8(truncatingIfNeeded: $0) }
    }
}
