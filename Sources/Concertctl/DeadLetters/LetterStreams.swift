import Basics
import Clients
import Processor

/// The streams of dead letters, each looked up once.
struct LetterStreams {
    /// The reason why records cannot be read from or put on a stream.
    struct Unavailable: Error {
        var problem: String
    }

    /// Results by name or ARN, as bytes.
    private var known: [[UInt8]: Result<PutQueue.Limits, Unavailable>] = [:]

    /// Returns the limits of a request that puts records on a stream.
    ///
    /// - Throws: ``Unavailable`` if the stream does not exist or access is denied.
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
                    "stream \(stream.name) does not exist in \(session.region); to use "
                    + "another stream, pass --stream-name"
            }
            result = .failure(unavailable)
        }
        known[key] = result
        return try result.get()
    }

    /// Records that a stream rejects records, so that no other dead letter is put on it.
    mutating func close(_ stream: StreamReference, _ problem: String) {
        known[Array((stream.arn ?? stream.name).utf8)] = .failure(Unavailable(problem: problem))
    }

    /// Returns the text of a service's error.
    ///
    /// - Throws: The error itself, if it is of the credentials or the configuration and so applies to every dead letter.
    static func problem(_ error: AWSError) throws -> String {
        if case .unreachable = error { return "\(error)" }
        return try unavailable(error).problem
    }

    /// Returns a service's error as the reason of the affected dead letters.
    ///
    /// - Throws: The error itself, if it is of the network or the credentials and so applies to every dead letter.
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

    /// Returns the stream of a dead letter, which must be in the Region that the command uses.
    ///
    /// - Throws: ``Unavailable`` for an invalid ARN, and for a stream in another Region.
    static func stream(ofLetter text: String, _ session: AWSSession) throws -> StreamReference {
        let region = session.region
        guard let arn = KinesisStreamARN(text), StreamReference.isName(arn.name) else {
            guard StreamReference.isName(text) else { throw Unavailable(problem: notAStream(text)) }
            return try StreamReference(text)
        }
        guard arn.arn.region.utf8.elementsEqual(region.utf8) else {
            throw Unavailable(
                problem: "its stream \(arn.name) is in \(arn.arn.region), but the command uses \(region); pass "
                    + "--region \(arn.arn.region), or --to stream --stream-name NAME to use another stream")
        }
        return try StreamReference("\(arn.arn)")
    }

    static func notAStream(_ text: String) -> String {
        "\"\(String(decoding: text.utf8.prefix(100), as: UTF8.self))\" is not a stream ARN; "
            + "to use another stream, pass --to stream --stream-name NAME"
    }
}
