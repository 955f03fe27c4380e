import Basics
import Clients
import JSON

/// The stream that a command uses, by name or by ARN.
struct StreamReference: Sendable, Equatable {
    /// The environment variable that sets the default stream.
    static let variable = "AWS_KINESIS_STREAM_NAME"

    let name: String
    /// The ARN of the stream or of one of its consumers, if the option was one.
    let arn: String?
    /// The Region of the ARN.
    private let region: String?

    /// Reads the stream from the option or the variable.
    ///
    /// - Throws: ``UsageError`` if neither is set or the value is invalid.
    init(_ input: Input) throws(UsageError) {
        guard let given = try input[SharedOption.streamName], !given.isEmpty else {
            throw UsageError(description: "no stream specified; pass --stream-name, or set \(Self.variable)")
        }
        try self.init(given)
    }

    /// Creates a reference from a stream's name, its ARN, or the ARN of one of its enhanced fan-out consumers.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>
    init(_ given: String) throws(UsageError) {
        let stream = KinesisStreamARN(given)
        name = stream?.name ?? given
        arn = stream?.arn.description
        region = stream?.arn.region
        guard Self.isName(name) else {
            throw UsageError(
                description: "invalid stream \"\(given)\"; expected a name of 1 to 128 letters, digits, \"_\", \".\" "
                    + "and \"-\", or an ARN such as arn:aws:kinesis:REGION:ACCOUNT:stream/NAME")
        }
    }

    /// Returns the stream.
    ///
    /// - Throws: ``UsageError`` if its ARN is of another Region than the one that the command calls.
    func checked(in session: AWSSession) throws(UsageError) -> StreamReference {
        let called = session.region
        guard let region, !region.isEmpty, !called.isEmpty, region != called else { return self }
        throw UsageError(
            description: "stream \(name) is in \(region), but the command uses \(called); pass --region \(region)")
    }

    /// Returns whether `text` is a valid name of a stream or consumer.
    static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// The request member that identifies the stream.
    var member: (String, JSONValue) { arn.map { ("StreamARN", .string($0)) } ?? ("StreamName", .string(name)) }

    /// Returns a request about this stream.
    func request(_ operation: String, _ members: (String, JSONValue?)...) -> AWSRequest {
        .kinesis(operation, .object(ofPresent: [(member.0, member.1)] + members))
    }
}
