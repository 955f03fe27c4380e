import Basics
import Clients
import Foundation
import JSON
import Processor

/// Checks of the function's role, which Lambda also uses to read the stream.
extension Check {
    static let role = [
        Check(name: "Function's role", needs: [.stream, .function]) { context in try await role(&context) }
    ]

    private static func role(_ context: inout DiagnosisContext) async throws -> Finding {
        let needed = context.actionsOfRole()
        let writes = Set(needed.map(\.action).filter { !$0.hasPrefix("kinesis:") }).sorted()
        return try await finding(
            onRole: context.configuration["Role"]?.string ?? "", needed,
            ok: "may read the stream" + (writes.isEmpty ? "" : ", and call \(writes.joined(separator: ", "))"),
            &context)
    }

    /// Checks whether a role allows actions, each on a resource.
    ///
    /// - Parameter text: What the role allows, for the finding.
    static func finding(
        onRole arn: String, _ needed: [IAMAction], ok text: String,
        _ context: inout DiagnosisContext
    ) async throws -> Finding {
        guard let role = ARN(arn)?.resource.utf8, role.starts(with: "role/".utf8),
            let name = role.split(separator: UInt8(ascii: "/")).last.map({ String(decoding: $0, as: UTF8.self) })
        else {
            return .fault("the function has no role", "assign a role with the policy AWSLambdaKinesisExecutionRole")
        }
        let policy: RolePolicy
        do {
            policy = try await context.policy(ofRole: name)
        } catch let error as AWSError where error.code == "NoSuchEntity" {
            return .fault("role \(name) does not exist", "create it again as in template.yaml")
        }
        // A wildcard resource is checked with an example object.
        let missing = needed.filter { !policy.allows($0.action, on: $0.resource.replacing("*", with: "x")) }
        guard missing.isEmpty else {
            return .fault(
                "no policy of role \(name) allows \(missing.map(\.action).joined(separator: ", "))",
                "aws iam put-role-policy --role-name \(name) --policy-name concertctl-doctor --policy-document '"
                    + document(needed).text + "'")
        }
        return .ok("role \(name) \(text)")
    }

    /// Returns a policy that allows all actions, because putting a policy replaces the previous one of the same name.
    private static func document(_ actions: [IAMAction]) -> JSONValue {
        let resources = Set(actions.map(\.resource)).sorted()
        let statements: [JSONValue] = resources.map { resource in
            let names = actions.filter { $0.resource == resource }.map { JSONValue.string($0.action) }
            return ["Effect": "Allow", "Action": .array(names), "Resource": .string(resource)]
        }
        return ["Version": "2012-10-17", "Statement": .array(statements)]
    }
}

extension DiagnosisContext {
    /// Returns the actions that the role requires.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html>
    fileprivate func actionsOfRole() -> [IAMAction] {
        guard let stream = summary?.arn else { return [] }
        let reads = ["DescribeStream", "GetRecords", "GetShardIterator", "ListShards"]
        var actions = reads.map { IAMAction("kinesis:" + $0, on: stream) }
        if let source = mapping?.sourceARN, KinesisStreamARN(source)?.consumer != nil {
            actions.append(IAMAction("kinesis:SubscribeToShard", on: source))
        }
        if let arn = mapping?.destination, let action = AWSDestination(arn: arn).action {
            actions.append(IAMAction(action, on: action.hasPrefix("s3:") ? arn + "/aws/lambda/*" : arn))
        }
        for action in actionsOfSettings(stream: stream) where !actions.contains(action) {
            actions.append(action)
        }
        return actions
    }

    /// Returns the actions that follow from the function's settings.
    private func actionsOfSettings(stream: String) -> [IAMAction] {
        guard let stream = ARN(stream) else { return [] }
        let scope = AccountScope(partition: stream.partition, region: stream.region, account: stream.account)
        var reader = settings
        let definitions = reader.read(GeneralSettings.processors)
        return DeadLetterSettings.actions(settings, scope) + definitions.flatMap { $0.actions(settings, scope) }
    }

    /// Returns all policies of a role.
    ///
    /// The first call determines whether they may be read.
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

    /// Returns all pages of a list.
    private mutating func list(
        _ operation: String, _ name: String, _ role: AWSRequest.QueryItem
    ) async throws -> [XMLElement] {
        try await Paging.all { marker in
            let page = marker.map { [role, .init("Marker", $0)] } ?? [role]
            let answer = try await xml(.iam(operation, page))
            return Page(
                answer.first(operation + "Result")?.list(name) ?? [],
                next: answer.first("IsTruncated")?.text == "true" ? answer.first("Marker")?.text : nil)
        }
    }

    /// Decodes a policy, which IAM percent-encodes.
    private static func document(_ text: String?) -> JSONValue {
        let decoded = text.map { $0.removingPercentEncoding ?? $0 } ?? ""
        return (try? JSONValue(parsing: Array(decoded.utf8))) ?? .null
    }
}
