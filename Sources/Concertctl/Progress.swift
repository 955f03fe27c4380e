/// One line on standard error that tells how far long work is, when that is a terminal.
struct Progress {
    private var lastShown: ContinuousClock.Instant?

    /// Shows `text` in place of what was shown before, at most five times a second.
    mutating func show(_ text: @autoclosure () -> TerminalText) {
        guard Console.isTerminal, lastShown.map({ ContinuousClock.now - $0 > .milliseconds(200) }) ?? true else {
            return
        }
        lastShown = .now
        Console.replaceLine(text())
    }

    /// Clears the line.
    mutating func end() {
        if lastShown != nil { Console.replaceLine("") }
        lastShown = nil
    }
}
