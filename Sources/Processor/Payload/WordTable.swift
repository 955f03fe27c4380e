import JSON

/// What each of a few words stands for, in any letter case.
///
/// A class, so that a table is handed on without a copy of what it holds; it never changes.
final class WordTable<Value: Sendable>: Sendable {
    private let keys: KeyTable
    private let values: [Value]
    /// The words to name in messages.
    let known: String

    /// - Parameters:
    ///   - words: In lower case, ASCII.
    ///   - synonyms: Words that stand for a value, too, and are not named.
    init(_ words: [(String, Value)], synonyms: [(String, Value)] = []) {
        let all = words + synonyms
        keys = KeyTable(all.enumerated().map { ($0.element.0, UInt8($0.offset)) })
        values = all.map(\.1)
        known = words.map(\.0).joined(separator: ", ")
    }

    /// What the word in `range` of `bytes` stands for.
    ///
    /// - Parameter bytes: In lower case.
    func value(of range: Range<Int>, in bytes: Span<UInt8>) -> Value? {
        keys.id(of: range, in: bytes).map { values[Int($0)] }
    }
}

extension WordTable where Value: RawRepresentable<String> & CaseIterable {
    /// The cases of an enumeration by their raw values.
    convenience init(of type: Value.Type, synonyms: [(String, Value)] = []) {
        self.init(Value.allCases.map { ($0.rawValue, $0) }, synonyms: synonyms)
    }
}
