import Basics
import Clients
import JSON

/// The command that deletes the stack of `deploy`, and lists the resources that remain.
struct Undeploy: Command {
    private static let wait = Option<Bool?>("--wait", otherwise: "yes", "wait until the stack is deleted")
    static let description = CommandDescription(
        name: "undeploy", summary: "delete the stack, and list the resources that remain",
        discussion: """
            The stream, the dead-letter queue and the buckets outlive the stack, because they may contain records that \
            nothing else has. The tables in Redshift and the bucket with the deployed versions stay, too.
            """,
        options: [
            StackReference.option, wait, StackProgress.timeout, SharedOption.yes, SharedOption.dryRun,
            SharedOption.output,
        ] + SharedOption.aws,
        examples: ["concertctl undeploy", "concertctl undeploy --stack-name staging --yes"])

    private let session: AWSSession
    private let stack: StackReference
    private let confirmation: Confirmation
    private let waits: Bool
    private let waiter: Waiter

    init(_ input: Input) throws {
        waits = try input[Self.wait] != false
        waiter = Waiter(limit: .seconds(try input[StackProgress.timeout]))
        confirmation = try Confirmation(input)
        session = try AWSSession(input)
        stack = try StackReference(input, session)
    }

    private var command: String { "concertctl undeploy \(stack.options)" }

    func run() async throws -> ExitStatus {
        try confirmation.checkTerminal()
        let found = try await stack.stack()
        guard let current = found ?? (session.isDryRun ? Stack(id: stack.name, status: "CREATE_COMPLETE") : nil) else {
            session.say("stack \(stack.name) does not exist")
            session.show(text: nil, json: json(Stack(id: stack.name, status: "DELETE_COMPLETE"), []))
            return .done
        }
        let kept = try await self.kept(current)
        session.say("stack \(stack.name), \(current.status): these resources remain:")
        for (what, name) in kept { session.say("  \(what)  \(name)") }
        var last: String?
        if current.status != "DELETE_IN_PROGRESS" {
            last = try await stack.events(id: current.id).last?.id
            let account = ARN(current.id)?.account ?? "unknown"
            try confirmation.ask("delete stack \(stack.name) in account \(account), Region \(session.region)?")
            var delete = stack.request("DeleteStack", id: current.id)
            delete.isAbandonedOnCancel = false
            _ = try await session.xml(delete)
        }
        guard waits, !session.isDryRun else {
            session.say("stack \(stack.name): deletion started; follow it with \(command)")
            session.show(text: nil, json: json(Stack(id: current.id, status: "STARTED"), kept))
            return .done
        }
        let progress = StackProgress(
            stack: stack, id: current.id, last: last, waiter: waiter, follow: command, retry: command)
        let (state, events) = try await progress.follow()
        guard state.status == "DELETE_COMPLETE" else { throw progress.failure(state, events) }
        session.say("stack \(stack.name): deleted")
        session.show(text: nil, json: json(state, kept))
        return .done
    }

    /// Returns the resources that remain after the deletion, each with its name.
    private func kept(_ current: Stack) async throws -> [(what: String, name: String)] {
        let resources = try await stack.resources()
        let template = try? JSONValue(parsing: Array(try await stack.template(stage: "Processed").utf8))
        var kept = resources.filter { resource in
            guard let declared = template?["Resources"]?[resource.logicalID] else {
                return ["AWS::Kinesis::Stream", "AWS::SQS::Queue", "AWS::S3::Bucket"].contains(resource.type)
            }
            return declared["DeletionPolicy"]?.string?.hasPrefix("Retain") ?? false
        }.map { (what: "\($0.logicalID) (\($0.type))", name: $0.physicalID) }
        if let source = current.parameters["StreamArn"], !source.isEmpty {
            kept.append(("the stream that was read", source))
        }
        for name in ["RedshiftWorkgroupArn", "RedshiftClusterIdentifier"] {
            guard let warehouse = current.parameters[name], !warehouse.isEmpty else { continue }
            let schema = current.parameters["RedshiftSchema"] ?? "concert_dw"
            kept.append(("the tables in schema \(schema)", warehouse))
        }
        let bucket = DeployBucket(name: nil, account: ARN(current.id)?.account ?? "ACCOUNT", session: session)
        kept.append(("the bucket with the deployed versions, unless --bucket named another one", bucket.name))
        return kept
    }

    private func json(_ state: Stack, _ kept: [(what: String, name: String)]) -> JSONValue {
        [
            "stack": .string(stack.name), "stackId": .string(state.id), "status": .string(state.status),
            "kept": .array(kept.map { ["resource": .string($0.what), "name": .string($0.name)] }),
        ]
    }
}
