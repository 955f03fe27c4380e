import Clients
import JSON
import Processor

/// Which records of dead letters go where.
struct LetterPlan {
    /// A record and the letter that it belongs to.
    struct Entry: Sendable {
        var record: RestoredRecord
        var letter: Int
        /// Nil when it goes to no function of Lambda.
        var function: FunctionReference?
    }

    private(set) var records: [Entry] = []
    /// Indices of records by the stream that they go to, in the order in which the streams were first named.
    private(set) var byStream: [(stream: StreamReference, numbers: [Int])] = []
    /// Why a letter stays, by its ID.
    private(set) var problems: [(found: FoundLetter, text: String)] = []
    /// How many records each letter still has to be replayed, by its ID; letters with a problem are not here.
    private var open: [Int: Int] = [:]
    /// Bytes of the records' data.
    private(set) var bytes = 0
    /// IDs of letters with a problem.
    private var staying: Set<Int> = []
    /// Indices in ``byStream`` by the stream's name, as bytes.
    private var places: [[UInt8]: Int] = [:]

    /// Adds a letter's records.
    ///
    /// What is wrong with the letter is one of ``problems``, and affects no other.
    mutating func add(
        _ found: FoundLetter, to destination: LetterDestination, replacing payload: [UInt8]?,
        _ lookups: inout LetterLookups, _ session: AWSSession
    ) async throws {
        let remains: LetterBatch.Remains
        switch found.letter {
        case .unknown(let problem):
            return note("\(found.location) is not a dead letter: \(problem)", found)
        case .record(let letter):
            var record = letter.restored
            if let payload { (record.data, record.rawText) = (payload, nil) }
            remains = LetterBatch.Remains(records: [record])
        case .batch(let batch):
            do {
                remains = try await Self.records(of: batch, &lookups.streams, session)
            } catch let error as LetterStreams.Unavailable {
                return note("\(batch.name): \(error.problem); the letter stays", found)
            }
            if let problem = remains.problem { note("\(batch.name): \(problem); the letter stays", found) }
        }
        var ready: [(record: RestoredRecord, route: LetterDestination.Route)] = []
        for record in remains.records {
            do {
                ready.append(
                    (record, try await destination.route(of: record, found.letter.function, &lookups, session)))
            } catch let error as LetterStreams.Unavailable {
                return note("\(found.letter.name): \(error.problem); the letter stays", found)
            }
        }
        for (record, route) in ready { add(record, of: found, on: route) }
    }

    /// The records of a batch: from the letter, if it contains them, otherwise from the stream.
    ///
    /// - Throws: ``LetterStreams/Unavailable`` when the stream cannot be read.
    static func records(
        of batch: LetterBatch, _ streams: inout LetterStreams, _ session: AWSSession
    ) async throws -> LetterBatch.Remains {
        if let remains = batch.recordsOfPayload { return remains }
        let stream = try LetterStreams.stream(ofLetter: batch.streamARN, session)
        _ = try await streams.summary(of: stream, session)
        do { return try await batch.records(on: try StreamReference(stream.name), session) } catch let error as AWSError
        {
            throw try LetterStreams.unavailable(error)
        }
    }

    private mutating func add(_ record: RestoredRecord, of found: FoundLetter, on route: LetterDestination.Route) {
        let number = records.count
        var entry = Entry(record: record, letter: found.id)
        if case .function(let function) = route { entry.function = function }
        records.append(entry)
        bytes += record.data.count + (record.rawText?.utf8.count ?? 0) + 1000
        if !staying.contains(found.id) { open[found.id, default: 0] += 1 }
        guard case .stream(let stream) = route else { return }
        let name = Array((stream.arn ?? stream.name).utf8)
        if let place = places[name] {
            byStream[place].numbers.append(number)
        } else {
            places[name] = byStream.count
            byStream.append((stream, [number]))
        }
    }

    private mutating func note(_ problem: String, _ found: FoundLetter) {
        problems.append((found, problem))
        staying.insert(found.id)
        open[found.id] = nil
    }

    /// Notes that a record was replayed.
    ///
    /// - Returns: Its letter's ID, when that was the last of the letter's records.
    mutating func finish(_ number: Int) -> Int? {
        let letter = records[number].letter
        guard let left = open[letter] else { return nil }
        open[letter] = left - 1
        return left == 1 ? letter : nil
    }
}
