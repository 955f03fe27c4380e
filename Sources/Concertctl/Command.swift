/// One verb of the command line.
protocol Command: Sendable {
    static var description: CommandDescription { get }

    /// Reads all that the command was called with; calls and changes nothing.
    ///
    /// - Throws: ``UsageError`` when it makes no sense.
    init(_ input: Input) throws
    /// Carries it out; cancelled on Ctrl-C.
    ///
    /// - Throws: What failed, as an error whose description a person can act on.
    func run() async throws -> ExitStatus
}

/// How the program ends.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    /// Everything was tried, and some records failed.
    case recordsFailed = 3
    /// By Ctrl-C; what was done until then was reported.
    case interrupted = 130
    /// The reader of standard output ended before all of it was written; as shells report SIGPIPE.
    case brokenPipe = 141
}

/// A command that was called in a way it does not understand.
struct UsageError: Error, CustomStringConvertible {
    var description: String
}

/// A command that was understood and could not be carried out.
struct CommandError: Error, CustomStringConvertible {
    var description: String
    /// Lines of a log, for example, that are shown under the description.
    var details = ""
}
