import Foundation

/// The colors of text on a terminal.
struct TerminalStyle: Sendable {
    let isColored: Bool

    /// Returns the style of standard output, which is colored on a terminal that supports it unless `NO_COLOR` is set.
    ///
    /// Source: <https://no-color.org>
    static func standardOutput(_ environment: [String: String]) -> TerminalStyle {
        let isDisabled = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        return TerminalStyle(isColored: isatty(STDOUT_FILENO) == 1 && !isDisabled)
    }

    func bold(_ text: TerminalText) -> TerminalText { isColored ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    func red(_ text: TerminalText) -> TerminalText { isColored ? "\u{1B}[31m\(text)\u{1B}[0m" : text }
    func yellow(_ text: TerminalText) -> TerminalText { isColored ? "\u{1B}[33m\(text)\u{1B}[0m" : text }
    func cyan(_ text: TerminalText) -> TerminalText { isColored ? "\u{1B}[36m\(text)\u{1B}[0m" : text }
}
