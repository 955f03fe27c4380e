/// Prints what makes a shell complete commands, options and their values.
struct Completion: Command {
    enum Shell: String, CaseIterable { case bash, zsh, fish }

    static let description = CommandDescription(
        name: "completion", summary: "print the completion script of a shell",
        discussion: "Completes commands, options, and the values of options that take one of a few words.",
        usage: Shell.allCases.map(\.rawValue), operands: 0...1,
        examples: [
            "source <(concertctl completion bash)                    # in ~/.bashrc",
            "concertctl completion zsh > ~/.zfunc/_concertctl        # in a folder of $fpath",
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
        let places = CompletionPlace.all
        switch shell {
        case .bash: Output.print(.lines(BashCompletion.script(places)))
        case .zsh: Output.print(.lines(ZshCompletion.script(places)))
        case .fish: Output.print(.lines(FishCompletion.script(places)))
        }
        return .done
    }
}

/// What can stand behind some words of a command line.
struct CompletionPlace {
    /// The command words so far, such as `stream put`; empty at the start.
    var path: String
    /// Commands that may come next, with what they do.
    var commands: [(name: String, summary: String)] = []
    var options: [OptionDescription] = []

    static var all: [CompletionPlace] {
        let entries = CommandTree.entries.filter { !$0.isHidden }
        var places = [CompletionPlace(path: "", commands: entries.map { ($0.name, $0.summary) })]
        for entry in entries {
            switch entry {
            case .command(let command): places.append(place(of: command.description))
            case .group(let group):
                let commands = group.commands.map { $0.description }.filter { !$0.isHidden }
                places.append(CompletionPlace(path: group.name, commands: commands.map { ($0.verb, $0.summary) }))
                places += commands.map(place)
            }
        }
        return places
    }

    private static func place(of command: CommandDescription) -> CompletionPlace {
        let words = command.name == Completion.description.name ? Completion.Shell.allCases.map(\.rawValue) : []
        return CompletionPlace(
            path: command.name, commands: words.map { ($0, "") }, options: command.options.map(\.description))
    }

    /// Every spelling of the options that take a value, for which the next word is no command.
    static func optionsWithValue(_ places: [CompletionPlace]) -> [String] {
        let names = places.flatMap(\.options).filter(\.takesValue).map(\.name)
        return Set(names).sorted()
    }
}

extension OptionDescription {
    /// Whether the next word belongs to it.
    var takesValue: Bool {
        switch form {
        case .flag, .toggle: false
        case .value, .list: true
        }
    }
}

extension String {
    /// As one word of a POSIX shell, whatever is in it.
    var shellQuoted: String { "'" + replacing("'", with: "'\\''") + "'" }
}
