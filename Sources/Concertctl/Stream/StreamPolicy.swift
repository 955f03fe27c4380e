import Basics
import Clients
import Foundation
import JSON

/// The IAM policy for the producers and consumers of one stream.
struct StreamPolicy: Sendable {
    let name: String
    /// The ARN of the policy.
    let arn: String
    let document: JSONValue

    /// Creates the policy's document.
    ///
    /// - Parameters:
    ///   - streamARN: The stream's ARN; the policy belongs to the same account.
    ///   - keyID: The stream's KMS key, if it has one.
    init(name: String, streamARN: String, keyID: String?) throws(CommandError) {
        guard let stream = KinesisStreamARN(streamARN)?.arn else {
            throw CommandError(description: "invalid stream ARN \"\(streamARN)\" in the response of kinesis")
        }
        self.name = name
        arn = "arn:\(stream.partition):iam::\(stream.account):policy/\(name)"
        document = [
            "Version": "2012-10-17",
            "Statement": .array(
                Self.statements(streamARN) + (keyID.map { Self.statements(key: $0, stream) } ?? [])),
        ]
    }

    /// Returns the default name, which contains the Region because policies are global.
    static func defaultName(of stream: StreamReference, in region: String) throws(UsageError) -> String {
        let name = "\(stream.name)-\(region)-access"
        guard isName(name) else {
            throw UsageError(description: "default policy name \(name) is too long; pass --policy-name or --no-policy")
        }
        return name
    }

    /// Returns whether `text` is a valid name of a policy.
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

    /// Returns the statements for producers and consumers.
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

    /// Returns the statement for the KMS key; the AWS managed key needs none.
    private static func statements(key keyID: String, _ stream: ARN) -> [JSONValue] {
        let prefix = "arn:\(stream.partition):kms:\(stream.region):\(stream.account):"
        let actions: [JSONValue] = ["kms:Decrypt", "kms:GenerateDataKey"]
        let key = ARN(keyID)
        let resource = key?.resource ?? keyID
        guard resource != StreamEncrypt.awsKey, !keyID.isEmpty else { return [] }
        guard resource.utf8.starts(with: "alias/".utf8) else {
            return [statement("UseKey", actions, on: key == nil ? "\(prefix)key/\(keyID)" : keyID)]
        }
        // A statement cannot name a key's alias as its resource.
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

/// API calls of the policy.
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

    /// Returns the default version's document; nil if the policy does not exist.
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

    /// Returns whether `other` is equal, in any order of members.
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
