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

    func bold(_ text: String) -> String { dressed(text, "1") }
    func red(_ text: String) -> String { dressed(text, "31") }
    func yellow(_ text: String) -> String { dressed(text, "33") }
    func cyan(_ text: String) -> String { dressed(text, "36") }

    private func dressed(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
