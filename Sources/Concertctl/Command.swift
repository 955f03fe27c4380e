import Foundation

/// One verb of the command line.
protocol Command: Sendable {
    static var description: CommandDescription { get }

    /// - Throws: ``UsageError`` when the words make no sense.
    init(_ arguments: Arguments) throws
    /// Carries it out; cancelled on Ctrl-C.
    ///
    /// - Parameter environment: The process's own, with what `.env` adds.
    /// - Throws: What failed, as an error whose description a person can act on.
    func run(environment: [String: String]) async throws -> ExitStatus
}

/// How the program ends.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    /// Everything was tried, and some records failed.
    case recordsFailed = 3
    /// By Ctrl-C; what was done until then was told.
    case interrupted = 130
}

/// A command that was called in a way it does not understand.
struct UsageError: Error, CustomStringConvertible {
    var description: String
}

/// A command that was understood and could not be carried out.
struct CommandError: Error, CustomStringConvertible {
    var description: String
}

/// Standard error: notes for people, never data.
enum Console {
    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    static let isTerminal = isatty(STDERR_FILENO) == 1

    /// Whether there is somebody to ask.
    static let canAsk = isatty(STDIN_FILENO) == 1 && isTerminal

    /// Asks on standard error, and reads a line of standard input; only `yes` and `y` are a yes.
    static func confirms(_ question: String) -> Bool {
        FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
        return ["y", "yes"].contains(readLine()?.lowercased())
    }
}
