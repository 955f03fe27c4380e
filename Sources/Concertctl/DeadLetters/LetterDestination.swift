import Clients
import Processor

/// Where the records of dead letters go.
enum LetterDestination: Sendable {
    /// To this function, or to the one that each dead letter comes from.
    case function(FunctionReference?)
    /// As new records to the stream that each came from.
    case origin
    /// As new records to this stream.
    case stream(StreamReference)
    case bootstrap(path: String)

    /// Where one record goes.
    enum Route: Sendable {
        case function(FunctionReference)
        case stream(StreamReference)
        case bootstrap
    }

    var isStream: Bool {
        switch self {
        case .origin, .stream: true
        case .function, .bootstrap: false
        }
    }

    /// Returns where a record goes.
    ///
    /// - Parameter function: The function that its dead letter names.
    /// - Throws: ``LetterStreams/Unavailable`` when it cannot go there; ``UsageError`` when several functions may be meant.
    func route(
        of record: RestoredRecord, _ function: String?, _ lookups: inout LetterLookups, _ session: AWSSession
    ) async throws -> Route {
        switch self {
        case .bootstrap:
            // The function reads the ARN of an event; that of a letter may be anything.
            if let arn = record.stream, KinesisStreamARN(arn) == nil {
                throw LetterStreams.Unavailable(problem: LetterStreams.notAStream(arn))
            }
            return .bootstrap
        case .function(let chosen):
            guard let text = record.stream else {
                throw LetterStreams.Unavailable(problem: "the letter names no stream")
            }
            guard let arn = try LetterStreams.stream(ofLetter: text, session).arn else {
                throw LetterStreams.Unavailable(problem: LetterStreams.notAStream(text))
            }
            if let chosen { return .function(chosen) }
            return .function(try await lookups.functions.function(named: function, reading: arn, session))
        case .stream(let chosen): return .stream(try await checked(chosen, record, &lookups, session))
        case .origin:
            guard let arn = record.stream else {
                throw LetterStreams.Unavailable(problem: "the letter names no stream; give --stream-name")
            }
            return .stream(
                try await checked(try LetterStreams.stream(ofLetter: arn, session), record, &lookups, session))
        }
    }

    /// The stream, if it can take the record.
    private func checked(
        _ stream: StreamReference, _ record: RestoredRecord, _ lookups: inout LetterLookups, _ session: AWSSession
    ) async throws -> StreamReference {
        guard record.rawText == nil else {
            throw LetterStreams.Unavailable(problem: "its data is not base64, and so cannot be put")
        }
        guard (1...256).contains(record.partitionKey.unicodeScalars.count) else {
            throw LetterStreams.Unavailable(problem: "its partition key does not have 1 to 256 characters")
        }
        let limits = try await lookups.streams.summary(of: stream, session)
        let size = record.partitionKey.utf8.count + record.data.count
        guard size <= limits.entryBytes else {
            throw LetterStreams.Unavailable(
                problem: "it has \(size) bytes with its key, and the stream \(stream.name) takes \(limits.entryBytes)")
        }
        return stream
    }
}

/// The streams and functions that dead letters name, each looked up once.
struct LetterLookups {
    var streams = LetterStreams()
    var functions = LetterFunctions()
}
