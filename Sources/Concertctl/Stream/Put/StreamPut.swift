import Clients
import Foundation
import JSON

/// Puts payloads on the stream.
struct StreamPut: Command {
    private static let partitionKey = Option<String?>(
        "--partition-key", value: "KEY", otherwise: "the entity's ID, else a hash of the record",
        "one key for all records")
    private static let strict = Option<Bool>(
        "--strict", "stop before the first record that the function would call bad")
    private static let noValidate = Option<Bool>(
        "--no-validate", "put lines that are not JSON, too, and look at none of them")
    private static let unordered = Option<Bool>(
        "--unordered", "let records of one key overtake one another: faster where few keys have most records")
    private static let rate = Option<Int?>("--rate", 1...1_000_000, "records a second at most")
    private static let failed = Option<String?>(
        "--failed", value: "FILE",
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
            SharedOption.streamName, partitionKey, strict, noValidate, unordered, rate, failed, SharedOption.output,
            SharedOption.dryRun,
        ] + SharedOption.aws,
        operands: 0...Int.max,
        examples: [
            "concertctl stream put upload.ndjson",
            "jq -c '.artists[]' export.json | concertctl stream put - --rate 500",
            "concertctl stream put upload.ndjson --failed rest.ndjson --output json | jq .RecordsPut",
        ])

    private let options: PutOptions
    private let stream: StreamReference
    private let session: AWSSession

    init(_ input: Input) throws {
        var options = PutOptions(
            paths: input.operands.isEmpty ? ["-"] : input.operands, partitionKey: try input[Self.partitionKey],
            isStrict: try input[Self.strict], validates: try !input[Self.noValidate],
            isUnordered: try input[Self.unordered], rate: try input[Self.rate], failedPath: try input[Self.failed])
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
        let stream = try StreamReference(input)
        session = try AWSSession(input)
        self.stream = try stream.checked(in: session)
        if let attempts = input.environment["AWS_MAX_ATTEMPTS"], !attempts.isEmpty {
            options.patience = session.client.configuration.retries.maxAttempts
        }
        self.options = options
    }

    func run() async throws -> ExitStatus {
        var limits = PutQueue.Limits()
        var summary = try await stream.summary(session)
        // Kinesis takes no records of a stream before it is ACTIVE.
        if summary.status == "CREATING" { summary = try await stream.wait(Waiter(), session) }
        if let kibibytes = summary.maxRecordKibibytes, kibibytes > StreamRecordSize.standard {
            // A stream that takes larger records takes larger requests, too.
            (limits.entryBytes, limits.bytes) = (kibibytes << 10, 10 << 20)
        }
        if let rate = options.rate {
            // Some ten requests a second rather than a burst now and then.
            limits.entries = min(limits.entries, max(1, rate / 10))
        }
        var put = try Put(options, stream: stream, session: session, limits: limits)
        let rest = try session.isDryRun ? nil : options.failedPath.map { try RestFile(path: $0, option: Self.failed) }
        let ending = await put.run()
        put.findings.tell()
        let isRestOnOutput = options.failedPath.map(OutputFile.isStandardOutput) ?? false
        session.show(
            text: .lines(put.summary.text), json: put.summary.json, isTaken: isRestOnOutput)
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
