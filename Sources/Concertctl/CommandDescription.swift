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
    var options: [OptionDescription] = []
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

/// One option of a command.
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

    init(_ name: String, _ form: Form, _ help: String, choices: [String] = [], group: Group = .own) {
        (self.name, self.form, self.help, self.choices, self.group) = (name, form, help, choices, group)
    }

    /// An option that takes one of the words of `Choice`.
    init<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, oneOf type: Choice.Type, _ help: String, group: Group = .own
    ) {
        let words = Choice.allCases.map(\.rawValue)
        self.init(name, .value(words.joined(separator: "|")), help, choices: words, group: group)
    }

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

/// Options that many commands have.
extension OptionDescription {
    static let output = OptionDescription(
        "--output", oneOf: OutputFormat.self, "how results read (default text); json goes to standard output alone")
    static let dryRun = OptionDescription(
        "--dry-run", .flag, "print each API call and its body, and call nothing")
    static let yes = OptionDescription("--yes", .flag, "do not ask")
    static let streamName = OptionDescription(
        "--stream-name", .value("NAME"), "the stream (default AWS_KINESIS_STREAM_NAME)")

    static let region = OptionDescription(
        "--region", .value("REGION"), "the Region (default AWS_REGION, AWS_DEFAULT_REGION, the profile's)", group: .aws)
    static let profile = OptionDescription(
        "--profile", .value("NAME"), "the profile of the shared config and credentials files (default AWS_PROFILE)",
        group: .aws)
    static let endpointURL = OptionDescription(
        "--endpoint-url", .value("URL"), "call this instead of AWS's endpoints (default AWS_ENDPOINT_URL...)",
        group: .aws)
    /// What every command that calls AWS takes.
    static let aws = [region, profile, endpointURL]
}

/// How results read.
enum OutputFormat: String, CaseIterable, Sendable { case text, json }
