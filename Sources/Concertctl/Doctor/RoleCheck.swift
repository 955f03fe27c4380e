import Clients
import Foundation
import JSON

/// The role that Lambda reads the stream with, and that the function runs as.
extension Check {
    static let role = [
        Check(name: "Function's role", needs: [.stream, .function]) { examination in try await role(&examination) }
    ]

    private static func role(_ examination: inout Examination) async throws -> Finding {
        let arn = examination.configuration["Role"]?.string ?? ""
        guard let name = arn.split(separator: "/").last.map(String.init), arn.contains(":role/") else {
            return .fault("the function has no role", "give it one that AWSLambdaKinesisExecutionRole is attached to")
        }
        let policy: RolePolicy
        do {
            policy = try await examination.policy(ofRole: name)
        } catch let error as AWSError where error.code == "NoSuchEntity" {
            return .fault("role \(name) does not exist", "make it anew, as template.yaml describes it")
        }
        let needed = examination.actionsOfRole()
        let missing = needed.filter { !policy.allows($0.action, on: $0.resource) }
        guard missing.isEmpty else {
            return .fault(
                "no policy of role \(name) allows \(missing.map(\.action).joined(separator: ", "))",
                "aws iam put-role-policy --role-name \(name) --policy-name concertctl-doctor --policy-document '"
                    + document(needed).text + "'")
        }
        let destination = examination.mapping?.destination == nil ? "" : ", and put failed batches where they belong"
        return .ok("role \(name) may read the stream" + destination)
    }

    /// A policy that allows all of it: putting it in place takes away an earlier one of its name.
    private static func document(_ actions: [(action: String, resource: String)]) -> JSONValue {
        let resources = Set(actions.map(\.resource)).sorted()
        let statements: [JSONValue] = resources.map { resource in
            let names = actions.filter { $0.resource == resource }.map { JSONValue.string($0.action) }
            return ["Effect": "Allow", "Action": .array(names), "Resource": .string(resource)]
        }
        return ["Version": "2012-10-17", "Statement": .array(statements)]
    }
}

extension Examination {
    /// What the role must be allowed.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html>
    fileprivate func actionsOfRole() -> [(action: String, resource: String)] {
        guard let stream = summary?.arn else { return [] }
        let reads = ["DescribeStream", "GetRecords", "GetShardIterator", "ListShards"]
        var actions = reads.map { (action: "kinesis:" + $0, resource: stream) }
        if let source = mapping?.sourceARN, source.contains("/consumer/") {
            actions.append(("kinesis:SubscribeToShard", source))
        }
        if let arn = mapping?.destination, let action = Destination(arn: arn).action {
            // What is put into a bucket is an object below it.
            actions.append((action, action.hasPrefix("s3:") ? arn + "/aws/lambda/x" : arn))
        }
        return actions
    }

    /// All its policies together; the first call tells whether they may be read at all.
    fileprivate mutating func policy(ofRole name: String) async throws -> RolePolicy {
        let role = AWSRequest.QueryItem("RoleName", name)
        _ = try await xml(.iam("GetRole", [role]))
        var policy = RolePolicy()
        for arn in try await list("ListAttachedRolePolicies", "AttachedPolicies", role).compactMap({
            $0.text(of: "PolicyArn")
        }) {
            let answer = try await xml(.iam("GetPolicy", [.init("PolicyArn", arn)]))
            let version = answer.first("DefaultVersionId")?.text ?? "v1"
            let text = try await xml(
                .iam("GetPolicyVersion", [.init("PolicyArn", arn), .init("VersionId", version)]))
            policy.add(Self.document(text.first("Document")?.text))
        }
        for inline in try await list("ListRolePolicies", "PolicyNames", role).map(\.text) {
            let text = try await xml(.iam("GetRolePolicy", [role, .init("PolicyName", inline)]))
            policy.add(Self.document(text.first("PolicyDocument")?.text))
        }
        return policy
    }

    /// All pages of a list.
    private mutating func list(
        _ operation: String, _ name: String, _ role: AWSRequest.QueryItem
    ) async throws -> [XMLElement] {
        var found: [XMLElement] = []
        var marker: String?
        repeat {
            let page = marker.map { [role, .init("Marker", $0)] } ?? [role]
            let answer = try await xml(.iam(operation, page))
            found += answer.first(operation + "Result")?.list(name) ?? []
            let next = answer.first("Marker")?.text
            marker = answer.first("IsTruncated")?.text == "true" && next != marker ? next : nil
        } while marker != nil
        return found
    }

    /// IAM sends policies percent-encoded.
    private static func document(_ text: String?) -> JSONValue {
        let decoded = text.map { $0.removingPercentEncoding ?? $0 } ?? ""
        return (try? JSONValue(parsing: Array(decoded.utf8))) ?? .null
    }
}
