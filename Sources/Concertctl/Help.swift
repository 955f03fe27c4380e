import Processor

/// The texts that `--help` prints.
enum Help {
    /// Returns the help of a command.
    static func text(of command: CommandDescription) -> String {
        let usage = command.usage.map { "concertctl \(command.name) \($0)" }.joined(separator: "\n       ")
        var sections = [capitalized(command.summary) + ".", "Usage: \(usage)"]
        if !command.discussion.isEmpty { sections.append(wrapped(command.discussion, width: width)) }
        for group in OptionDescription.Group.allCases {
            let options = command.options.map(\.description).filter { $0.group == group }
            if !options.isEmpty {
                sections.append("\(group.rawValue):\n" + table(options.map { ($0.synopsis, $0.help) }))
            }
        }
        if !command.examples.isEmpty {
            sections.append("Examples:\n" + command.examples.map { "  \($0)" }.joined(separator: "\n"))
        }
        return sections.joined(separator: "\n\n")
    }

    /// Returns the help of a group of commands, such as `stream`.
    static func text(of group: CommandGroup) -> String {
        let commands = group.commands.map { $0.description }.filter { !$0.isHidden }.map { ($0.verb, $0.summary) }
        return """
            \(capitalized(group.summary)).

            Usage: concertctl \(group.name) COMMAND [options]

            Commands:
            \(table(commands))

            Run concertctl \(group.name) COMMAND --help for more information.
            """
    }

    /// The help of the program.
    static var overview: String {
        let entries = CommandTree.entries.filter { !$0.isHidden }.map { ($0.name, $0.summary) }
        return """
            concertctl: the command line tool of concert-data-processor

            Usage: concertctl COMMAND [options]

            Commands:
            \(table(entries))

                --help       print this help
                --version    print the version
              
              Run concertctl COMMAND --help for more information about a command.

            \(settings)

            Exit status: 0 done, 1 failed, 2 incorrect usage, 3 done but some records failed, 130 interrupted.
            """
    }

    private static let settings = """
        Credentials, Region, and endpoints are resolved in the standard AWS way: environment, profile, container, instance. A
        .env file in the working directory can provide settings of this program, a Region, and static keys; the environment
        takes precedence. Endpoints, profiles, proxies, and certificates in the file are ignored.
        """

    private static let width = 110

    static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// Formats two columns and wraps the second.
    static func table(_ rows: [(String, String)]) -> String {
        let rows = rows.map { (MessageText.escaped($0), MessageText.escaped($1)) }
        let left = min(34, (rows.map(\.0.count).max() ?? 0) + 2)
        let indentation = String(repeating: " ", count: left + 2)
        return rows.map { name, text in
            let lines = wrapped(text, width: width - left - 2).split(separator: "\n").map(String.init)
            let rest = lines.dropFirst().map { "\n" + indentation + $0 }.joined()
            // A name that is too long for its column gets its own line.
            let head = name.count + 2 > left + 1 ? "  \(name)\n\(indentation)" : "  " + name.padded(to: left)
            return (head + (lines.first ?? "") + rest).trimmingEnd
        }.joined(separator: "\n")
    }

    /// Breaks lines at spaces, except lines that begin with a space.
    static func wrapped(_ text: String, width: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.count > width, !line.hasPrefix(" ") else { return String(line) }
            var lines: [String] = []
            var current = ""
            for word in line.split(separator: " ") {
                if !current.isEmpty, current.count + 1 + word.count > width {
                    lines.append(current)
                    current = ""
                }
                current += current.isEmpty ? String(word) : " " + word
            }
            return (lines + [current]).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}

extension String {
    /// Returns the text with trailing spaces up to `width` characters.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    fileprivate var trimmingEnd: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }
}
