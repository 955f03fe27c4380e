import Clients
import JSON

/// The stream that a command is about, by name or by ARN.
struct StreamReference: Sendable, Equatable {
    /// The variable that names the stream where no option does.
    static let variable = "AWS_KINESIS_STREAM_NAME"

    let name: String
    /// Where the option was an ARN.
    let arn: String?

    /// - Throws: ``UsageError`` when neither option nor variable names a stream, or the name has no stream's form.
    init(_ arguments: Arguments, environment: [String: String]) throws(UsageError) {
        let given = arguments.string(.streamName) ?? environment[Self.variable] ?? ""
        guard !given.isEmpty else {
            throw UsageError(description: "no stream is named: give --stream-name, or set \(Self.variable)")
        }
        try self.init(given)
    }

    /// A stream by its name or its ARN.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>
    init(_ given: String) throws(UsageError) {
        let isARN = given.hasPrefix("arn:")
        name = isARN ? String(given.split(separator: "/").last ?? "") : given
        arn = isARN ? given : nil
        guard Self.isName(name), !isARN || given.contains(":stream/") else {
            throw UsageError(
                description:
                    "\"\(given)\" is no stream's name; expected 1 to 128 of letters, digits, \"_\", \".\" and \"-\"")
        }
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
