import Clients
import Foundation
import JSON

/// The IAM policy for those who put records on a stream and those who read it: what they need, on this stream alone.
struct StreamPolicy: Sendable {
    let name: String
    /// Of the policy itself.
    let arn: String
    let document: JSONValue

    /// - Parameters:
    ///   - streamARN: Of the stream; the policy belongs to the same account.
    ///   - keyID: The stream's KMS key, if it has one.
    init(name: String, streamARN: String, keyID: String?) throws(CommandError) {
        guard let stream = KinesisStreamARN(streamARN)?.arn else {
            throw CommandError(description: "invalid ARN of a stream \"\(streamARN)\" in the response of kinesis")
        }
        self.name = name
        arn = "arn:\(stream.partition):iam::\(stream.account):policy/\(name)"
        document = [
            "Version": "2012-10-17",
            "Statement": .array(
                Self.statements(streamARN) + (keyID.map { Self.statements(key: $0, stream) } ?? [])),
        ]
    }

    /// Of a stream's policy, when none is given: policies have no Region, so it names the stream's.
    static func defaultName(of stream: StreamReference, in region: String) throws(UsageError) -> String {
        let name = "\(stream.name)-\(region)-access"
        guard isName(name) else {
            throw UsageError(description: "\(name) is too long for a policy's name; give --policy-name or --no-policy")
        }
        return name
    }

    /// Whether `text` has the form of a policy's name.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>
    static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "_+=,.@-".utf8.contains($0)
                }
            }
    }

    /// What producers and consumers need on the stream.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html>
    private static func statements(_ streamARN: String) -> [JSONValue] {
        let look: [JSONValue] = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards"]
        return [
            statement("Produce", ["kinesis:PutRecord", "kinesis:PutRecords"] + look, on: streamARN),
            statement("Consume", ["kinesis:GetRecords", "kinesis:GetShardIterator"] + look, on: streamARN),
            statement(
                "ConsumeFannedOut", ["kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer"],
                on: streamARN + "/consumer/*"),
        ]
    }

    /// AWS's own key is open to everybody who may use the stream; another one needs a word of its own.
    private static func statements(key keyID: String, _ stream: ARN) -> [JSONValue] {
        let prefix = "arn:\(stream.partition):kms:\(stream.region):\(stream.account):"
        let actions: [JSONValue] = ["kms:Decrypt", "kms:GenerateDataKey"]
        let key = ARN(keyID)
        let resource = key?.resource ?? keyID
        guard resource != StreamEncrypt.awsKey, !keyID.isEmpty else { return [] }
        guard resource.utf8.starts(with: "alias/".utf8) else {
            return [statement("UseKey", actions, on: key == nil ? "\(prefix)key/\(keyID)" : keyID)]
        }
        // A key's permissions cannot name its alias as a resource.
        let condition: JSONValue = ["ForAnyValue:StringEquals": ["kms:ResourceAliases": .string(resource)]]
        return [statement("UseKey", actions, on: "\(prefix)key/*", condition: condition)]
    }

    private static func statement(
        _ id: String, _ actions: [JSONValue], on resource: String, condition: JSONValue? = nil
    ) -> JSONValue {
        .object(ofPresent: [
            ("Sid", .string(id)), ("Effect", "Allow"), ("Action", .array(actions)), ("Resource", .string(resource)),
            ("Condition", condition),
        ])
    }
}

/// Its calls.
extension StreamPolicy {
    var lookup: AWSRequest { .iam("GetPolicy", [.init("PolicyArn", arn)]) }

    var creation: AWSRequest {
        .iam("CreatePolicy", [.init("PolicyName", name), .init("PolicyDocument", document.text)])
    }

    var newVersion: AWSRequest {
        .iam(
            "CreatePolicyVersion",
            [.init("PolicyArn", arn), .init("PolicyDocument", document.text), .init("SetAsDefault", "true")])
    }

    /// The document that is in force; nil when there is no such policy.
    func present(_ session: AWSSession) async throws -> JSONValue? {
        do {
            let policy = try await session.send(lookup).xml()
            guard let version = policy.first("DefaultVersionId")?.text else { return .null }
            let answer = try await session.send(
                .iam("GetPolicyVersion", [.init("PolicyArn", arn), .init("VersionId", version)])
            ).xml()
            let text = answer.first("Document")?.text.removingPercentEncoding ?? ""
            return (try? JSONValue(parsing: Array(text.utf8))) ?? .null
        } catch let error as AWSError where error.code == "NoSuchEntity" {
            return nil
        }
    }

    /// Whether `other` says the same, in whatever order its members stand.
    func isSame(as other: JSONValue) -> Bool { Self.sorted(document) == Self.sorted(other) }

    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            .object(
                ofPresent: object.members.sorted { $0.name < $1.name }.map { ($0.name, sorted($0.value)) })
        case .array(let elements): .array(elements.map(sorted))
        default: value
        }
    }
}
