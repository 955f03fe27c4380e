import Clients
import Foundation
import JSON

/// Puts payloads on the stream.
struct StreamPut: Command {
    private static let partitionKey = OptionDescription(
        "--partition-key", .value("KEY"),
        "one key for all records (default: the entity's ID, else a hash of the record)")
    private static let strict = OptionDescription(
        "--strict", .flag, "stop before the first record that the function would call bad")
    private static let noValidate = OptionDescription(
        "--no-validate", .flag, "put lines that are not JSON, too, and look at none of them")
    private static let unordered = OptionDescription(
        "--unordered", .flag, "let records of one key overtake one another: faster where few keys have most records")
    private static let rate = OptionDescription("--rate", .value("N"), "records a second at most, 1...1000000")
    private static let failed = OptionDescription(
        "--failed", .value("FILE"),
        "keep in FILE what is not on the stream in the end, the rest of the input included; empty when all is (- is standard output)"
    )

    static let description = CommandDescription(
        name: "stream put", summary: "put payloads on the stream, one JSON object a line",
        discussion: """
            Reads NDJSON from files or from standard input ("-", the default). The partition key is the ID of the record's entity, so that its versions stay in one shard, in order: only refused entries are sent again, and later records of a key wait for an earlier one. A request whose outcome is unknown, after a broken connection say, is sent again: a record may then be on the stream twice, which the function bears.

            Entries that Kinesis refuses are sent again as long as others come through; after 10 requests in a row (or AWS_MAX_ATTEMPTS) that put nothing it is given up, with exit status 1.

            A line that is not JSON stops the command before it. A record that the function would reject is put all the same, is listed, and makes the exit status 3; --strict stops before it.

            Ctrl-C lets the request in flight come to its end, and says what was put.
            """,
        usage: ["[PATH... | -] [options]"],
        options: [
            .streamName, partitionKey, strict, noValidate, unordered, rate, failed, .output, .dryRun,
        ] + OptionDescription.aws,
        operands: 0...Int.max,
        examples: [
            "concertctl stream put upload.ndjson",
            "jq -c '.artists[]' export.json | concertctl stream put - --rate 500",
            "concertctl stream put upload.ndjson --failed rest.ndjson --output json | jq .RecordsPut",
        ])

    private let arguments: Arguments
    private let options: PutOptions
    private let output: OutputFormat
    private let isDryRun: Bool

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        options = PutOptions(
            paths: arguments.operands.isEmpty ? ["-"] : arguments.operands,
            partitionKey: arguments.string(Self.partitionKey), isStrict: arguments.flag(Self.strict),
            validates: !arguments.flag(Self.noValidate), isUnordered: arguments.flag(Self.unordered),
            rate: try arguments.integer(Self.rate, in: 1...1_000_000), failedPath: arguments.string(Self.failed))
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        isDryRun = arguments.flag(.dryRun)
        if let key = options.partitionKey, !(1...PartitionKey.maxLength).contains(key.unicodeScalars.count) {
            throw UsageError(description: "--partition-key must have 1 to \(PartitionKey.maxLength) characters")
        }
        if options.isStrict, !options.validates {
            throw UsageError(description: "--strict looks at every record, and --no-validate at none; give one of them")
        }
        if let failed = options.failedPath,
            options.paths.contains(where: { URL(filePath: $0).standardized == URL(filePath: failed).standardized })
        {
            throw UsageError(description: "--failed names \(failed), which is read; name another file")
        }
        if options.paths.count(where: { $0 == "-" }) > 1 {
            throw UsageError(description: "standard input (-) is named twice")
        }
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, isDryRun: isDryRun, output: output)
        let stream = try StreamReference(arguments, environment: environment).checked(in: session)
        var limits = PutQueue.Limits()
        if !isDryRun {
            var summary = try await stream.summary(session)
            // Kinesis takes no records of a stream before it is ACTIVE.
            if summary.status == "CREATING" { summary = try await stream.waitUntilActive(session, Waiter()) }
            if let kibibytes = summary.maxRecordKibibytes, kibibytes > StreamRecordSize.standard {
                // A stream that takes larger records takes larger requests, too.
                (limits.entryBytes, limits.bytes) = (kibibytes << 10, 10 << 20)
            }
        }
        if let rate = options.rate {
            // Some ten requests a second rather than a burst now and then.
            limits.entries = min(limits.entries, max(1, rate / 10))
        }
        var options = options
        if let attempts = environment["AWS_MAX_ATTEMPTS"], !attempts.isEmpty {
            options.patience = session.client.configuration.retries.maxAttempts
        }
        var put = try Put(options, stream: stream, session: session, limits: limits)
        let rest = try isDryRun ? nil : options.failedPath.map { try RestFile(path: $0, option: Self.failed) }
        let ending = await put.run()
        put.findings.tell()
        if isDryRun {
            session.finishDryRun(
                "note: a dry run calls nothing, so the stream and the largest record that it takes were not checked")
        } else {
            let summary: TerminalText = output == .json ? .json(put.summary.json) : .lines(put.summary.text)
            let isRestOnOutput = options.failedPath.map(OutputFile.isStandardOutput) ?? false
            if isRestOnOutput { Console.note(summary) } else { Output.print(summary) }
        }
        if case .interrupted = ending { Console.note("interrupted: the input was read up to \(put.position)") }
        do { try keep(rest, of: &put, after: ending) } catch {
            guard case .complete = ending else {
                Console.note("note: \(error)")
                return try status(of: ending, put)
            }
            throw error
        }
        return try status(of: ending, put)
    }

    private func keep(_ rest: RestFile?, of put: inout Put, after ending: Put.Ending) throws {
        guard let rest, let path = options.failedPath else {
            guard put.summary.notPut > 0 else { return }
            Console.note(
                "note: \(put.summary.notPut) records that were read are not on the stream; --failed FILE keeps them")
            return
        }
        let isInterrupted = if case .interrupted = ending { true } else { false }
        try put.writeRest(to: rest, isHurried: isInterrupted)
        try rest.finish()
        if rest.count > 0, !OutputFile.isStandardOutput(path) {
            Console.note("note: \(rest.count) records that are not on the stream are in \(path)")
        }
    }

    private func status(of ending: Put.Ending, _ put: Put) throws -> ExitStatus {
        switch ending {
        case .complete: return put.findings.count > 0 ? .recordsFailed : .done
        case .interrupted: return .interrupted
        case .failed(let error): throw error
        }
    }
}

/// What the options ask for.
struct PutOptions: Sendable {
    var paths: [String]
    var partitionKey: String?
    var isStrict: Bool
    var validates: Bool
    var isUnordered: Bool
    var rate: Int?
    var failedPath: String?
    /// Requests in a row that put nothing, after which it is given up.
    var patience = 10
}
