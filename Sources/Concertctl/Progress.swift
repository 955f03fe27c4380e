/// A progress line on standard error, shown only on a terminal.
struct Progress {
    private var lastShown: ContinuousClock.Instant?

    /// Replaces the progress line, at most five times per second.
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
