/// Everything that is said about a command: help, completion, documentation and parsing all read this table.
struct CommandDescription: Sendable {
    /// The words after `concertctl`, such as `stream put`.
    var name: String
    /// One line for lists of commands; no final full stop.
    var summary: String
    /// Paragraphs under the usage, with an empty line between.
    var discussion = ""
    /// What may follow the name, one form each.
    var usage = ["[options]"]
    var options: [any CommandOption] = []
    /// Words that look like options and are none here, each with why; help does not list them.
    var refused: [String: String] = [:]
    /// How many words that are no option it takes.
    var operands: ClosedRange<Int> = 0...0
    var examples: [String] = []
    /// Whether lists leave it out, as it is for the build.
    var isHidden = false

    /// The last word of the name.
    var verb: String { String(name.split(separator: " ").last ?? "") }
}

/// How an option is shown.
struct OptionDescription: Sendable {
    enum Form: Sendable {
        /// `--name`.
        case flag
        /// `--name` or `--no-name`.
        case toggle
        /// `--name VALUE`; the text stands for the value in helps.
        case value(String)
        /// `--name VALUE VALUE...`, also with commas between, also given several times.
        case list(String)
    }

    /// Under which heading help shows it.
    enum Group: String, Sendable, CaseIterable {
        case own = "Options"
        case aws = "AWS options"
    }

    /// With its dashes.
    var name: String
    var form: Form
    /// What it does, its range and default; no final full stop.
    var help: String
    /// The words that it takes, where there are only a few.
    var choices: [String] = []
    var group = Group.own

    /// How help shows it, such as `--batch-size N`.
    var synopsis: String {
        switch form {
        case .flag: name
        case .toggle: "\(name), --no-\(name.dropFirst(2))"
        case .value(let placeholder): "\(name) \(placeholder)"
        case .list(let placeholder): "\(name) \(placeholder)..."
        }
    }

    /// All words that the option may be given by.
    var spellings: [String] {
        if case .toggle = form { [name, "--no-\(name.dropFirst(2))"] } else { [name] }
    }
}
