import Clients
import Processor

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
                    "there is no stream \(stream.name) in \(session.region); --stream-name names "
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

    /// What a service refused or did not answer, in words.
    ///
    /// - Throws: The error itself, when it would be the same for every letter: of the credentials or the configuration.
    static func problem(_ error: AWSError) throws -> String {
        if case .unreachable = error { return "\(error)" }
        return try unavailable(error).problem
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
        let region = session.region
        guard let arn = KinesisStreamARN(text), StreamReference.isName(arn.name) else {
            guard StreamReference.isName(text) else { throw Unavailable(problem: notAStream(text)) }
            return try StreamReference(text)
        }
        guard arn.arn.region.utf8.elementsEqual(region.utf8) else {
            throw Unavailable(
                problem: "it came from the stream \(arn.name) in \(arn.arn.region), and \(region) is called; give "
                    + "--region \(arn.arn.region), or --to stream --stream-name NAME for another stream")
        }
        return try StreamReference("\(arn.arn)")
    }

    static func notAStream(_ text: String) -> String {
        "\"\(String(decoding: text.utf8.prefix(100), as: UTF8.self))\" is not the ARN of a stream; "
            + "--to stream --stream-name NAME chooses a stream"
    }
}
