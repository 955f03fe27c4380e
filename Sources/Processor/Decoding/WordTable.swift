import JSON

/// Finds which of a few words a text is, in any letter case.
///
/// A class, so that a table is handed on without a copy of what it has; it never changes.
final class WordTable: Sendable {
    private let keys: KeyTable
    private let words: [(word: String, id: UInt8)]

    /// - Parameters:
    ///   - words: In lower case, each with what ``id(of:in:)`` returns for it.
    ///   - synonyms: Words that are not named in messages.
    init(_ words: [(word: String, id: UInt8)], synonyms: [(word: String, id: UInt8)]) {
        keys = KeyTable((words + synonyms).map { ($0.word, UInt16($0.id)) })
        self.words = words
    }

    /// The index of each word, and for a synonym that of the word it means.
    convenience init(_ choices: Choices) {
        let words = choices.words.enumerated().map { (word: $1, id: UInt8($0)) }
        self.init(
            words,
            synonyms: choices.synonyms.map { synonym in
                (synonym.word, words.first { $0.word == synonym.meaning }?.id ?? 0)
            })
    }

    /// The words to name in messages.
    var known: String { words.map(\.word).joined(separator: ", ") }

    /// The ID of the word in `range` of `bytes`; nil when it is not in the table.
    ///
    /// - Parameter bytes: In lower case.
    @inline(__always)
    func id(of range: Range<Int>, in bytes: Span<UInt8>) -> UInt8? {
        keys.id(of: range, in: bytes).map { UInt8(truncatingIfNeeded: $0) }
    }
}
