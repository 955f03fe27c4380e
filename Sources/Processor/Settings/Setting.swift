/// An environment variable of the function: its name, type, range, default, secrecy, and help.
///
/// The function, `concertctl doctor`, `concertctl replay`, the `.env` file, and the tables in `docs/configuration.md` use
/// these definitions. A ``SettingsReader`` reads the values.
package struct Setting<Value: Sendable>: Sendable {
    package let name: String
    /// The value if the variable is not set.
    let fallback: Value
    /// Whether the text may contain a secret, so that messages do not quote it.
    package let isSecret: Bool
    let form: SettingForm<Value>
    private let help: StaticString
    private let isOptional: Bool
    /// What an error message adds to "must be set"; nil for a variable that may be left out.
    let requirement: StaticString?

    /// Creates a variable with a default.
    ///
    /// - Parameter help: The purpose, in Markdown for a table cell; the table shows type and default in other columns.
    package init(
        _ name: String, _ form: SettingForm<Value>, default fallback: Value, isSecret: Bool = false,
        _ help: StaticString
    ) {
        (self.name, self.form, self.fallback, self.isSecret, self.help) = (name, form, fallback, isSecret, help)
        (requirement, isOptional) = (nil, false)
    }

    /// Creates a variable without a default, whose value is nil if it is not set.
    ///
    /// - Parameter requirement: The reason why the variable must be set, such as `for redshift`; nil if it is optional.
    package init<Wrapped: Sendable>(
        _ name: String, _ form: SettingForm<Wrapped>, required requirement: StaticString? = nil, isSecret: Bool = false,
        _ help: StaticString
    ) where Value == Wrapped? {
        (self.name, self.form, fallback, self.isSecret, self.help) = (name, form.optional, nil, isSecret, help)
        (self.requirement, isOptional) = (requirement, true)
    }

    /// The variable as the reference shows it.
    @inline(never)
    package var description: SettingDescription {
        SettingDescription(
            name: name, type: form.type.text + (isSecret ? ", secret" : ""),
            default: requirement == nil ? shownDefault : "required", help: "\(help)")
    }

    /// The default as Markdown: of a word, the one that means it; empty without one.
    private var shownDefault: String {
        func text(_ value: Any) -> String { "\(value)" }
        switch form.type {
        case _ where isOptional: return ""
        case .text: return "`\(fallback)`"
        case .number: return (fallback as? Duration).map { text(Int($0 / .milliseconds(1))) } ?? text(fallback)
        case .word, .list:
            var faults: [SettingFault] = []
            let word = form.type.words.first { form.parse($0, &faults).map(text) == text(fallback) }
            return word.map { "`\($0)`" } ?? ""
        }
    }
}

/// A row in the reference of environment variables.
package struct SettingDescription: Sendable, Equatable {
    package let name: String
    /// The type, in Markdown like the default and the help.
    package let type: String
    /// The default; empty if there is none.
    package let `default`: String
    package let help: String
}

/// The reason why a variable's text is invalid.
enum SettingFault {
    /// A description of valid values; the message also quotes the text, unless it is a secret.
    case expected(String)
    /// The unknown words of a list, and the allowed ones.
    case words([String], expected: String)
    /// A predicate that follows the variable's name in the message, which does not quote the text.
    case predicate(String)

    func messages(name: String, text: String, isSecret: Bool) -> [String] {
        switch self {
        case .expected(let expected):
            [isSecret ? "\(name) is malformed; expected \(expected)" : "\(name) is \"\(text)\"; expected \(expected)"]
        case .words(let words, let expected): words.map { "\(name) names \"\($0)\"; expected \(expected)" }
        case .predicate(let predicate): ["\(name) \(predicate)"]
        }
    }
}
