import Clients
import Foundation
import JSON
import Processor

/// A replay of dead letters, round by round, until none is left that can be replayed.
///
/// A letter is deleted only after all of its records were accepted, so that the end of this process at any point loses
/// nothing.
struct LetterReplay {
    private(set) var search: LetterSearch
    private(set) var account: ReplayAccount
    private let destination: LetterDestination
    private let session: AWSSession
    private let output: OutputFormat
    private let environment: [String: String]
    private var streams = LetterStreams()
    private var target: BootstrapTarget?
    /// Events in a row of which the bootstrap took nothing.
    private var fruitless = 0

    /// Bytes of records that are planned at once.
    private static let planLimit = 64 << 20
    private static let eventRecords = 100
    private static let patience = 20

    init(
        _ source: LetterSource, to destination: LetterDestination, isDryRun: Bool, _ session: AWSSession,
        output: OutputFormat, environment: [String: String]
    ) {
        search = LetterSearch(source)
        account = ReplayAccount(isDryRun: isDryRun)
        (self.destination, self.session, self.output) = (destination, session, output)
        self.environment = environment
    }

    /// - Throws: What ended the replay early; ``account`` says what was done until then.
    mutating func run() async throws {
        var hasProgressed = false
        repeat {
            let before = account.done.count
            let letters = try await search.next(session)
            account.letters += letters.count
            try await replay(letters)
            hasProgressed = account.done.count > before
        } while hasProgressed && search.mayFindMore
    }

    /// Makes the messages that stay visible again, and ends the bootstrap.
    mutating func end() async {
        target?.stop()
        await search.release(session)
    }

    private mutating func replay(_ letters: [FoundLetter]) async throws {
        var plan = LetterPlan()
        var start = 0
        for (index, found) in letters.enumerated() {
            try Task.checkCancellation()
            try await plan.add(found, to: destination, &streams, session)
            guard plan.bytes > Self.planLimit || index + 1 == letters.count else { continue }
            account.add(plan.problems.map(\.text))
            if account.isDryRun { describe(letters[start...index], plan) }
            try await carryOut(&plan)
            plan = LetterPlan()
            start = index + 1
        }
    }

    private mutating func carryOut(_ plan: inout LetterPlan) async throws {
        if case .bootstrap(let path) = destination {
            if account.isDryRun {
                account.plan(plan.records.count, for: path)
                try describeDeletions(after: Array(plan.records.indices), &plan)
            } else {
                try await drive(path, &plan)
            }
            return
        }
        for (stream, numbers) in plan.byStream {
            account.plan(numbers.count, for: stream.name)
            let limits = try await streams.summary(of: stream, session)
            let entries = numbers.map { number in
                let record = plan.records[number].record
                return PutQueue.Entry(key: record.partitionKey, data: record.data, number: number)
            }
            let put = LetterPut(stream, session, limits: limits, entries: entries)
            if account.isDryRun {
                for (request, numbers) in put.plannedRequests() {
                    try describe(request)
                    try describeDeletions(after: numbers, &plan)
                }
            } else {
                try await carryOut(put, on: stream, &plan)
            }
        }
    }

    /// Puts records on one stream; what its service refuses is that stream's problem, and affects no other.
    private mutating func carryOut(_ put: LetterPut, on stream: StreamReference, _ plan: inout LetterPlan) async throws
    {
        var put = put
        var progress = Progress()
        defer { progress.end() }
        let problem: String
        do {
            while let numbers = try await put.next() {
                await finish(numbers, &plan)
                progress.show("\(account.records) records put")
            }
            return
        } catch let error as AWSError {
            problem = try LetterStreams.unavailable(error).problem
        } catch let error as CommandError {
            problem = error.description
        }
        streams.close(stream, problem)
        account.add(["stream \(stream.name): \(problem); the letters of what was not put stay"])
    }

    /// Deletes the letters of which all records were accepted.
    private mutating func finish(_ numbers: [Int], _ plan: inout LetterPlan) async {
        account.records += numbers.count
        let done = numbers.compactMap { plan.finish($0) }
        guard !done.isEmpty else { return }
        // Not cut short by an interruption: what was accepted should not be replayed again.
        let outcome = await Task { [search, session] in await search.delete(done, session) }.value
        if let problem = outcome.problem {
            account.add([
                "\(outcome.count) letters could not be deleted, though their records were replayed: \(problem)"
            ])
        }
        account.finish(done, inFiles: search.forget(done))
    }
}

/// Through a bootstrap.
extension LetterReplay {
    private mutating func drive(_ path: String, _ plan: inout LetterPlan) async throws {
        var progress = Progress()
        defer { progress.end() }
        let records = plan.records.map(\.record)
        for part in KinesisRecords.parts(of: records, batchSize: Self.eventRecords) {
            // What is to be delivered next, last.
            var waiting = [part.indices]
            while let numbers = waiting.popLast() {
                try Task.checkCancellation()
                guard fruitless < Self.patience else {
                    throw CommandError(
                        description: "\(Self.patience) events in a row failed, and the others were not tried")
                }
                waiting += try await deliver(numbers, path, &plan)
                progress.show("\(account.records) records replayed")
            }
        }
    }

    /// Delivers one event.
    ///
    /// - Returns: The parts of it that are to be delivered next, last first.
    private mutating func deliver(
        _ numbers: Range<Int>, _ path: String, _ plan: inout LetterPlan
    ) async throws -> [Range<Int>] {
        let records = plan.records[numbers].map(\.record)
        let delivery = try await delivery(
            of: ReplayEvent(name: "dead letters", bytes: LambdaEvent.bytes(of: records)), path)
        if let error = delivery.invocationError {
            guard numbers.count == 1 else {
                // One of them may spoil the event for the others.
                let middle = numbers.lowerBound + numbers.count / 2
                return [middle..<numbers.upperBound, numbers.lowerBound..<middle]
            }
            fruitless += 1
            account.fail("\(records[0].sequenceNumber) failed again, and its letter stays: \(error)")
            return []
        }
        guard let first = delivery.itemFailures.first else {
            fruitless = 0
            await finish(Array(numbers), &plan)
            return []
        }
        // Everything before the first failure was accepted; all records of an aggregate have one sequence number.
        let failed = records.indices.filter { records[$0].sequenceNumber.utf8.elementsEqual(first.utf8) }
        guard let start = failed.first, let end = failed.last else {
            fruitless += 1
            account.fail("\(numbers.count) records failed again, and their letters stay: the answer names \(first)")
            return []
        }
        fruitless = start > 0 ? 0 : fruitless + 1
        await finish(Array(numbers.prefix(start)), &plan)
        let message = delivery.badRecords.first { $0.sequenceNumber.utf8.elementsEqual(first.utf8) }?.message
        account.fail("\(first) failed again, and its letter stays: \(message ?? "the function's log says why")")
        let rest = numbers.lowerBound + end + 1..<numbers.upperBound
        return rest.isEmpty ? [] : [rest]
    }

    private mutating func delivery(of event: ReplayEvent, _ path: String) async throws -> Delivery {
        var target =
            try self.target
            ?? BootstrapTarget(path: path, processors: nil, sinks: .withoutDeadLetters, environment: environment)
        self.target = target
        let interrupt = target.interruption
        do {
            return try await withTaskCancellationHandler {
                try target.deliver(event)
            } onCancel: {
                interrupt()
            }
        } catch {
            // What an interruption ended has not failed.
            try Task.checkCancellation()
            throw error
        }
    }
}

/// The dry run.
extension LetterReplay {
    /// Says of each letter what would be done with it.
    private mutating func describe(_ letters: ArraySlice<FoundLetter>, _ plan: LetterPlan) {
        let problems = Dictionary(plan.problems.map { ($0.letter, $0.text) }) { first, _ in first }
        var counts: [Int: Int] = [:]
        for (_, letter) in plan.records { counts[letter, default: 0] += 1 }
        for found in letters {
            let count = counts[found.id] ?? 0
            account.describe(found, records: count, problem: problems[found.id])
            guard output == .text else { continue }
            let fate = problems[found.id].map { "stays: \($0)" } ?? ReplayAccount.counted(count, "record")
            Output.print("\(found.location)  \(found.letter.reason)  \(found.letter.name)  \(fate)")
        }
        if output == .text { Output.print() }
    }

    /// Shows a call that would be made.
    private mutating func describe(_ request: AWSRequest) throws {
        switch output {
        case .text: try session.planned(request)
        case .json: account.calls.append(try session.description(of: request))
        }
    }

    private mutating func describeDeletions(after numbers: [Int], _ plan: inout LetterPlan) throws {
        let done = numbers.compactMap { plan.finish($0) }
        for (_, request) in search.deletions(of: done) { try describe(request) }
    }
}

extension Letter {
    /// Which record or batch it is about.
    fileprivate var name: String {
        switch self {
        case .record(let record): record.name
        case .batch(let batch): batch.name
        case .unknown: ""
        }
    }
}

/// What a replay of dead letters has done, or would do.
struct ReplayAccount {
    let isDryRun: Bool
    /// How many wanted letters were found.
    var letters = 0
    /// How many records were accepted.
    var records = 0
    /// IDs of letters that were deleted, or are in files and so stay.
    private(set) var done: Set<Int> = []
    private(set) var lettersInFiles = 0
    /// What keeps letters from being replayed.
    private(set) var problems: [String] = []
    /// Records that were replayed and failed again.
    private(set) var failures: [String] = []
    /// Of a dry run: the calls that it would make.
    var calls: [JSONValue] = []
    private var described: [JSONValue] = []
    /// How many records go where.
    private var planned: [(name: String, records: Int)] = []

    init(isDryRun: Bool) { self.isDryRun = isDryRun }

    mutating func add(_ problems: [String]) { self.problems += problems }

    mutating func fail(_ failure: String) { failures.append(failure) }

    mutating func plan(_ count: Int, for name: String) {
        if let index = planned.firstIndex(where: { $0.name == name }) {
            planned[index].records += count
        } else {
            planned.append((name, count))
        }
    }

    mutating func finish(_ letters: [Int], inFiles: Int) {
        done.formUnion(letters)
        lettersInFiles += inFiles
    }

    mutating func describe(_ found: FoundLetter, records: Int, problem: String?) {
        described.append(
            .object(
                ofPresent: (found.summary.object?.members ?? []).map { ($0.name, Optional($0.value)) } + [
                    ("Records", .integer(records)), ("Problem", problem.map { .string($0) }),
                ]))
    }

    /// By what stays.
    var status: ExitStatus { problems.isEmpty ? failures.isEmpty ? .done : .recordsFailed : .failed }

    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    var text: String {
        if isDryRun {
            let lines = planned.map { "would put \(Self.counted($0.records, "record")) on \($0.name)" }
            return ([Self.counted(letters, "dead letter")] + lines).joined(separator: "\n")
        }
        let kept = lettersInFiles > 0 ? ", \(lettersInFiles) of them in files, which stay" : ""
        return "replayed \(Self.counted(records, "record")) of \(Self.counted(letters, "dead letter"))"
            + "\nletters done: \(done.count)\(kept)\nletters that stay: \(letters - done.count)"
    }

    var json: JSONValue {
        .object(
            ofPresent: [
                ("DryRun", .bool(isDryRun)), ("Letters", .integer(letters)), ("RecordsReplayed", .integer(records)),
                (
                    "RecordsByStream",
                    .object(JSONObject(planned.map { JSONObject.Member(name: $0.name, value: .integer($0.records)) }))
                ), ("LettersDone", .integer(done.count)), ("LettersLeft", .integer(letters - done.count)),
                ("Problems", .array((problems + failures).map { .string($0) })),
                ("DeadLetters", isDryRun ? .array(described) : nil), ("Calls", isDryRun ? .array(calls) : nil),
            ])
    }
}
