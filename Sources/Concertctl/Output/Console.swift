import Glibc

/// Standard error: notes for people, never data.
///
/// A note that cannot be written changes nothing: standard error may be closed or full.
enum Console {
    static func note(_ text: TerminalText) { write(text + "\n") }

    /// Shows `text` in place of the current line.
    static func replaceLine(_ text: TerminalText) { write("\r\u{1B}[K" + text) }

    static let isTerminal = isatty(STDERR_FILENO) == 1

    /// Whether a person can answer a question.
    static let canAsk = isatty(STDIN_FILENO) == 1 && isTerminal

    /// Asks on standard error, and reads a line of standard input; only `yes` and `y` are a yes.
    static func confirms(_ question: TerminalText) -> Bool {
        write("\(question) [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased())
    }

    private static func write(_ text: TerminalText) { _ = StandardStreams.write(text.text.utf8, to: STDERR_FILENO) }
}
