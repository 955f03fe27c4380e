/// The description of a command, which parsing, help, completion, and documentation share.
struct CommandDescription: Sendable {
    /// The words after `concertctl`, such as `stream put`.
    var name: String
    /// One line for lists of commands, without a final period.
    var summary: String
    /// Paragraphs below the usage, separated by empty lines.
    var discussion = ""
    /// The forms of what follows the name.
    var usage = ["[options]"]
    var options: [any CommandOption] = []
    /// Option names that the command rejects, with the reason.
    ///
    /// Help does not list them.
    var refused: [String: String] = [:]
    /// The number of operands that the command accepts.
    var operands: ClosedRange<Int> = 0...0
    var examples: [String] = []
    /// Whether help, completion, and documentation omit the command, which only the build uses.
    var isHidden = false

    /// The last word of the name.
    var verb: String { String(name.split(separator: " ").last ?? "") }
}

/// The description of an option.
struct OptionDescription: Sendable {
    enum Form: Sendable {
        /// `--name`.
        case flag
        /// `--name` or `--no-name`.
        case toggle
        /// `--name VALUE`, with the placeholder for the value in help.
        case value(String)
        /// `--name VALUE VALUE...`, with the placeholder for a value in help.
        case list(String)
    }

    /// The heading under which help lists an option.
    enum Group: String, Sendable, CaseIterable {
        case own = "Options"
        case aws = "AWS options"
    }

    /// The name, including the dashes.
    var name: String
    var form: Form
    /// What the option does, its range, and its default, without a final period.
    var help: String
    /// The accepted words, if they are a fixed set.
    var choices: [String] = []
    var group = Group.own

    /// The option as help shows it, such as `--batch-size N`.
    var synopsis: String {
        switch form {
        case .flag: name
        case .toggle: "\(name), --no-\(name.dropFirst(2))"
        case .value(let placeholder): "\(name) \(placeholder)"
        case .list(let placeholder): "\(name) \(placeholder)..."
        }
    }

    /// All names of the option, including the `--no-` form of a toggle.
    var spellings: [String] {
        if case .toggle = form { [name, "--no-\(name.dropFirst(2))"] } else { [name] }
    }
}
