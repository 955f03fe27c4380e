import Foundation

/// Colours for people at a terminal; plain text for everybody else.
struct TerminalStyle: Sendable {
    let isColoured: Bool

    /// For standard output: coloured on a terminal that knows colours, unless `NO_COLOR` is set.
    ///
    /// Source: <https://no-color.org>
    static func standardOutput(_ environment: [String: String]) -> TerminalStyle {
        let isRefused = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        return TerminalStyle(isColoured: isatty(STDOUT_FILENO) == 1 && !isRefused)
    }

    func bold(_ text: TerminalText) -> TerminalText { isColoured ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    func red(_ text: TerminalText) -> TerminalText { isColoured ? "\u{1B}[31m\(text)\u{1B}[0m" : text }
    func yellow(_ text: TerminalText) -> TerminalText { isColoured ? "\u{1B}[33m\(text)\u{1B}[0m" : text }
    func cyan(_ text: TerminalText) -> TerminalText { isColoured ? "\u{1B}[36m\(text)\u{1B}[0m" : text }
}
