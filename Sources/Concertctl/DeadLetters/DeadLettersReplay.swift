import Basics
import Clients
import Foundation
import JSON
import Processor

/// Redelivers dead letters to the function, to a local bootstrap, or as new records, and deletes the accepted ones.
struct DeadLettersReplay: Command {
    private enum Target: String, CaseIterable { case function, stream }

    private static let to = Option<Target>(
        "--to", default: .function, note: "keeps their versions",
        "target of the records; stream puts them as new records, which count as newest")
    private static let functionName = Option<String?>(
        "--function-name", value: "NAME",
        otherwise:
            "the function that the dead letter names, otherwise the one whose event source mapping reads its stream",
        "function as a name, name:alias, partial ARN, or ARN")
    private static let streamName = Option<String?>(
        "--stream-name", value: "NAME",
        "with --to stream: put all records on this stream instead of their original stream")
    private static let bootstrap = Option<String?>(
        "--bootstrap", value: "PATH",
        "run this binary locally instead of invoking the function; it uses the settings of the environment, including real sinks, except DEAD_LETTER_*"
    )
    private static let payload = Option<String?>(
        "--payload", value: "FILE",
        "redeliver the contents of this file (- for standard input) instead of the data of the selected record"
    )
    private static let dryRun = Option<Bool>(
        SharedOption.dryRun.name,
        "read and show the dead letters and print the calls, but invoke, put, and delete nothing")
    static let description = CommandDescription(
        name: "dead-letters replay",
        summary: "redeliver dead letters to the function, and delete those that were processed",
        discussion: """
            Invokes the function with the records of the dead letters, each with its own stream, shard, sequence number, \
            partition key, and arrival. A record therefore keeps its version: it never replaces newer data, and sending it \
            twice has no effect. The function writes no dead letters for these events; it answers which records failed and \
            why. A dead letter is deleted from the queue or bucket only after all of its records were processed; the others \
            stay and are listed with their reasons. Dead letters in files always stay.

            For a batch that Lambda discarded, exactly its range is read from the stream again, unless the dead letter \
            contains the event, as those in S3 do. If records have expired, the others are replayed, and the dead letter \
            stays. A dead letter that cannot be read, or whose stream is in another Region, does not affect the others. A FIFO queue \
            is read in rounds, because it hides the rest of a message group while its first messages are processed.

            A SEQUENCE selects one record; append -N for the record at index N of an aggregate. With --payload, its \
            corrected data is redelivered with the same version: dead-letters show SEQUENCE --payload writes \
            the data to correct.

            --to stream puts the data on the stream as new records. They count as newer than everything before: an old \
            record then replaces newer data and sends notifications again. The command prompts first, unless --yes is given.

            Exit status: 0 done, 1 if a dead letter could not be replayed, 3 if records failed again, 130 \
            interrupted.
            """,
        usage: ["[SEQUENCE...] [PATH...] [options]"],
        options: LetterOptions.all
            + [
                to, functionName, streamName, bootstrap, payload, dryRun, SharedOption.yes, SharedOption.output,
            ] + SharedOption.aws,
        operands: 0...Int.max,
        examples: [
            "concertctl dead-letters replay --dry-run",
            "concertctl dead-letters replay --reason refused --since 2h --limit 100",
            "concertctl dead-letters replay 49590338271490256608559692538361571095921575989136588898 --payload corrected.json",
            "concertctl dead-letters replay letters.ndjson --function-name concert-data-processor",
            "concertctl dead-letters replay --bootstrap dist/bootstrap",
            "concertctl dead-letters replay --to stream --stream-name concert-data-stream",
        ])

    private let source: LetterSource
    private let destination: LetterDestination
    private let payloadFile: String?
    private let confirmation: Confirmation
    private let session: AWSSession
    private let environment: [String: String]

    init(_ input: Input) throws {
        source = try LetterOptions(input).source
        destination = try Self.destination(input)
        payloadFile = try input[Self.payload]
        if payloadFile != nil, destination.isStream {
            throw UsageError(
                description:
                    "--payload and --to stream cannot be combined; to put a corrected record, use concertctl stream put"
            )
        }
        confirmation = try Confirmation(input)
        session = try AWSSession(input, inDryRun: .reads)
        environment = input.environment
    }

    private static func destination(_ input: Input) throws(UsageError) -> LetterDestination {
        try input.exclude(bootstrap, [to, functionName, streamName])
        if let path = try input[bootstrap] { return .bootstrap(path: path) }
        let (function, stream) = (try input[functionName], try input[streamName])
        switch try input[to] {
        case .function:
            guard stream == nil else { throw UsageError(description: "--stream-name requires --to stream") }
            guard let function else { return .function(nil) }
            return .function(try FunctionReference(function))
        case .stream:
            guard function == nil else {
                throw UsageError(description: "--function-name and --to stream cannot be combined")
            }
            guard let stream else { return .origin }
            return .stream(try StreamReference(stream))
        }
    }

    func run() async throws -> ExitStatus {
        let payload = try payloadFile.map { try Self.contents(of: $0) }
        try confirm()
        var replay = LetterReplay(
            source, to: destination, payload: payload, session, environment: environment)
        var ending: (any Error)?
        do { try await replay.run() } catch { ending = error }
        await replay.end()
        var account = replay.account
        account.calls = session.plannedCalls
        for remark in replay.search.remarks { Console.note("\(remark)") }
        if let noneSelected = replay.search.noneSelected { Console.note("\(noneSelected)") }
        for problem in account.problems.prefix(Self.noteLimit) { Console.note("\(problem)") }
        if account.problems.count > Self.noteLimit {
            Console.note("and \(account.problems.count - Self.noteLimit) more; to list all, pass --output json")
        }
        let missing = account.missing(source.filter)
        for sequence in missing { Console.note("no dead letter found for \(sequence)") }
        Output.show(as: session.output, text: .lines(account.text), json: account.json)
        if let ending { throw ending }
        return missing.isEmpty ? account.status : .failed
    }

    private static func contents(of path: String) throws -> [UInt8] {
        path == "-"
            ? try InputFile.contents(of: .standardInput, name: "standard input") : try InputFile.contents(of: path)
    }

    /// Prompts before records are put as new ones, and before dead letters are deleted whose records were only logged.
    private func confirm() throws {
        let question: TerminalText
        if destination.isStream {
            Console.note(
                """
                warning: --to stream puts the data as new records, which count as newer than everything before: an old \
                record replaces newer data, and notifications are sent again; --to function keeps the versions
                """)
            question = "put the selected dead letters on the stream as new records?"
        } else if case .bootstrap = destination,
            [nil, "log"].contains(SettingsReader(environment).text(of: GeneralSettings.processors)),
            source.queueURL != nil || source.bucket != nil
        {
            Console.note(
                """
                warning: PROCESSORS contains only log, which stores nothing, and dead letters are deleted once their records \
                are logged; set PROCESSORS and its settings to those of the function
                """)
            question = "delete dead letters whose records were only logged?"
        } else {
            return
        }
        try confirmation.ask(question)
    }

    /// The most problems of the text output.
    private static let noteLimit = 100
}
