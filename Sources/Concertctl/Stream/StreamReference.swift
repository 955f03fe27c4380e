import Clients
import JSON

/// The stream that a command is about, by name or by ARN.
struct StreamReference: Sendable, Equatable {
    /// The variable that names the stream where no option does.
    static let variable = "AWS_KINESIS_STREAM_NAME"

    let name: String
    /// The stream's own ARN, where the option was one, or that of a consumer of the stream.
    let arn: String?
    /// Of the ARN.
    private let region: String?

    /// - Throws: ``UsageError`` when neither option nor variable names a stream, or the name has no stream's form.
    init(_ input: Input) throws(UsageError) {
        guard let given = try input[SharedOption.streamName], !given.isEmpty else {
            throw UsageError(description: "no stream is named: give --stream-name, or set \(Self.variable)")
        }
        try self.init(given)
    }

    /// A stream by its name, its ARN, or the ARN of one of its enhanced fan-out consumers.
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

    /// Returns the stream, unless its ARN is of another Region than the one that a command calls.
    func checked(in session: AWSSession) throws(UsageError) -> StreamReference {
        let called = session.region
        guard let region, !region.isEmpty, !called.isEmpty, region != called else { return self }
        throw UsageError(
            description: "stream \(name) is in \(region), but the command calls \(called); use --region \(region)")
    }

    /// Whether `text` has the form of a stream's name, which is a consumer's, too.
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

    /// The member by which a request names the stream.
    var member: (String, JSONValue) { arn.map { ("StreamARN", .string($0)) } ?? ("StreamName", .string(name)) }

    /// A request about this stream, with what else it says.
    func request(_ operation: String, _ members: (String, JSONValue?)...) -> AWSRequest {
        .kinesis(operation, .object(ofPresent: [(member.0, member.1)] + members))
    }
}
