import Glibc
import JSON
import Synchronization

/// Standard output: what a command was asked for.
///
/// The first error is remembered, later text is dropped, and ``finish(_:)`` turns it into the exit status: a command
/// that changes something completes its work although the output is lost. Commands that only read stop at ``check()``.
enum Output {
    /// Standard output could not be written.
    struct WriteError: Error, CustomStringConvertible {
        /// The system's error number.
        var number: Int32

        var description: String {
            "standard output cannot be written: \(number == EBADF ? "it is closed" : StandardStreams.message(number))"
        }

        /// Whether the reader has ended, as `head` does, which is not an error of this program.
        var isBrokenPipe: Bool { number == EPIPE }
    }

    private static let failure = Mutex<WriteError?>(nil)

    /// Writes `text` and a line end.
    static func print(_ text: TerminalText = "") { write(Array(text.text.utf8) + [UInt8(ascii: "\n")]) }

    /// Shows a result in the form that was asked for.
    ///
    /// - Parameters:
    ///   - text: Nil where lines about it were printed already.
    ///   - onOneLine: Whether the JSON has no line ends.
    ///   - isTaken: Whether a file goes to standard output, and so the result to standard error.
    static func show(
        as format: OutputFormat, text: @autoclosure () -> TerminalText?, json: @autoclosure () -> JSONValue,
        onOneLine: Bool = false, isTaken: Bool = false
    ) {
        let result: TerminalText? =
            switch format {
            case .text: text()
            case .json: onOneLine ? .jsonLine(json()) : .json(json())
            }
        guard let result else { return }
        if isTaken { Console.note(result) } else { print(result) }
    }

    /// Writes data as they are.
    static func write(_ bytes: some Collection<UInt8>) {
        failure.withLock { failure in
            guard failure == nil else { return }
            failure = StandardStreams.write(bytes, to: STDOUT_FILENO).map(WriteError.init)
        }
    }

    /// - Throws: ``WriteError`` when something could not be written.
    static func check() throws(WriteError) {
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// Closes the stream, which is when some file systems report that they are full.
    ///
    /// - Returns: The exit status of the whole program: 1 where the output is incomplete.
    static func finish(_ status: ExitStatus) -> ExitStatus {
        failure.withLock { failure in
            if failure == nil, close(STDOUT_FILENO) < 0, errno != EINTR { failure = WriteError(number: errno) }
            guard let error = failure else { return status }
            // Without a word, as other programs end when their reader does.
            if error.isBrokenPipe { return status == .done ? .brokenPipe : status }
            Console.note("concertctl: \(error)")
            return .failed
        }
    }
}
