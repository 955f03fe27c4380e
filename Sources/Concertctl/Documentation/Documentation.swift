/// The command that prints `docs/concertctl.md` from the descriptions of the commands.
struct Documentation: Command {
    static let description = CommandDescription(
        name: "documentation", summary: "print the command reference as Markdown for docs/concertctl.md",
        isHidden: true)

    init(_ input: Input) {}

    func run() -> ExitStatus {
        Output.print(.lines(Self.text))
        return .done
    }

    private static var text: String {
        let commands = CommandTree.commands.map { $0.description }.filter { !$0.isHidden }
        let index = commands.map { "| [`\($0.name)`](#\(anchor($0.name))) | \(cell($0.summary)) |" }
        return """
            # concertctl

            The command line tool replays events locally, sets up the stream, manages the event source mapping, and
            diagnoses problems.

            ```
            concertctl COMMAND [options]
            ```

            `--help` at every level prints the same information. `make docs` generates this page; do not edit it.

            | command | |
            | --- | --- |
            \(index.joined(separator: "\n"))

            ## Common behavior

            \(shared)

            \(commands.map(section).joined(separator: "\n\n"))
            """
    }

    private static let shared = """
        * **Exit status**: 0 done, 1 failed, 2 incorrect usage, 3 done but some records failed, 130 interrupted.
        * **Output**: results go to standard output, notes and progress to standard error. `--output json` prints one JSON
          document with the keys of the API, and nothing else.
        * **`--dry-run`** prints each API call and its body without calling it, and requires neither credentials nor a network.
          `dead-letters replay` and `warehouse load` read their source.
        * **Credentials, Region, endpoints** are resolved in the standard AWS way: `--profile`, the environment, shared config
          and credentials files, container and instance metadata. `AWS_ENDPOINT_URL`, `AWS_CA_BUNDLE`, `AWS_MAX_ATTEMPTS`,
          `HTTPS_PROXY`, and `NO_PROXY` are supported.
        * **`.env`** in the working directory provides settings to every command: `NAME=value` lines with LF or CRLF, quotes
          (a quoted value may span lines), `export`, and comments, parsed as by python-dotenv without interpolation. The
          environment takes precedence. The file can set the variables of [configuration](configuration.md) that Lambda does
          not set, `AWS_KINESIS_*`, `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
          `AWS_SESSION_TOKEN`, `AWS_MAX_ATTEMPTS`, and `AWS_LAMBDA_LOG_*`. Endpoints, profiles, configuration files, proxies,
          and certificates are ignored with a note. `AWS_KINESIS_STREAM_NAME` is the default stream of every command.
        * **Files** that options name (`--report`, `--record`, `--on-failure`, `--failed`): a regular file is replaced as a
          whole, links are followed, and pipes and devices are written directly. `-` is standard output; the report of the
          command then goes to standard error.
        * **Write errors** on standard output, such as a full disk, cause exit status 1. If the reader closes the pipe early,
          as `head` does, the exit status is 141 without a message.
        * **Common options** may also precede the command: `concertctl --region eu-west-1 stream list`.
        """

    private static func section(_ command: CommandDescription) -> String {
        var parts = [
            "## \(command.name)", Help.capitalized(command.summary) + ".",
            "```\n" + command.usage.map { "concertctl \(command.name) \($0)" }.joined(separator: "\n") + "\n```",
        ]
        if !command.discussion.isEmpty { parts.append(paragraphs(command.discussion)) }
        if !command.options.isEmpty {
            let rows = command.options.map(\.description).map { "| `\(cell($0.synopsis))` | \(cell($0.help)) |" }
            parts.append("| option | |\n| --- | --- |\n" + rows.joined(separator: "\n"))
        }
        if !command.examples.isEmpty {
            parts.append("```sh\n" + command.examples.joined(separator: "\n") + "\n```")
        }
        return parts.joined(separator: "\n\n")
    }

    /// Returns the paragraphs, with indented lines as code blocks.
    private static func paragraphs(_ text: String) -> String {
        Help.wrapped(text, width: 118).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("  ") ? "    " + $0.drop { $0 == " " } : String($0) }.joined(separator: "\n")
    }

    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("<", with: "&lt;")
    }

    private static func anchor(_ name: String) -> String { name.replacing(" ", with: "-") }
}
