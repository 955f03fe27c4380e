import Glibc
import JSON
import Synchronization

/// Standard output, which receives the results of commands.
///
/// After the first error, later output is dropped, and ``finish(_:)`` returns the exit status 1. A command that changes
/// something completes its work although the output is lost; a command that only reads stops at ``check()``.
enum Output {
    /// A failure to write standard output.
    struct WriteError: Error, CustomStringConvertible {
        /// The system's error number.
        var number: Int32

        var description: String {
            "cannot write standard output: \(number == EBADF ? "it is closed" : StandardStreams.message(number))"
        }

        /// Whether the reader closed the pipe, as `head` does, which is not an error of this program.
        var isBrokenPipe: Bool { number == EPIPE }
    }

    private static let failure = Mutex<WriteError?>(nil)

    /// Writes `text` and a line feed.
    static func print(_ text: TerminalText = "") { write(Array(text.text.utf8) + [UInt8(ascii: "\n")]) }

    /// Prints a result in the requested format.
    ///
    /// - Parameters:
    ///   - text: The result as text, or nil if it has already been printed line by line.
    ///   - onOneLine: Whether the JSON is printed on one line.
    ///   - isTaken: Whether standard output receives a file, so that the result goes to standard error.
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

    /// Writes data without escaping.
    static func write(_ bytes: some Collection<UInt8>) {
        failure.withLock { failure in
            guard failure == nil else { return }
            failure = StandardStreams.write(bytes, to: STDOUT_FILENO).map(WriteError.init)
        }
    }

    /// Checks that all output so far was written.
    ///
    /// - Throws: The first ``WriteError``.
    static func check() throws(WriteError) {
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// Closes standard output, because some file systems report a full disk only then.
    ///
    /// - Returns: The exit status of the program, which is 1 if the output is incomplete.
    static func finish(_ status: ExitStatus) -> ExitStatus {
        failure.withLock { failure in
            if failure == nil, close(STDOUT_FILENO) < 0, errno != EINTR { failure = WriteError(number: errno) }
            guard let error = failure else { return status }
            // Like other programs, do not report a closed pipe.
            if error.isBrokenPipe { return status == .done ? .brokenPipe : status }
            Console.note("concertctl: \(error)")
            return .failed
        }
    }
}
