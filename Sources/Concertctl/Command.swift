/// A command of `concertctl`.
protocol Command: Sendable {
    static var description: CommandDescription { get }

    /// Reads the arguments and the environment without calling or changing anything.
    ///
    /// - Throws: ``UsageError`` if they are invalid.
    init(_ input: Input) throws
    /// Runs the command. Ctrl-C cancels the task.
    ///
    /// - Throws: An error whose description says what failed and what to do.
    func run() async throws -> ExitStatus
}

/// The exit status of the program.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    /// The command completed, but some records failed.
    case recordsFailed = 3
    /// Ctrl-C interrupted the command, which reported what it had done.
    case interrupted = 130
    /// The reader closed standard output early; the status that shells report for SIGPIPE.
    case brokenPipe = 141
}

/// An error in how a command was called.
struct UsageError: Error, CustomStringConvertible {
    var description: String
}

/// An error that made a command fail.
struct CommandError: Error, CustomStringConvertible {
    var description: String
    /// More lines to show below the description, such as an excerpt of a log.
    var details = ""
}
