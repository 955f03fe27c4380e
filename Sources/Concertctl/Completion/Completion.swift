/// The command that prints the completion script of a shell.
struct Completion: Command {
    enum Shell: String, CaseIterable { case bash, zsh, fish }

    static let description = CommandDescription(
        name: "completion", summary: "print the completion script of a shell",
        discussion:
            "The script completes commands, options, and the values of options that accept a fixed set of words.",
        usage: Shell.allCases.map(\.rawValue), operands: 0...1,
        examples: [
            "source <(concertctl completion bash)                    # in ~/.bashrc",
            "concertctl completion zsh > ~/.zfunc/_concertctl        # in a directory of $fpath",
            "concertctl completion fish > ~/.config/fish/completions/concertctl.fish",
        ])

    private let shell: Shell

    init(_ input: Input) throws {
        let known = Shell.allCases.map(\.rawValue).joined(separator: ", ")
        guard let name = input.operands.first else {
            throw UsageError(description: "SHELL is missing; expected one of \(known)")
        }
        guard let shell = Shell(rawValue: name) else {
            throw UsageError(description: "unknown shell \"\(name)\"; expected one of \(known)")
        }
        self.shell = shell
    }

    func run() -> ExitStatus {
        let contexts = CompletionContext.all
        switch shell {
        case .bash: Output.print(.lines(BashCompletion.script(contexts)))
        case .zsh: Output.print(.lines(ZshCompletion.script(contexts)))
        case .fish: Output.print(.lines(FishCompletion.script(contexts)))
        }
        return .done
    }
}

/// The completions after the first words of a command line.
struct CompletionContext {
    /// The command words before the cursor, such as `stream put`; empty at the start.
    var path: String
    /// The possible next commands and their summaries.
    var commands: [(name: String, summary: String)] = []
    var options: [OptionDescription] = []

    static var all: [CompletionContext] {
        let entries = CommandTree.entries.filter { !$0.isHidden }
        var contexts = [CompletionContext(path: "", commands: entries.map { ($0.name, $0.summary) })]
        for entry in entries {
            switch entry {
            case .command(let command): contexts.append(context(of: command.description))
            case .group(let group):
                let commands = group.commands.map { $0.description }.filter { !$0.isHidden }
                contexts.append(CompletionContext(path: group.name, commands: commands.map { ($0.verb, $0.summary) }))
                contexts += commands.map(context)
            }
        }
        return contexts
    }

    private static func context(of command: CommandDescription) -> CompletionContext {
        let words = command.name == Completion.description.name ? Completion.Shell.allCases.map(\.rawValue) : []
        return CompletionContext(
            path: command.name, commands: words.map { ($0, "") }, options: command.options.map(\.description))
    }

    /// Returns the names of all options that take a value, after which the next word is not a command.
    static func optionsWithValue(_ contexts: [CompletionContext]) -> [String] {
        let names = contexts.flatMap(\.options).filter(\.takesValue).map(\.name)
        return Set(names).sorted()
    }
}

extension OptionDescription {
    /// Whether the next word is the value of the option.
    var takesValue: Bool {
        switch form {
        case .flag, .toggle: false
        case .value, .list: true
        }
    }
}

extension String {
    /// The text quoted as one word of a POSIX shell.
    var shellQuoted: String { "'" + replacing("'", with: "'\\''") + "'" }
}
