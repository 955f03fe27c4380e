import Basics
import Clients
import Processor

/// The target of the records of dead letters.
enum LetterDestination: Sendable {
    /// This function, or the function of each dead letter.
    case function(FunctionReference?)
    /// The original stream of each record, as new records.
    case origin
    /// This stream, as new records.
    case stream(StreamReference)
    case bootstrap(path: String)

    /// The target of one record.
    enum LetterRoute: Sendable {
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

    /// Returns the target of a record.
    ///
    /// - Parameter function: The function that the dead letter names.
    /// - Throws: ``LetterStreams/Unavailable`` if the target is unavailable; ``UsageError`` if the function is ambiguous.
    func route(
        of record: RestoredRecord, _ function: String?, _ lookups: inout LetterLookups, _ session: AWSSession
    ) async throws -> LetterRoute {
        switch self {
        case .bootstrap:
            // The function parses the ARN of an event, and the ARN of a dead letter is unchecked.
            if let arn = record.stream, KinesisStreamARN(arn) == nil {
                throw LetterStreams.Unavailable(problem: LetterStreams.notAStream(arn))
            }
            return .bootstrap
        case .function(let chosen):
            guard let text = record.stream else {
                throw LetterStreams.Unavailable(problem: "the dead letter names no stream")
            }
            guard let arn = try LetterStreams.stream(ofLetter: text, session).arn else {
                throw LetterStreams.Unavailable(problem: LetterStreams.notAStream(text))
            }
            if let chosen { return .function(chosen) }
            return .function(try await lookups.functions.function(named: function, reading: arn, session))
        case .stream(let chosen): return .stream(try await checked(chosen, record, &lookups, session))
        case .origin:
            guard let arn = record.stream else {
                throw LetterStreams.Unavailable(problem: "the dead letter names no stream; pass --stream-name")
            }
            return .stream(
                try await checked(try LetterStreams.stream(ofLetter: arn, session), record, &lookups, session))
        }
    }

    /// Returns the stream, if it accepts the record.
    private func checked(
        _ stream: StreamReference, _ record: RestoredRecord, _ lookups: inout LetterLookups, _ session: AWSSession
    ) async throws -> StreamReference {
        guard record.rawText == nil else {
            throw LetterStreams.Unavailable(problem: "its data is not base64 and cannot be put on a stream")
        }
        guard (1...256).contains(record.partitionKey.unicodeScalars.count) else {
            throw LetterStreams.Unavailable(problem: "invalid partition key; expected 1 to 256 characters")
        }
        let limits = try await lookups.streams.summary(of: stream, session)
        let size = record.partitionKey.utf8.count + record.data.count
        guard size <= limits.entryBytes else {
            throw LetterStreams.Unavailable(
                problem:
                    "it has \(size) bytes with its key, more than the limit of \(limits.entryBytes) of stream \(stream.name)"
            )
        }
        return stream
    }
}

/// The streams and functions that dead letters name, each looked up once.
struct LetterLookups {
    var streams = LetterStreams()
    var functions = LetterFunctions()
}
