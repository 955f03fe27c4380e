/// Prints `docs/concertctl.md`, from the table that help reads, so that they cannot disagree.
struct Documentation: Command {
    static let description = CommandDescription(
        name: "documentation", summary: "print the manual as Markdown, which make docs writes to docs/concertctl.md",
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

            Replays events locally, sets up and feeds the stream, manages the event source mapping, diagnoses.

            ```
            concertctl COMMAND [options]
            ```

            `--help` at every level says the same as this page. Written by `make docs`; do not edit.

            | command | |
            | --- | --- |
            \(index.joined(separator: "\n"))

            ## What all commands share

            \(shared)

            \(commands.map(section).joined(separator: "\n\n"))
            """
    }

    private static let shared = """
        * **Exit status**: 0 done, 1 failed, 2 wrong usage, 3 done but some records failed, 130 interrupted.
        * **Output**: results on standard output, notes and progress on standard error. `--output json` prints one JSON
          document, with the API's own keys, and nothing else.
        * **`--dry-run`** prints each API call and its body, and calls nothing; it needs neither credentials nor a network.
          `dead-letters replay` and `warehouse load` read their source, and change nothing.
        * **Credentials, Region, endpoints** come the standard AWS way: `--profile`, the environment, shared config and
          credentials files, container and instance metadata; `AWS_ENDPOINT_URL`, `AWS_CA_BUNDLE`, `AWS_MAX_ATTEMPTS`,
          `HTTPS_PROXY` and `NO_PROXY` are honoured.
        * **`.env`** in the working folder provides settings to every command: `NAME=value` lines with LF or CRLF, quotes
          (a quoted value may span lines), `export` and comments, as python-dotenv reads them without interpolation. The
          environment takes precedence. Accepted are the variables of [configuration](configuration.md) that Lambda does not
          set, `AWS_KINESIS_*`, `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
          `AWS_SESSION_TOKEN`, `AWS_MAX_ATTEMPTS` and `AWS_LAMBDA_LOG_*`. Endpoints, profiles, configuration files, proxies
          and certificates are ignored, with a note. `AWS_KINESIS_STREAM_NAME` is the default stream of every command.
        * **Files** that options name (`--report`, `--record`, `--on-failure`, `--failed`): a regular file is replaced as a whole;
          links are followed; pipes and devices are written to; `-` is standard output, and the command's own report then
          goes to standard error.
        * **Output** that cannot be written, because the disk is full for example, ends with exit status 1; if the reader ends
          early, as `head` does, the exit status is 141, and nothing is said.
        * Options may stand before the command, too, where every command has them: `concertctl --region eu-west-1 stream list`.
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

    /// Lines that are indented in help are code here.
    private static func paragraphs(_ text: String) -> String {
        Help.wrapped(text, width: 118).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("  ") ? "    " + $0.drop { $0 == " " } : String($0) }.joined(separator: "\n")
    }

    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("<", with: "&lt;")
    }

    private static func anchor(_ name: String) -> String { name.replacing(" ", with: "-") }
}
