import Clients
import JSON
import Processor

/// Which records of dead letters go where.
struct LetterPlan {
    private(set) var records: [(record: RestoredRecord, letter: Int)] = []
    /// Indices of records by the stream that they go to, in the order in which the streams were first named.
    private(set) var byStream: [(stream: StreamReference, numbers: [Int])] = []
    /// Why a letter stays, by its ID.
    private(set) var problems: [(letter: Int, text: String)] = []
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
        _ found: FoundLetter, to destination: LetterDestination, _ streams: inout LetterStreams, _ session: AWSSession
    ) async throws {
        let remains: LetterBatch.Remains
        switch found.letter {
        case .unknown(let problem):
            return note("\(found.location) is not a dead letter: \(problem)", found)
        case .record(let letter):
            guard let record = letter.restored else {
                return note("\(letter.name): its data is not base64, and so cannot be put; the letter stays", found)
            }
            remains = LetterBatch.Remains(records: [record])
        case .batch(let batch):
            do {
                remains = try await Self.records(of: batch, &streams, session)
            } catch let error as LetterStreams.Unavailable {
                return note("\(batch.name): \(error.problem); the letter stays", found)
            }
            if let problem = remains.problem { note("\(batch.name): \(problem); the letter stays", found) }
        }
        var ready: [(record: RestoredRecord, stream: StreamReference?)] = []
        for record in remains.records {
            do {
                ready.append((record, try await destination.stream(of: record, &streams, session)))
            } catch let error as LetterStreams.Unavailable {
                return note("\(record.sequenceNumber): \(error.problem); the letter stays", found)
            }
        }
        for (record, stream) in ready { add(record, of: found, on: stream) }
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

    private mutating func add(_ record: RestoredRecord, of found: FoundLetter, on stream: StreamReference?) {
        let number = records.count
        records.append((record, found.id))
        bytes += record.data.count + 1000
        if !staying.contains(found.id) { open[found.id, default: 0] += 1 }
        guard let stream else { return }
        let name = Array((stream.arn ?? stream.name).utf8)
        if let place = places[name] {
            byStream[place].numbers.append(number)
        } else {
            places[name] = byStream.count
            byStream.append((stream, [number]))
        }
    }

    private mutating func note(_ problem: String, _ found: FoundLetter) {
        problems.append((found.id, problem))
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

/// Where the records of dead letters go.
enum LetterDestination: Sendable {
    /// Each to the stream that it came from.
    case origin
    case stream(StreamReference)
    case bootstrap(path: String)

    /// The stream that a record is put on; nil when it goes to no stream.
    ///
    /// - Throws: ``LetterStreams/Unavailable`` when there is no such stream, or it cannot take the record.
    func stream(
        of record: RestoredRecord, _ streams: inout LetterStreams, _ session: AWSSession
    ) async throws -> StreamReference? {
        let stream: StreamReference
        switch self {
        case .bootstrap:
            // The function reads the ARN of an event; that of a letter may be anything.
            if let arn = record.stream, KinesisStreamARN(arn) == nil {
                throw LetterStreams.Unavailable(problem: LetterStreams.notAStream(arn))
            }
            return nil
        case .stream(let chosen): stream = chosen
        case .origin:
            guard let arn = record.stream else {
                throw LetterStreams.Unavailable(problem: "the letter names no stream; give --stream-name")
            }
            stream = try LetterStreams.stream(ofLetter: arn, session)
        }
        guard (1...256).contains(record.partitionKey.unicodeScalars.count) else {
            throw LetterStreams.Unavailable(problem: "its partition key does not have 1 to 256 characters")
        }
        let limits = try await streams.summary(of: stream, session)
        let size = record.partitionKey.utf8.count + record.data.count
        guard size <= limits.entryBytes else {
            throw LetterStreams.Unavailable(
                problem: "it has \(size) bytes with its key, and the stream \(stream.name) takes \(limits.entryBytes)")
        }
        return stream
    }
}

/// The streams that letters name, each looked up once.
struct LetterStreams {
    /// Why a letter's records cannot be read from, or put on, their stream.
    struct Unavailable: Error {
        var problem: String
    }

    /// By name or ARN, as bytes.
    private var known: [[UInt8]: Result<PutQueue.Limits, Unavailable>] = [:]

    /// What one request may put on a stream.
    ///
    /// - Throws: ``Unavailable`` when the stream does not exist or may not be described.
    mutating func summary(of stream: StreamReference, _ session: AWSSession) async throws -> PutQueue.Limits {
        let key = Array((stream.arn ?? stream.name).utf8)
        if let known = known[key] { return try known.get() }
        let result: Result<PutQueue.Limits, Unavailable>
        do {
            let summary = try await stream.summary(session)
            var limits = PutQueue.Limits()
            if let kibibytes = summary.json["MaxRecordSizeInKiB"]?.integer, (1025...10_240).contains(kibibytes) {
                (limits.entryBytes, limits.bytes) = (kibibytes << 10, 10 << 20)
            }
            result = .success(limits)
        } catch let error as CommandError {
            result = .failure(Unavailable(problem: error.description))
        } catch let error as AWSError {
            var unavailable = try Self.unavailable(error)
            if error.code == "ResourceNotFoundException" {
                unavailable.problem =
                    "there is no stream \(stream.name) in \(session.client.configuration.region); --stream-name names "
                    + "another one"
            }
            result = .failure(unavailable)
        }
        known[key] = result
        return try result.get()
    }

    /// Notes that a stream took no more records, so that no other letter is tried on it.
    mutating func close(_ stream: StreamReference, _ problem: String) {
        known[Array((stream.arn ?? stream.name).utf8)] = .failure(Unavailable(problem: problem))
    }

    /// What one service refused, as the problem of the letters concerned.
    ///
    /// - Throws: The error itself, when it would be the same for every letter: of the network, or of the credentials.
    static func unavailable(_ error: AWSError) throws -> Unavailable {
        let ofCredentials = [
            "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
            "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken",
        ]
        switch error {
        case .refused(let refusal) where !ofCredentials.contains(refusal.code): return Unavailable(problem: "\(error)")
        case .unreadable: return Unavailable(problem: "\(error)")
        case .refused, .unreachable, .misconfigured: throw error
        }
    }

    /// The stream that a letter names, which must be in the Region that is called: there, and only there, the ARN means it.
    ///
    /// - Throws: ``Unavailable`` for text that names no stream, and for a stream in another Region.
    static func stream(ofLetter text: String, _ session: AWSSession) throws -> StreamReference {
        let region = session.client.configuration.region
        guard let arn = KinesisStreamARN(text), StreamReference.isName(arn.name) else {
            guard StreamReference.isName(text) else { throw Unavailable(problem: notAStream(text)) }
            return try StreamReference(text)
        }
        guard arn.arn.region.utf8.elementsEqual(region.utf8) else {
            throw Unavailable(
                problem: "it came from the stream \(arn.name) in \(arn.arn.region), and \(region) is called; give "
                    + "--region \(arn.arn.region), or --stream-name for another stream")
        }
        return try StreamReference("\(arn.arn)")
    }

    static func notAStream(_ text: String) -> String {
        "\"\(String(decoding: text.utf8.prefix(100), as: UTF8.self))\" is not the ARN of a stream; give --stream-name"
    }
}
