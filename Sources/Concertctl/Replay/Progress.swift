import Foundation

/// One line on standard error that tells how far long work is, when that is a terminal.
final class Progress {
    private let total: Int
    private var done = 0
    private var lastShown = ContinuousClock.now

    init(total: Int) { self.total = total }

    func step() {
        done += 1
        guard Console.isTerminal, ContinuousClock.now - lastShown > .milliseconds(200) else { return }
        lastShown = .now
        FileHandle.standardError.write(Data("\r\u{1B}[K\(done) of \(total) events".utf8))
    }

    /// Clears the line.
    func end() {
        if Console.isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
