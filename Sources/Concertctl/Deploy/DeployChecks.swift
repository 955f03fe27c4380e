import Basics
import Clients
import JSON

/// The checks before a deployment, which find what would make it fail later.
struct DeployChecks: Sendable {
    let session: AWSSession
    let stack: StackReference
    /// The stack; nil if it does not exist yet.
    let current: Stack?
    let template: DeployTemplate
    let parameters: DeployParameters
    let identity: ARN
    let names: DeployerPolicy.Names
    private var findings = DeployFindings()

    init(
        stack: StackReference, current: Stack?, template: DeployTemplate, parameters: DeployParameters, identity: ARN,
        names: DeployerPolicy.Names
    ) {
        (session, self.stack, self.current) = (stack.session, stack, current)
        (self.template, self.parameters, self.identity, self.names) = (template, parameters, identity, names)
    }

    /// Makes all checks.
    mutating func findings() async throws -> DeployFindings {
        try await checkNames()
        try await checkQuotas()
        try await checkPermissions()
        return findings
    }

    private func value(_ name: String) -> String? { parameters.value(of: name, template, current) }

    /// Runs a check; a failed AWS call becomes a note, because the deployer may lack the permission for it.
    private mutating func check(_ what: String, _ work: (inout DeployFindings) async throws -> Void) async throws {
        do { try await work(&findings) } catch let error as AWSError {
            findings.notes.append("\(what): not checked, because \(error)")
        }
    }
}

/// Names.
extension DeployChecks {
    private mutating func checkNames() async throws {
        let owned = current == nil || current?.isInReview == true ? [] : try await stack.resources()
        func owns(_ type: String, _ name: String) -> Bool {
            owned.contains { $0.type == type && $0.physicalID.hasSameBytes(as: name) }
        }
        let hasLoader = ["RedshiftStagingBucket", "RedshiftCopyRoleArn"].allSatisfy { !(value($0) ?? "").isEmpty }
        for (parameter, isMade) in [("FunctionName", true), ("LoaderName", hasLoader)] {
            guard isMade, let name = value(parameter), !owns("AWS::Lambda::Function", name) else { continue }
            try await check("name \(name)") { [session, stack] findings in
                guard
                    try await Self.exists(
                        .lambda("GetFunction", "GET", ["functions", name]), missing: "ResourceNotFoundException",
                        session)
                else { return }
                findings.faults.append(
                    "function \(name) exists, and is not part of stack \(stack.name): choose another name with "
                        + "--parameter \(parameter)=NAME, or delete the function")
            }
        }
        if let arn = value("StreamArn"), !arn.isEmpty {
            try await checkSource(arn)
        } else if let name = value("StreamName"), !owns("AWS::Kinesis::Stream", name) {
            try await checkStream(name)
        }
    }

    private mutating func checkStream(_ name: String) async throws {
        try await check("name \(name)") { [session, stack, identity] findings in
            guard
                try await Self.exists(
                    .kinesis("DescribeStreamSummary", ["StreamName": .string(name)]),
                    missing: "ResourceNotFoundException",
                    session)
            else { return }
            findings.faults.append(
                "stream \(name) exists, and is not part of stack \(stack.name): read from it with --parameter StreamArn="
                    + "arn:\(identity.partition):kinesis:\(session.region):\(identity.account):stream/\(name), or choose "
                    + "another name with --parameter StreamName=NAME")
        }
    }

    private mutating func checkSource(_ arn: String) async throws {
        guard let source = ARN(arn) else { return }
        guard source.region.hasSameBytes(as: session.region) else {
            findings.faults.append(
                "StreamArn is in \(source.region), and the stack in \(session.region); Lambda reads streams of its own "
                    + "Region only: give --region \(source.region)")
            return
        }
        try await check("stream \(arn)") { [session] findings in
            let exists = try await Self.exists(
                .kinesis("DescribeStreamSummary", ["StreamARN": .string(arn)]), missing: "ResourceNotFoundException",
                session)
            guard !exists, !session.isDryRun else { return }
            findings.faults.append("StreamArn: \(arn) does not exist; concertctl stream list shows what does")
        }
    }

    /// Returns whether a resource exists; false in a dry run.
    private static func exists(_ request: AWSRequest, missing code: String, _ session: AWSSession) async throws -> Bool
    {
        do {
            _ = try await session.send(request)
            return !session.isDryRun
        } catch let error as AWSError where error.code == code {
            return false
        }
    }
}

/// Quotas.
extension DeployChecks {
    /// The concurrency that Lambda keeps available for functions without reserved concurrency.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
    private static let unreservable = 100

    private mutating func checkQuotas() async throws {
        let reserved = value("LoaderReservedConcurrency").flatMap { Int($0) } ?? 0
        // What the stack reserves already is not part of the unreserved concurrency.
        let owned = current?.isInReview == true ? nil : current?.parameters["LoaderReservedConcurrency"]
        let present = owned.flatMap { Int($0) } ?? 0
        try await check("quota of concurrent invocations") { [session] findings in
            let path = AWSRequest(
                service: .lambda, operation: "GetAccountSettings", method: "GET",
                path: ["2016-08-19", "account-settings", ""])
            let limits = try await session.send(path).json()["AccountLimit"]
            guard let total = limits?["ConcurrentExecutions"]?.integer,
                let unreserved = limits?["UnreservedConcurrentExecutions"]?.integer
            else { return }
            let free = unreserved + present
            if reserved > present, free - reserved < Self.unreservable {
                findings.faults.append(
                    "LoaderReservedConcurrency is \(reserved), and Lambda can reserve "
                        + "\(max(0, free - Self.unreservable)) of the account's \(total) concurrent invocations: leave it "
                        + "out, or ask for a higher quota")
            } else if total <= 10 {
                findings.notes.append(
                    "the account may run \(total) invocations at once, which all of its functions share: ask for a "
                        + "higher quota before production")
            }
        }
        guard value("StreamArn") == "", current == nil || current?.isInReview == true else { return }
        let isOnDemand = value("StreamMode") == "ON_DEMAND"
        let shards = value("StreamShardCount").flatMap { Int($0) } ?? 1
        try await check("quota of shards") { [session] findings in
            let limits = try await session.send(.kinesis("DescribeLimits", [:])).json()
            guard let limit = limits["ShardLimit"]?.integer, let open = limits["OpenShardCount"]?.integer else {
                return
            }
            if isOnDemand, let streams = limits["OnDemandStreamCount"]?.integer,
                let most = limits["OnDemandStreamCountLimit"]?.integer, streams >= most
            {
                findings.faults.append(
                    "the account has \(streams) on-demand streams, and may have \(most): ask for a higher quota, or "
                        + "leave StreamMode out")
            } else if !isOnDemand, open + shards > limit {
                findings.faults.append(
                    "the stream needs \(shards) shard\(shards == 1 ? "" : "s"), and the account has \(max(0, limit - open)) "
                        + "of \(limit) left: give a lower StreamShardCount, or ask for a higher quota")
            }
        }
    }
}

/// Permissions.
extension DeployChecks {
    /// Simulates the deployer's policy, statement by statement.
    private mutating func checkPermissions() async throws {
        guard !identity.resource.hasSameBytes(as: "root") else { return }
        try await check("permissions") { [session, identity, names] findings in
            guard let principal = try await Self.principal(identity, session) else {
                findings.notes.append("permissions: not checked, because \(identity) is neither a user nor a role")
                return
            }
            var denied: [String] = []
            for statement in DeployerPolicy(names).statements where Self.isSimulated(statement) {
                denied += try await Self.denied(statement, to: principal, session)
            }
            if !denied.isEmpty {
                findings.faults.append(
                    "\(principal) may not perform \(denied.joined(separator: ", ")): allow it in a policy; "
                        + "concertctl deploy --print-policy prints all that is needed")
            }
        }
    }

    /// Returns whether a statement is simulated; those for the transform and for optional resources are not.
    private static func isSimulated(_ statement: DeployerPolicy.Statement) -> Bool {
        !["Transform", "Network", "Archive", "Buckets", "Topics", "Schedule"].contains(statement.id)
    }

    /// The user or role whose policies count; nil for another kind of identity.
    private static func principal(_ identity: ARN, _ session: AWSSession) async throws -> String? {
        let parts = identity.resource.utf8.split(separator: UInt8(ascii: "/")).map {
            String(decoding: $0, as: UTF8.self)
        }
        if parts.first == "user" { return identity.description }
        guard parts.first == "assumed-role", parts.count == 3 else { return nil }
        // The session's ARN lacks the role's path.
        let role = try await session.xml(.iam("GetRole", [.init("RoleName", parts[1])]))
        return role.first("Arn")?.text
    }

    private static func denied(
        _ statement: DeployerPolicy.Statement, to principal: String, _ session: AWSSession
    ) async throws -> [String] {
        var parameters: [AWSRequest.QueryItem] = [.init("PolicySourceArn", principal)]
        for (index, action) in statement.actions.enumerated() {
            parameters.append(.init("ActionNames.member.\(index + 1)", action))
        }
        for (index, resource) in statement.resources.enumerated() {
            parameters.append(
                .init("ResourceArns.member.\(index + 1)", resource == "*" ? "*" : resource.replacing("*", with: "x")))
        }
        let results = try await Paging.all { marker in
            let answer = try await session.xml(
                .iam("SimulatePrincipalPolicy", parameters + (marker.map { [.init("Marker", $0)] } ?? [])))
            let result = answer.first("SimulatePrincipalPolicyResult") ?? answer
            return Page(
                result.list("EvaluationResults"),
                next: result.text(of: "IsTruncated") == "true" ? result.text(of: "Marker") : nil)
        }
        // A result that depends on unknown condition values is ignored, because the action may be allowed.
        let decided = results.filter { $0.list("MissingContextValues").isEmpty }
        return statement.actions.filter { action in
            let own = decided.filter { $0.text(of: "EvalActionName") == action }
            return !own.isEmpty && !own.contains { isAllowed($0) }
        }
    }

    /// Whether an action is allowed on one of the resources at least: some do not apply to it.
    private static func isAllowed(_ result: XMLElement) -> Bool {
        result.text(of: "EvalDecision") == "allowed"
            || result.list("ResourceSpecificResults").contains { $0.text(of: "EvalResourceDecision") == "allowed" }
    }
}
