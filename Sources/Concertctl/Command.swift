import Foundation

/// One verb of the command line.
protocol Command {
    static var name: String { get }
    /// One line for the list of commands.
    static var summary: String { get }
    /// What `--help` prints, with examples.
    static var help: String { get }

    /// - Throws: ``UsageError`` when the words make no sense.
    init(parsing arguments: inout ArgumentList) throws
    /// - Throws: What failed, as an error whose description a person can act on.
    func run() throws -> ExitStatus
}

/// How the program ends.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    /// Everything was tried, and some records failed.
    case recordsFailed = 3
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
}
