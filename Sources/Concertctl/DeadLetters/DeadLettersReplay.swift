import Clients
import Foundation
import JSON
import Processor

/// Redelivers dead letters to the function, through a bootstrap, or as new records, and deletes what was accepted.
struct DeadLettersReplay: Command {
    private enum Target: String, CaseIterable { case function, stream }

    private static let toOption = OptionDescription(
        "--to", oneOf: Target.self,
        "where the records go (default function, as they were); stream puts them as new records, which count as newest")
    private static let functionOption = OptionDescription(
        "--function-name", .value("NAME"),
        "the function: a name, name:alias, partial ARN or ARN (default the one that the dead letter names, otherwise the "
            + "one whose event source mapping reads its stream)")
    private static let streamOption = OptionDescription(
        "--stream-name", .value("NAME"),
        "with --to stream: put all records on this stream, instead of the one that each came from")
    private static let bootstrapOption = OptionDescription(
        "--bootstrap", .value("PATH"),
        "drive this binary with the records, instead of invoking the function; it reads its settings from the environment, those of the real sinks included, except DEAD_LETTER_*"
    )
    private static let payloadOption = OptionDescription(
        "--payload", .value("FILE"),
        "redeliver the contents of this file (- for standard input) instead of the data of the one record that is selected"
    )
    private static let dryRunOption = OptionDescription(
        "--dry-run", .flag,
        "read the letters, show each and the calls that would be made, but invoke, put, and delete nothing")
    static let description = CommandDescription(
        name: "dead-letters replay",
        summary: "redeliver dead letters to the function, and delete those that were processed",
        discussion: """
            Invokes the function with the records of the dead letters, each with its own stream, shard, sequence number, \
            partition key, and arrival. A record therefore keeps its version: it never replaces newer data, and sending it \
            twice has no effect. The function writes no dead letters for these events; it answers which records failed and \
            why. A letter is deleted from queue or bucket only after all of its records were processed; the others stay and \
            are listed with their reasons. A letter in a file always stays.

            Of a batch that Lambda discarded, exactly the named range is read from the stream again, unless the letter \
            contains the event, as letters in S3 do; where records have expired, what is left is replayed, and the letter \
            stays. A letter that cannot be read, or whose stream is in another Region, affects only that letter. A FIFO queue \
            is read in rounds, because it hides the rest of a message group while its first messages are processed.

            A SEQUENCE selects one record, with -N behind it for the record at index N of an aggregate. With --payload, its \
            corrected data is redelivered in its place, with the same position: dead-letters show SEQUENCE --payload writes \
            the data to correct.

            --to stream puts the data on the stream as new records. They count as newer than everything before: an old \
            record then replaces newer data and sends notifications again. The command asks first, unless --yes is given.

            Exit status: 0 done, 1 when a letter stays that could not be replayed, 3 when records failed again, 130 \
            interrupted.
            """,
        usage: ["[SEQUENCE...] [PATH...] [options]"],
        options: LetterOptions.all
            + [
                toOption, functionOption, streamOption, bootstrapOption, payloadOption, dryRunOption, .yes, .output,
            ] + OptionDescription.aws,
        operands: 0...Int.max,
        examples: [
            "concertctl dead-letters replay --dry-run",
            "concertctl dead-letters replay --reason refused --since 2h --limit 100",
            "concertctl dead-letters replay 49590338271490256608559692538361571095921575989136588898 --payload corrected.json",
            "concertctl dead-letters replay letters.ndjson --function-name concert-data-processor",
            "concertctl dead-letters replay --bootstrap dist/bootstrap",
            "concertctl dead-letters replay --to stream --stream-name concert-data-stream",
        ])

    private let arguments: Arguments
    private let options: LetterOptions
    private let destination: LetterDestination
    private let payloadFile: String?
    private let isDryRun: Bool
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        options = try LetterOptions(arguments, operands: arguments.operands)
        isDryRun = arguments.flag(Self.dryRunOption)
        destination = try Self.destination(arguments)
        payloadFile = arguments.string(Self.payloadOption)
        if payloadFile != nil, destination.isStream {
            throw UsageError(
                description: "--payload and --to stream exclude one another; stream put puts a corrected record")
        }
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
    }

    private static func destination(_ arguments: Arguments) throws(UsageError) -> LetterDestination {
        let target = try arguments.choice(toOption, of: Target.self)
        let function = arguments.string(functionOption)
        let stream = arguments.string(streamOption)
        if let path = arguments.string(bootstrapOption) {
            for option in [toOption, functionOption, streamOption] where arguments.has(option) {
                throw UsageError(description: "--bootstrap and \(option.name) exclude one another")
            }
            return .bootstrap(path: path)
        }
        switch target ?? .function {
        case .function:
            guard stream == nil else { throw UsageError(description: "--stream-name requires --to stream") }
            guard let function else { return .function(nil) }
            return .function(try FunctionReference(function))
        case .stream:
            guard function == nil else {
                throw UsageError(description: "--function-name and --to stream exclude one another")
            }
            guard let stream else { return .origin }
            return .stream(try StreamReference(stream))
        }
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: output)
        let source = try options.source(environment)
        let payload = try payloadFile.map { try Self.contents(of: $0) }
        if !isDryRun { try confirm(source, environment) }
        var replay = LetterReplay(
            source, to: destination, payload: payload, isDryRun: isDryRun, session, output: output,
            environment: environment)
        var ending: (any Error)?
        do { try await replay.run() } catch { ending = error }
        await replay.end()
        let account = replay.account
        for remark in replay.search.remarks { Console.note("\(remark)") }
        if let noneWanted = replay.search.noneWanted { Console.note("\(noneWanted)") }
        for problem in account.problems.prefix(Self.noteLimit) { Console.note("\(problem)") }
        if account.problems.count > Self.noteLimit {
            Console.note("and \(account.problems.count - Self.noteLimit) more; --output json lists all of them")
        }
        let missing = account.missing(options.filter)
        for sequence in missing { Console.note("no dead letter of \(sequence) was found") }
        Output.print(output == .json ? .json(account.json) : .lines(account.text))
        if let ending { throw ending }
        return missing.isEmpty ? account.status : .failed
    }

    private static func contents(of path: String) throws -> [UInt8] {
        path == "-"
            ? try InputFile.contents(of: .standardInput, name: "standard input") : try InputFile.contents(of: path)
    }

    /// Asks before records are put on a stream as new ones, and before letters are deleted whose records were only logged.
    private func confirm(_ source: LetterSource, _ environment: [String: String]) throws {
        let question: TerminalText
        if destination.isStream {
            Console.note(
                """
                warning: --to stream puts the data as new records, which count as newer than everything before: an old \
                record replaces newer data, and notifications are sent again; without it, records keep their versions
                """)
            question = "put the selected dead letters on the stream as new records?"
        } else if case .bootstrap = destination,
            [nil, "log"].contains(SettingsReader(environment).text(of: GeneralSettings.processors)),
            source.queueURL != nil || source.bucket != nil
        {
            Console.note(
                """
                warning: PROCESSORS names only log, which stores nothing, and letters are deleted once their records are \
                logged; set PROCESSORS and its settings as the function has them
                """)
            question = "delete dead letters whose records were only logged?"
        } else {
            return
        }
        if arguments.flag(.yes) { return }
        guard Console.canAsk else {
            throw CommandError(description: "cannot prompt without a terminal; pass --yes")
        }
        guard Console.confirms(question) else { throw CommandError(description: "aborted") }
    }

    /// Problems that are listed for people.
    private static let noteLimit = 100
}
