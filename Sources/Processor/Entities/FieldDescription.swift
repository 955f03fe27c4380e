/// The description of one field of an entity: its names, the rule for its values, and its column.
///
/// Decoding, documents, warehouse rows, tables and `docs/records.md` are derived from these descriptions.
package struct FieldDescription: Sendable {
    /// The name in messages and documents; also the first of ``sources`` by default.
    package var name: String
    /// The members from which the value is read, in order of precedence.
    package var sources: [FieldSource]
    package var type: FieldType
    package var presence: Presence
    /// The default, for records without the field.
    package var fallback: Fallback?
    package var column: FieldColumn?
    /// A note for the documentation about rules that the other members do not express.
    package var note: String?

    /// Whether a record must have the field.
    package enum Presence: Sendable, Equatable {
        case optional
        case required
        /// The field is the entity's ID, and required.
        case key
    }

    /// A default value, in the form in which the field's type stores it.
    package enum Fallback: Sendable, Equatable {
        case text(String)
        /// A JSON number, in the form of documents.
        case number(String)
        case integer(Int64)
        case boolean(Bool)
        /// One of the choices.
        case choice(String)

        /// The value in the documentation.
        package var text: String {
            switch self {
            case .text(let text), .number(let text), .choice(let text): text
            case .integer(let integer): "\(integer)"
            case .boolean(let value): "\(value)"
            }
        }
    }

    /// - Parameters:
    ///   - aliases: Other names, in the form `name` or `object.member`.
    ///   - readFrom: All names in order of precedence; nil for `name`, then `aliases`.
    package init(
        _ name: String, aliases: [FieldSource] = [], readFrom: [FieldSource]? = nil, _ type: FieldType,
        _ presence: Presence = .optional, default fallback: Fallback? = nil, column: FieldColumn? = nil,
        note: String? = nil
    ) {
        self.name = name
        sources = readFrom ?? [FieldSource(stringLiteral: name)] + aliases
        (self.type, self.presence, self.fallback) = (type, presence, fallback)
        self.column = column
        self.column?.name = column?.name ?? name
        self.note = note
    }
}

/// A member of the record, or of an object in it, from which a field is read: `name` or `object.member`.
package struct FieldSource: Sendable, Equatable, ExpressibleByStringLiteral {
    /// The object that has the member; nil for the record itself.
    package var object: String?
    package var member: String
    /// The member that has the value if `member` is an object itself; for integers only.
    package var inner: String?

    package init(stringLiteral text: String) { self.init(text) }

    package init(_ text: String, orInside inner: String? = nil) {
        self.inner = inner
        guard let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")) else {
            member = text
            return
        }
        object = String(text[..<dot])
        member = String(text[text.utf8.index(after: dot)...])
    }

    /// The source as written in descriptions: `name` or `object.member`.
    package var path: String { (object.map { $0 + "." } ?? "") + member }
}

/// The type of a field, which determines how values are read and which are allowed.
package enum FieldType: Sendable {
    /// - Parameter maxLength: In Unicode scalars.
    case text(maxLength: Int = .max)
    case number(NumberBounds = NumberBounds())
    case integer(ClosedRange<Int64> = .min ... .max)
    /// A JSON Boolean, or the text `true` or `false` in any letter case.
    case boolean
    case date, timestamp
    /// A list of texts.
    case list(isLowercased: Bool = false)
    /// One of a set of words, in any letter case.
    case choice(Choices)
    /// Ticket tiers, each with a price.
    case prices
}

/// The words of a choice, in lower case.
package struct Choices: Sendable {
    package var words: [String]
    /// Synonyms, each with the word that is stored.
    package var synonyms: [(word: String, meaning: String)] = []

    package init(_ words: [String], synonyms: [(word: String, meaning: String)] = []) {
        (self.words, self.synonyms) = (words, synonyms)
    }

    /// Creates the choices from the cases of an enumeration.
    package init<Choice: FieldChoice>(
        _ type: Choice.Type, synonyms: [(word: String, meaning: Choice)] = []
    ) {
        self.init(Choice.allCases.map(\.rawValue), synonyms: synonyms.map { ($0.word, $0.meaning.rawValue) })
    }
}

/// An enumeration of the values of a field of type `choice`, in the order of its words.
package protocol FieldChoice: RawRepresentable<String>, CaseIterable, Sendable, Equatable where AllCases == [Self] {}
