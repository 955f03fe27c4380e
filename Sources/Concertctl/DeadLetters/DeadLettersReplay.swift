import Clients
import JSON
import Processor

/// Puts the records of dead letters back on their stream, or through a bootstrap, and deletes what was taken.
struct DeadLettersReplay: Command {
    private static let dryRunOption = OptionDescription(
        "--dry-run", .flag, "read the letters and say what would be put, but put and delete nothing")
    private static let bootstrapOption = OptionDescription(
        "--bootstrap", .value("PATH"),
        "drive this binary with the records, instead of putting them on the stream; it reads its settings from the environment"
    )
    private static let streamOption = OptionDescription(
        "--stream-name", .value("NAME"), "put all records on this stream, instead of the one that each came from")
    static let description = CommandDescription(
        name: "dead-letters replay", summary: "put dead letters' records back on the stream, and delete the letters",
        discussion: """
            A letter is deleted from queue or bucket only after its records are on the stream, or taken by the bootstrap; a \
            letter in a file stays. Records of one partition key keep their order. Of a batch that Lambda gave up exactly \
            the named range is read from the stream again; where records have expired, what is left is put, and the letter \
            stays.

            A record that is put again while its letter could not be deleted comes twice, which every processor bears.

            Exit status: 0 done, 1 when a letter stays that should have gone, 130 interrupted.
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
    private let bootstrap: String?
    private let isDryRun: Bool
    private let destination: StreamReference?
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        options = try LetterOptions(arguments, paths: arguments.operands)
        bootstrap = arguments.string(Self.bootstrapOption)
        isDryRun = arguments.flag(Self.dryRunOption)
        destination = try arguments.string(Self.streamOption).map { (name) throws(UsageError) in
            try StreamReference(name)
        }
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        if bootstrap != nil, destination != nil {
            throw UsageError(description: "--bootstrap and --stream-name exclude one another")
        }
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: output)
        let source = try options.source(environment)
        let letters = try await source.read(session)
        var account = ReplayAccount(isDryRun: isDryRun)
        var plan = LetterPlan()
        var ending: (any Error)?
        do {
            for (index, found) in letters.wanted.enumerated() {
                try await plan.add(found, index: index, to: destination, hasBootstrap: bootstrap != nil, session)
            }
            account.plan(plan, letters.wanted)
            if !isDryRun { try await deal(plan, letters.wanted, source, session, &account) }
        } catch {
            ending = error
        }
        await source.release(
            letters.others + letters.wanted.indices.filter { !account.deleted.contains($0) }.map { letters.wanted[$0] },
            session)
        if letters.isCut { Console.note("stopped at --limit \(options.limit); there may be more") }
        for problem in account.problems { Console.note(MessageText.escaped(problem)) }
        print(output == .json ? account.json.prettyText : account.text)
        if let ending { throw ending }
        return account.problems.isEmpty ? .done : .failed
    }

    private func deal(
        _ plan: LetterPlan, _ letters: [FoundLetter], _ source: LetterSource, _ session: AWSSession,
        _ account: inout ReplayAccount
    ) async throws {
        if let bootstrap {
            try await drive(bootstrap, plan, letters, source, session, &account)
        } else {
            for (stream, numbers) in plan.byStream {
                try await put(numbers, of: plan, on: stream, letters, source, session, &account)
            }
        }
    }

    private func put(
        _ numbers: [Int], of plan: LetterPlan, on stream: StreamReference, _ letters: [FoundLetter],
        _ source: LetterSource, _ session: AWSSession, _ account: inout ReplayAccount
    ) async throws {
        let summary = try await stream.summary(session)
        var limits = PutQueue.Limits()
        if let kibibytes = summary.json["MaxRecordSizeInKiB"]?.integer, (1025...10_240).contains(kibibytes) {
            (limits.entryBytes, limits.bytes) = (kibibytes << 10, 10 << 20)
        }
        var entries: [PutQueue.Entry] = []
        for number in numbers {
            let record = plan.records[number].record
            let entry = PutQueue.Entry(key: record.partitionKey, data: record.data, number: number)
            if entry.size <= limits.entryBytes {
                entries.append(entry)
            } else {
                account.problems.append(
                    "\(record.sequenceNumber) has \(entry.size) bytes with its key, and the stream \(stream.name) takes "
                        + "\(limits.entryBytes): its letter stays")
            }
        }
        var put = LetterPut(stream, session, limits: limits, entries: entries)
        var progress = Progress()
        defer { progress.end() }
        try await put.run { numbers in
            await account.take(numbers, plan, letters, source, session)
            progress.show("\(account.records) of \(plan.records.count) records put")
        }
    }

    /// Drives a binary with events of up to 100 records, letter by letter.
    private func drive(
        _ path: String, _ plan: LetterPlan, _ letters: [FoundLetter], _ source: LetterSource, _ session: AWSSession,
        _ account: inout ReplayAccount
    ) async throws {
        var target: any ReplayTarget = try BootstrapTarget(path: path, processors: nil)
        defer { target.stop() }
        for start in stride(from: 0, to: plan.records.count, by: 100) {
            try Task.checkCancellation()
            let numbers = Array(start..<min(start + 100, plan.records.count))
            let event = ReplayEvent(
                name: "dead letters", bytes: LambdaEvent.bytes(of: numbers.map { plan.records[$0].record }))
            let delivery = try target.deliver(event)
            if let error = delivery.invocationError {
                account.problems.append("the bootstrap failed on \(numbers.count) records: \(error)")
            } else if let failed = delivery.byOutcome[.failed], failed > 0 {
                account.problems.append(
                    "\(failed) of \(numbers.count) records failed again, and the letters of all of them stay: "
                        + (delivery.badRecords.first?.message ?? "its log says why"))
            } else {
                await account.take(numbers, plan, letters, source, session)
            }
        }
        try target.finish()
    }
}
