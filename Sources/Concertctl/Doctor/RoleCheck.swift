import Clients
import Foundation
import JSON
import Processor

/// The role that Lambda reads the stream with, and that the function runs as.
extension Check {
    static let role = [
        Check(name: "Function's role", needs: [.stream, .function]) { examination in try await role(&examination) }
    ]

    private static func role(_ examination: inout Examination) async throws -> Finding {
        let needed = examination.actionsOfRole()
        let writes = Set(needed.map(\.action).filter { !$0.hasPrefix("kinesis:") }).sorted()
        return try await finding(
            onRole: examination.configuration["Role"]?.string ?? "", needed,
            ok: "may read the stream" + (writes.isEmpty ? "" : ", and call \(writes.joined(separator: ", "))"),
            &examination)
    }

    /// Whether a role allows actions, each on a resource.
    ///
    /// - Parameter text: What it may do.
    static func finding(
        onRole arn: String, _ needed: [(action: String, resource: String)], ok text: String,
        _ examination: inout Examination
    ) async throws -> Finding {
        guard let role = ARN(arn)?.resource.utf8, role.starts(with: "role/".utf8),
            let name = role.split(separator: UInt8(ascii: "/")).last.map({ String(decoding: $0, as: UTF8.self) })
        else {
            return .fault("the function has no role", "give it one that AWSLambdaKinesisExecutionRole is attached to")
        }
        let policy: RolePolicy
        do {
            policy = try await examination.policy(ofRole: name)
        } catch let error as AWSError where error.code == "NoSuchEntity" {
            return .fault("role \(name) does not exist", "make it anew, as template.yaml describes it")
        }
        // What is put into a bucket is some object below a name.
        let missing = needed.filter { !policy.allows($0.action, on: $0.resource.replacing("*", with: "x")) }
        guard missing.isEmpty else {
            return .fault(
                "no policy of role \(name) allows \(missing.map(\.action).joined(separator: ", "))",
                "aws iam put-role-policy --role-name \(name) --policy-name concertctl-doctor --policy-document '"
                    + document(needed).text + "'")
        }
        return .ok("role \(name) \(text)")
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
        if let source = mapping?.sourceARN, KinesisStreamARN(source)?.consumer != nil {
            actions.append(("kinesis:SubscribeToShard", source))
        }
        if let arn = mapping?.destination, let action = Destination(arn: arn).action {
            actions.append((action, action.hasPrefix("s3:") ? arn + "/aws/lambda/*" : arn))
        }
        for action in actionsOfSettings(stream: stream) where !actions.contains(where: { $0 == action }) {
            actions.append(action)
        }
        return actions
    }

    /// What the function's environment makes it do, as far as it names ARNs or their parts.
    private func actionsOfSettings(stream: String) -> [(action: String, resource: String)] {
        guard let stream = ARN(stream) else { return [] }
        let (partition, region) = (stream.partition, stream.region)
        var actions: [(action: String, resource: String)] = []
        if let url = variable("DEAD_LETTER_QUEUE_URL"),
            case .queue(let name, let account, _)? = Destination(queueURL: url)
        {
            actions.append(("sqs:SendMessage", "arn:\(partition):sqs:\(region):\(account):\(name)"))
        }
        if let bucket = variable("DEAD_LETTER_BUCKET") {
            actions.append(("s3:PutObject", "arn:\(partition):s3:::\(bucket)/dead-letters/*"))
        }
        if processors.contains("redshift") {
            if let target = stagedTarget {
                actions.append(("s3:PutObject", "arn:\(partition):s3:::\(target.bucket)/\(target.staged)*"))
            } else {
                if let arn = variable("REDSHIFT_WORKGROUP_NAME"), ARN(arn) != nil {
                    actions.append(("redshift-data:BatchExecuteStatement", arn))
                }
                if let bucket = variable("REDSHIFT_STAGING_BUCKET") {
                    actions.append(("s3:PutObject", "arn:\(partition):s3:::\(bucket)/redshift-staging/*"))
                }
            }
        }
        if processors.contains("notifier") {
            if let arn = variable("NOTIFY_TOPIC_ARN") { actions.append(("sns:Publish", arn)) }
            if let bus = variable("NOTIFY_EVENT_BUS") {
                let arn = "arn:\(partition):events:\(region):\(stream.account):event-bus/\(bus)"
                actions.append(("events:PutEvents", ARN(bus) == nil ? arn : bus))
            }
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
        try await Paging.all { marker in
            let page = marker.map { [role, .init("Marker", $0)] } ?? [role]
            let answer = try await xml(.iam(operation, page))
            return Page(
                answer.first(operation + "Result")?.list(name) ?? [],
                next: answer.first("IsTruncated")?.text == "true" ? answer.first("Marker")?.text : nil)
        }
    }

    /// IAM sends policies percent-encoded.
    private static func document(_ text: String?) -> JSONValue {
        let decoded = text.map { $0.removingPercentEncoding ?? $0 } ?? ""
        return (try? JSONValue(parsing: Array(decoded.utf8))) ?? .null
    }
}
