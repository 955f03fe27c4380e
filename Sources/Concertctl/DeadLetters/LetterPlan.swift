import Clients
import JSON
import Processor

/// Which records go where, and of which letter each is.
struct LetterPlan {
    private(set) var records: [(record: RestoredRecord, letter: Int)] = []
    /// Numbers of records by the stream that they go to, in the order in which the streams were met.
    private(set) var byStream: [(stream: StreamReference, numbers: [Int])] = []
    /// Why a letter cannot be dealt with as a whole, by its index.
    private(set) var problems: [Int: String] = [:]

    mutating func add(
        _ found: FoundLetter, index: Int, to destination: StreamReference?, hasBootstrap: Bool, _ session: AWSSession
    ) async throws {
        let restored: [RestoredRecord]
        switch found.letter {
        case .unknown(let problem):
            problems[index] = "\(found.location) is no dead letter: \(problem)"
            return
        case .record(let letter):
            guard let record = letter.restored else {
                problems[index] = "\(letter.name): its data are no base64, and so cannot be put: the letter stays"
                return
            }
            restored = [record]
        case .batch(let batch):
            let remains = try await batch.records(session)
            if let problem = remains.problem {
                problems[index] =
                    "the batch from \(batch.start) to \(batch.end) of \(batch.shard): \(problem); the letter stays"
            }
            restored = remains.records
        }
        for record in restored {
            let number = records.count
            records.append((record, index))
            if hasBootstrap { continue }
            guard
                let stream = try destination
                    ?? record.stream.map({ (arn) throws(UsageError) in try StreamReference(arn) })
            else {
                problems[index] = "\(record.sequenceNumber) does not say which stream it came from: give --stream-name"
                continue
            }
            if let place = byStream.firstIndex(where: { $0.stream == stream }) {
                byStream[place].numbers.append(number)
            } else {
                byStream.append((stream, [number]))
            }
        }
    }
}

/// What a replay of dead letters has done.
struct ReplayAccount {
    let isDryRun: Bool
    /// Records that are on the stream, or were taken by the bootstrap.
    private(set) var records = 0
    /// Indices of letters that were deleted, or are files and so stay.
    private(set) var deleted: Set<Int> = []
    private(set) var lettersInFiles = 0
    var problems: [String] = []
    /// How many records of each letter are still to be taken.
    private var open: [Int: Int] = [:]
    private var planned: [(stream: String, records: Int)] = []
    private var letterCount = 0

    init(isDryRun: Bool) { self.isDryRun = isDryRun }

    mutating func plan(_ plan: LetterPlan, _ letters: [FoundLetter]) {
        problems = plan.problems.sorted { $0.key < $1.key }.map(\.value)
        for (_, letter) in plan.records { open[letter, default: 0] += 1 }
        planned = plan.byStream.map { ($0.stream.name, $0.numbers.count) }
        letterCount = letters.count
    }

    /// These records are where they should be: letters of which all are can go.
    mutating func take(
        _ numbers: [Int], _ plan: LetterPlan, _ letters: [FoundLetter], _ source: LetterSource, _ session: AWSSession
    ) async {
        records += numbers.count
        var done: [Int] = []
        for number in numbers {
            let letter = plan.records[number].letter
            open[letter, default: 0] -= 1
            if open[letter] == 0, plan.problems[letter] == nil { done.append(letter) }
        }
        guard !done.isEmpty else { return }
        // Not cut short: what is on the stream should not be put again.
        let taken = done.map { letters[$0] }
        let outcome = await Task { @Sendable in await source.delete(taken, session) }.value
        if let problem = outcome.problem {
            problems.append("\(outcome.count) letters could not be deleted, though their records were put: \(problem)")
        }
        deleted.formUnion(done)
        lettersInFiles += done.count { if case .file = letters[$0].place { true } else { false } }
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    var text: String {
        if isDryRun {
            let lines = planned.map { "would put \(Self.counted($0.records, "record")) on \($0.stream)" }
            return ([Self.counted(letterCount, "dead letter")] + lines).joined(separator: "\n")
        }
        let kept = lettersInFiles > 0 ? ", \(lettersInFiles) of them in files, which stay" : ""
        return "replayed \(Self.counted(records, "record")) of \(Self.counted(letterCount, "dead letter"))"
            + "\nletters done with: \(deleted.count)\(kept)\nletters that stay: \(letterCount - deleted.count)"
    }

    var json: JSONValue {
        .object(
            ofPresent: [
                ("DryRun", .bool(isDryRun)), ("Letters", .integer(letterCount)), ("RecordsReplayed", .integer(records)),
                (
                    "RecordsByStream",
                    .object(
                        JSONObject(planned.map { JSONObject.Member(name: $0.stream, value: .integer($0.records)) }))
                ), ("LettersDone", .integer(deleted.count)), ("LettersLeft", .integer(letterCount - deleted.count)),
                ("Problems", .array(problems.map { .string($0) })),
            ])
    }
}

extension StreamReference {
    /// The stream that a dead letter came from, by name, for it must be in the Region that is called.
    ///
    /// - Throws: ``CommandError`` when it is in another one, where a stream of the same name would be another stream.
    init(ofLetter arn: String, _ session: AWSSession) throws {
        let region = session.client.configuration.region
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count >= 6, !parts[3].isEmpty, parts[3] != region {
            throw CommandError(
                description: "a dead letter came from \(MessageText.escaped(arn)), and \(region) is called: give "
                    + "--region \(MessageText.escaped(String(parts[3]))), or --stream-name for another stream")
        }
        try self.init(arn.hasPrefix("arn:") ? String(arn.split(separator: "/").last ?? "") : arn)
    }
}
