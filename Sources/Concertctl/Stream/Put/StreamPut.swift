import Clients
import Foundation
import JSON

/// The command that puts payloads on the stream.
struct StreamPut: Command {
    private static let partitionKey = Option<String?>(
        "--partition-key", value: "KEY", otherwise: "the entity's ID, otherwise a hash of the record",
        "partition key for all records")
    private static let strict = Option<Bool>(
        "--strict", "stop before the first record that the function would reject")
    private static let noValidate = Option<Bool>(
        "--no-validate", "put all lines without validation, even if they are not JSON")
    private static let unordered = Option<Bool>(
        "--unordered", "do not keep the order of records with the same key; faster if most records have few keys")
    private static let rate = Option<Int?>("--rate", 1...1_000_000, "maximum number of records per second")
    private static let failed = Option<String?>(
        "--failed", value: "FILE",
        "write the records that were not put, including the rest of the input, to FILE (- for standard output)"
    )

    static let description = CommandDescription(
        name: "stream put", summary: "put payloads on the stream, one JSON object per line",
        discussion: """
            Reads NDJSON from files or from standard input ("-", the default). The partition key is the entity's ID, so that all versions of an entity are in one shard, in order: only rejected entries are retried, and later records of a key wait for them. A request with an unknown outcome, for example after a broken connection, is retried: a record may then be on the stream twice, and the function is idempotent.

            Rejected entries are retried while other entries succeed. After 10 consecutive requests (or AWS_MAX_ATTEMPTS) that put no record, the command fails with exit status 1.

            The command stops before a line that is not JSON. A record that the function would reject is put and reported, and the exit status is 3; with --strict, the command stops before it.

            On Ctrl-C, the command waits for the request in flight and reports what was put.
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
            throw UsageError(description: "invalid --partition-key; expected 1 to \(PartitionKey.maxLength) characters")
        }
        if options.isStrict, !options.validates {
            throw UsageError(description: "--strict and --no-validate cannot be combined")
        }
        if let failed = options.failedPath,
            options.paths.contains(where: { URL(filePath: $0).standardized == URL(filePath: failed).standardized })
        {
            throw UsageError(description: "--failed \(failed) is also an input; expected another file")
        }
        if options.paths.count(where: { $0 == "-" }) > 1 {
            throw UsageError(description: "standard input (-) can be given only once")
        }
        let stream = try StreamReference(input)
        session = try AWSSession(input)
        self.stream = try stream.checked(in: session)
        if let attempts = input.environment["AWS_MAX_ATTEMPTS"], !attempts.isEmpty {
            options.attemptLimit = session.client.configuration.retries.maxAttempts
        }
        self.options = options
    }

    func run() async throws -> ExitStatus {
        var limits = PutQueue.Limits()
        var summary = try await stream.summary(session)
        // Kinesis accepts no records before the stream is ACTIVE.
        if summary.status == "CREATING" { summary = try await stream.wait(Waiter(), session) }
        if let kibibytes = summary.maxRecordKibibytes, kibibytes > StreamRecordSize.standard {
            // A stream with a higher record limit also has a higher request limit.
            (limits.entryBytes, limits.bytes) = (kibibytes << 10, 10 << 20)
        }
        if let rate = options.rate {
            // Limits the size of a request so that about ten requests are sent per second, without bursts.
            limits.entries = min(limits.entries, max(1, rate / 10))
        }
        var put = try Put(options, stream: stream, session: session, limits: limits)
        let rest =
            try session.isDryRun ? nil : options.failedPath.map { try FailedRecordsFile(path: $0, option: Self.failed) }
        let ending = await put.run()
        put.findings.printNotes()
        put.unknownMembers.printNotes()
        let isRestOnOutput = options.failedPath.map(OutputFile.isStandardOutput) ?? false
        session.show(
            text: .lines(put.summary.text), json: put.summary.json, isTaken: isRestOnOutput)
        if case .interrupted = ending { Console.note("interrupted; input was read up to \(put.position)") }
        do { try keep(rest, of: &put, after: ending) } catch {
            guard case .complete = ending else {
                Console.note("note: \(error)")
                return try status(of: ending, put)
            }
            throw error
        }
        return try status(of: ending, put)
    }

    private func keep(_ rest: FailedRecordsFile?, of put: inout Put, after ending: Put.RunResult) throws {
        guard let rest, let path = options.failedPath else {
            guard put.summary.notPut > 0 else { return }
            Console.note(
                "note: \(put.summary.notPut) records were read but not put; pass --failed FILE to save them")
            return
        }
        let isInterrupted = if case .interrupted = ending { true } else { false }
        try put.writeFailedRecords(to: rest, isHurried: isInterrupted)
        try rest.finish()
        if rest.count > 0, !OutputFile.isStandardOutput(path) {
            Console.note("note: \(rest.count) records that were not put are in \(path)")
        }
    }

    private func status(of ending: Put.RunResult, _ put: Put) throws -> ExitStatus {
        switch ending {
        case .complete: return put.findings.count > 0 ? .recordsFailed : .done
        case .interrupted: return .interrupted
        case .failed(let error): throw error
        }
    }
}

/// The options of `stream put`.
struct PutOptions: Sendable {
    var paths: [String]
    var partitionKey: String?
    var isStrict: Bool
    var validates: Bool
    var isUnordered: Bool
    var rate: Int?
    var failedPath: String?
    /// The number of consecutive requests without progress after which the put fails.
    var attemptLimit = 10
}
