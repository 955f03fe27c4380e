import Clients
import JSON
import Processor

/// Puts the records of dead letters back on their stream, or through a bootstrap, and deletes what was taken.
struct DeadLettersReplay: Command {
    private static let dryRunOption = OptionDescription(
        "--dry-run", .flag,
        "read the letters, show each and the calls that would be made, but put and delete nothing")
    private static let bootstrapOption = OptionDescription(
        "--bootstrap", .value("PATH"),
        "drive this binary with the records, instead of putting them on the stream; it reads its settings from the environment, those of the real sinks included, except DEAD_LETTER_*: what fails again keeps its letter"
    )
    private static let streamOption = OptionDescription(
        "--stream-name", .value("NAME"), "put all records on this stream, instead of the one that each came from")
    static let description = CommandDescription(
        name: "dead-letters replay", summary: "put dead letters' records back on the stream, and delete the letters",
        discussion: """
            A letter is deleted from queue or bucket only after its records are on the stream, or accepted by the bootstrap; a \
            letter in a file stays. Records of one partition key keep their order. Of a batch that Lambda discarded, exactly \
            the named range is read from the stream again; where records have expired, what is left is put, and the letter \
            stays.

            A letter that cannot be read, or whose stream does not exist or is in another Region, affects only that letter. A \
            FIFO queue is read in rounds, because it hides the rest of a message group while its first messages are processed.

            A record whose letter could not be deleted may be put again later; processors are idempotent.

            Exit status: 0 done, 1 when a letter stays that should have been replayed, 3 when records failed again, 130 \
            interrupted.
            """,
        usage: ["[PATH...] [options]"],
        options: LetterOptions.all + [streamOption, bootstrapOption, dryRunOption, .output] + OptionDescription.aws,
        operands: 0...Int.max,
        examples: [
            "concertctl dead-letters replay --dry-run",
            "concertctl dead-letters replay --reason refused --limit 100",
            "concertctl dead-letters replay letters.ndjson --stream-name concert-data-stream",
            "concertctl dead-letters replay --bootstrap dist/bootstrap",
        ])

    private let arguments: Arguments
    private let options: LetterOptions
    private let destination: LetterDestination
    private let isDryRun: Bool
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        options = try LetterOptions(arguments, paths: arguments.operands)
        isDryRun = arguments.flag(Self.dryRunOption)
        let stream = arguments.string(Self.streamOption)
        switch arguments.string(Self.bootstrapOption) {
        case _? where stream != nil:
            throw UsageError(description: "--bootstrap and --stream-name exclude one another")
        case let path?: destination = .bootstrap(path: path)
        case nil: destination = try stream.map { .stream(try StreamReference($0)) } ?? .origin
        }
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: output)
        if case .bootstrap = destination, !isDryRun, ["", "log"].contains(environment["PROCESSORS"] ?? "") {
            Console.note(
                "PROCESSORS names only log, which stores nothing: letters are deleted once their records are logged")
        }
        var replay = LetterReplay(
            try options.source(environment), to: destination, isDryRun: isDryRun, session, output: output,
            environment: environment)
        var ending: (any Error)?
        do { try await replay.run() } catch { ending = error }
        await replay.end()
        let account = replay.account
        for remark in replay.search.remarks { Console.note("\(remark)") }
        if let noneWanted = replay.search.noneWanted { Console.note("\(noneWanted)") }
        let problems = account.problems + account.failures
        for problem in problems.prefix(Self.noteLimit) { Console.note("\(problem)") }
        if problems.count > Self.noteLimit {
            Console.note("and \(problems.count - Self.noteLimit) more; --output json lists all of them")
        }
        Output.print(output == .json ? .json(account.json) : .lines(account.text))
        if let ending { throw ending }
        return account.status
    }

    /// Problems that are listed for people.
    private static let noteLimit = 100
}
