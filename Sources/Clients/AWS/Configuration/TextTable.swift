/// A dictionary whose keys are texts that are compared byte by byte.
///
/// `Dictionary<String, Value>` treats canonically equivalent keys as equal: two different names of profiles could
/// denote the same one.
struct TextTable<Value> {
    private var values: [[UInt8]: Value] = [:]

    init() {}

    subscript(key: String) -> Value? {
        get { values[Array(key.utf8)] }
        set { values[Array(key.utf8)] = newValue }
    }

    /// The keys, in no order.
    var keys: [String] { values.keys.map { String(decoding: $0, as: UTF8.self) } }

    var isEmpty: Bool { values.isEmpty }

    /// Adds the entries of `other`, which replace those with the same key.
    mutating func merge(_ other: Self) { values.merge(other.values) { $1 } }

    /// Adds the entries of `other` whose keys are not in this table.
    mutating func mergeMissing(_ other: Self) { values.merge(other.values) { own, _ in own } }
}

extension TextTable: Sendable where Value: Sendable {}

extension TextTable: Equatable where Value: Equatable {}

/// Literals; of equal keys, the last one counts.
extension TextTable: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, Value)...) { for (key, value) in elements { self[key] = value } }
}

extension String {
    /// Returns whether both have the same bytes; `==` compares by canonical equivalence.
    package func isIdentical(to other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
