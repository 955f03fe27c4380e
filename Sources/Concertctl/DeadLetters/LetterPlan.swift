import Clients
import JSON
import Processor

/// A plan of records of dead letters and their targets.
struct LetterPlan {
    /// A record and its dead letter.
    struct PlannedRecord: Sendable {
        var record: RestoredRecord
        var letter: Int
        /// Nil if the target is not a Lambda function.
        var function: FunctionReference?
    }

    private(set) var records: [PlannedRecord] = []
    /// The indices of records by target stream, in the order of the streams' first occurrence.
    private(set) var byStream: [(stream: StreamReference, numbers: [Int])] = []
    /// The dead letters that stay, with the reason.
    private(set) var problems: [(found: FoundLetter, text: String)] = []
    /// The number of unfinished records by the dead letter's ID, without dead letters that have a problem.
    private var open: [Int: Int] = [:]
    /// The size of the records' data, in bytes.
    private(set) var bytes = 0
    /// The IDs of the dead letters with a problem.
    private var staying: Set<Int> = []
    /// The indices in ``byStream`` by the stream's name, as bytes.
    private var streamIndices: [[UInt8]: Int] = [:]

    /// Adds the records of a dead letter.
    ///
    /// An error of the dead letter becomes one of ``problems`` and does not affect the others.
    mutating func add(
        _ found: FoundLetter, to destination: LetterDestination, replacing payload: [UInt8]?,
        _ lookups: inout LetterLookups, _ session: AWSSession
    ) async throws {
        let remains: LetterBatch.RemainingRecords
        switch found.letter {
        case .unknown(let problem):
            return note("\(found.location) is not a dead letter: \(problem)", found)
        case .record(let letter):
            var record = letter.restored
            if let payload { (record.data, record.rawText) = (payload, nil) }
            remains = LetterBatch.RemainingRecords(records: [record])
        case .batch(let batch):
            do {
                remains = try await Self.records(of: batch, &lookups.streams, session)
            } catch let error as LetterStreams.Unavailable {
                return note("\(batch.name): \(error.problem) (dead letter not deleted)", found)
            }
            if let problem = remains.problem { note("\(batch.name): \(problem) (dead letter not deleted)", found) }
        }
        var ready: [(record: RestoredRecord, route: LetterDestination.LetterRoute)] = []
        for record in remains.records {
            do {
                ready.append(
                    (record, try await destination.route(of: record, found.letter.function, &lookups, session)))
            } catch let error as LetterStreams.Unavailable {
                return note("\(found.letter.name): \(error.problem) (dead letter not deleted)", found)
            }
        }
        for (record, route) in ready { add(record, of: found, on: route) }
    }

    /// Returns the records of a batch: from the dead letter, if it contains them, otherwise from the stream.
    ///
    /// - Throws: ``LetterStreams/Unavailable`` if the stream cannot be read.
    static func records(
        of batch: LetterBatch, _ streams: inout LetterStreams, _ session: AWSSession
    ) async throws -> LetterBatch.RemainingRecords {
        if let remains = batch.recordsOfPayload { return remains }
        let stream = try LetterStreams.stream(ofLetter: batch.streamARN, session)
        _ = try await streams.summary(of: stream, session)
        do { return try await batch.records(on: try StreamReference(stream.name), session) } catch let error as AWSError
        {
            throw try LetterStreams.unavailable(error)
        }
    }

    private mutating func add(_ record: RestoredRecord, of found: FoundLetter, on route: LetterDestination.LetterRoute)
    {
        let number = records.count
        var entry = PlannedRecord(record: record, letter: found.id)
        if case .function(let function) = route { entry.function = function }
        records.append(entry)
        bytes += record.data.count + (record.rawText?.utf8.count ?? 0) + 1000
        if !staying.contains(found.id) { open[found.id, default: 0] += 1 }
        guard case .stream(let stream) = route else { return }
        let name = Array((stream.arn ?? stream.name).utf8)
        if let index = streamIndices[name] {
            byStream[index].numbers.append(number)
        } else {
            streamIndices[name] = byStream.count
            byStream.append((stream, [number]))
        }
    }

    private mutating func note(_ problem: String, _ found: FoundLetter) {
        problems.append((found, problem))
        staying.insert(found.id)
        open[found.id] = nil
    }

    /// Records that a record was replayed.
    ///
    /// - Returns: The ID of the dead letter, if this was its last record.
    mutating func finish(_ number: Int) -> Int? {
        let letter = records[number].letter
        guard let left = open[letter] else { return nil }
        open[letter] = left - 1
        return left == 1 ? letter : nil
    }
}
