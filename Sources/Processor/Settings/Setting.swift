/// One environment variable of the function: its name, type, range, default, secrecy, and meaning.
///
/// The function, `concertctl doctor`, `concertctl replay`, the `.env` file, and the tables of `docs/configuration.md` all
/// take them from here. A ``SettingsReader`` reads its value.
package struct Setting<Value: Sendable>: Sendable {
    package let name: String
    /// What an unset variable means.
    let fallback: Value
    /// Whether its text may contain a secret: no message quotes it.
    package let isSecret: Bool
    let form: SettingForm<Value>
    private let help: StaticString
    private let isOptional: Bool
    /// What an error message adds to "must be set"; nil for a variable that may be left out.
    let requirement: StaticString?

    /// A variable with a default.
    ///
    /// - Parameter help: What it is for, as Markdown for a table's cell; the table shows type and default beside it.
    package init(
        _ name: String, _ form: SettingForm<Value>, default fallback: Value, isSecret: Bool = false,
        _ help: StaticString
    ) {
        (self.name, self.form, self.fallback, self.isSecret, self.help) = (name, form, fallback, isSecret, help)
        (requirement, isOptional) = (nil, false)
    }

    /// A variable without a default: nil where it is not set.
    ///
    /// - Parameter requirement: What needs it, such as `for redshift`, if it must be set.
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

/// A row of the reference of environment variables.
package struct SettingDescription: Sendable, Equatable {
    package let name: String
    /// As Markdown, like the default and the help.
    package let type: String
    /// Empty without one.
    package let `default`: String
    package let help: String
}

/// Why a variable's text is not a value.
enum SettingFault {
    /// What a value looks like; the message quotes the text before it, unless it is a secret.
    case expected(String)
    /// Words of a list that it does not have, and what a word may be.
    case words([String], expected: String)
    /// What is wrong, as a predicate of the variable's name, without the text.
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
