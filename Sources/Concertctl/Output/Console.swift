import Glibc

/// Standard error, which receives notes and prompts.
///
/// Errors while writing are ignored, because standard error may be closed or full.
enum Console {
    static func note(_ text: TerminalText) { write(text + "\n") }

    /// Replaces the current line with `text`.
    static func replaceLine(_ text: TerminalText) { write("\r\u{1B}[K" + text) }

    static let isTerminal = isatty(STDERR_FILENO) == 1

    /// Whether a prompt can be shown and answered.
    static let canAsk = isatty(STDIN_FILENO) == 1 && isTerminal

    /// Prompts on standard error and reads a line of standard input.
    ///
    /// Only `yes` and `y` confirm.
    static func confirms(_ question: TerminalText) -> Bool {
        write("\(question) [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased())
    }

    private static func write(_ text: TerminalText) { _ = StandardStreams.write(text.text.utf8, to: STDERR_FILENO) }
}
