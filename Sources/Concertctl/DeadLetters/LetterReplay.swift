import Clients
import Foundation
import JSON
import Processor

/// A replay of dead letters, in rounds, until none remains that can be replayed.
///
/// A dead letter is deleted only after all of its records were processed or put, so that a crash at any point
/// loses nothing. A record that is redelivered twice keeps its version, so the second delivery has no effect.
struct LetterReplay {
    private(set) var search: LetterSearch
    var account: ReplayAccount
    let destination: LetterDestination
    let session: AWSSession
    let environment: [String: String]
    var lookups = LetterLookups()
    var target: BootstrapTarget?
    /// The functions that rejected an invocation, with the reason, by name as bytes.
    var closedFunctions: [[UInt8]: String] = [:]
    /// The number of consecutive invocations without a response.
    var unanswered = 0
    /// The data to redeliver instead of the data of the selected record.
    private let payload: [UInt8]?

    /// The most bytes of records that are planned at once.
    private static let planLimit = 64 << 20

    init(
        _ source: LetterSource, to destination: LetterDestination, payload: [UInt8]?, _ session: AWSSession,
        environment: [String: String]
    ) {
        search = LetterSearch(source)
        account = ReplayAccount(
            isDryRun: session.isDryRun, source: source.names, destination: destination,
            region: session.region)
        (self.destination, self.payload) = (destination, payload)
        (self.session, self.environment) = (session, environment)
    }

    /// - Throws: The error that ended the replay early; ``account`` contains the results until then.
    mutating func run() async throws {
        var hasProgressed = false
        repeat {
            let before = account.done
            let letters = try await search.next(session)
            for found in letters { account.add(found, search.source.filter) }
            if payload != nil { try checkOneRecord(letters) }
            try await replay(letters)
            hasProgressed = account.done > before
        } while hasProgressed && payload == nil && search.mayFindMore
    }

    /// - Throws: ``UsageError`` unless all dead letters are of the same record.
    private func checkOneRecord(_ letters: [FoundLetter]) throws {
        var positions: Set<[UInt8]> = []
        for found in letters {
            guard case .record(let record) = found.letter else {
                throw UsageError(
                    description: "--payload requires the dead letter of a record, but \(found.location) is not "
                        + "one")
            }
            positions.insert(Array("\(record.stream ?? "") \(record.shard ?? "") \(record.name)".utf8))
        }
        guard positions.count < 2 else {
            throw UsageError(
                description: "--payload requires one record, but \(positions.count) are "
                    + "selected; pass its SEQUENCE")
        }
        guard !positions.isEmpty else { throw CommandError(description: "no matching dead letter found") }
    }

    /// Makes the remaining messages visible again, and stops the bootstrap.
    mutating func end() async {
        target?.stop()
        await search.release(session)
        account.end()
    }

    private mutating func replay(_ letters: [FoundLetter]) async throws {
        var plan = LetterPlan()
        var start = 0
        for (index, found) in letters.enumerated() {
            try Task.checkCancellation()
            try await plan.add(found, to: destination, replacing: payload, &lookups, session)
            guard plan.bytes > Self.planLimit || index + 1 == letters.count else { continue }
            for problem in plan.problems { account.add(problem: problem.text, of: problem.found.id) }
            if account.isDryRun { describe(letters[start...index], plan) }
            try await carryOut(&plan)
            plan = LetterPlan()
            start = index + 1
        }
    }

    private mutating func carryOut(_ plan: inout LetterPlan) async throws {
        guard destination.isStream else { return try await redeliver(&plan) }
        for (stream, numbers) in plan.byStream {
            account.plan(numbers.count, for: stream.name)
            let limits = try await lookups.streams.summary(of: stream, session)
            let entries = numbers.map { number in
                let record = plan.records[number].record
                return PutQueue.PutEntry(key: record.partitionKey, data: record.data, number: number)
            }
            let put = LetterPut(stream, session, limits: limits, entries: entries)
            if account.isDryRun {
                for (request, numbers) in put.plannedRequests() {
                    _ = try await session.send(request)
                    try await planDeletions(after: numbers, &plan)
                }
            } else {
                try await carryOut(put, on: stream, numbers, &plan)
            }
        }
    }

    /// Puts records on one stream; an error of the stream does not affect the others.
    private mutating func carryOut(
        _ put: LetterPut, on stream: StreamReference, _ numbers: [Int], _ plan: inout LetterPlan
    ) async throws {
        var put = put
        var progress = Progress()
        defer { progress.end() }
        var left = Set(numbers)
        let problem: String
        do {
            while let numbers = try await put.next() {
                left.subtract(numbers)
                await finish(numbers, &plan)
                progress.show("\(account.records) records put")
            }
            return
        } catch let error as AWSError {
            problem = try LetterStreams.unavailable(error).problem
        } catch let error as CommandError {
            problem = error.description
        }
        lookups.streams.close(stream, problem)
        account.add(
            problem: "stream \(stream.name): \(problem) (dead letters of records that were not put are not deleted)",
            of: left.map { plan.records[$0].letter })
    }

    /// Deletes the dead letters whose records were all processed.
    mutating func finish(_ numbers: [Int], _ plan: inout LetterPlan) async {
        account.records += numbers.count
        let done = numbers.compactMap { plan.finish($0) }
        guard !done.isEmpty else { return }
        // Not canceled by an interruption, so that processed records are not replayed again.
        let failures = await Task { [search, session] in await search.delete(done, session) }.value
        let left = Set(failures.map(\.letter))
        if let first = failures.first {
            account.add(
                problem: "\(failures.count) dead letters could not be deleted after their records were replayed: "
                    + first.problem, of: Array(left))
        }
        let deleted = done.filter { !left.contains($0) }
        account.finish(deleted, inFiles: search.forget(deleted))
    }
}
