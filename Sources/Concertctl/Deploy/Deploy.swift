import Basics
import Clients
import Foundation
import JSON
import Telemetry

/// Deploys the template and the code of the function with CloudFormation.
struct Deploy: Command {
    private static let rollback = Option<Bool>(
        "--rollback", "deploy the template, code and parameters that the last deployment replaced")
    private static let printPolicy = Option<Bool>(
        "--print-policy", "print the IAM policy that a deployer needs, and do nothing")
    private static let wait = Option<Bool?>("--wait", otherwise: "yes", "wait until the stack is deployed")
    static let description = CommandDescription(
        name: "deploy", summary: "deploy the function, its stream and its alarms with CloudFormation",
        discussion: """
            Checks credentials, permissions, names, quotas and parameters first, and reports all faults together. Uploads \
            the zip and the template, shows what changes, asks, and follows the stack. The SAM CLI is not needed: AWS \
            transforms the template.

            Run it again to follow a deployment that is in progress. Parameters that are not given keep the values of the \
            stack.
            """,
        options: [
            DeployFiles.template, DeployFiles.zip, DeployParameters.option, StackReference.option, DeployBucket.option,
            rollback, printPolicy, wait, StackProgress.timeout, SharedOption.yes, SharedOption.dryRun,
            SharedOption.output,
        ] + SharedOption.aws,
        examples: [
            "concertctl deploy",
            "concertctl deploy --parameter StreamArn=arn:aws:kinesis:us-east-1:123456789012:stream/concerts",
            "concertctl deploy --stack-name staging --parameter FunctionName=staging StreamName=staging LoaderName=staging-loader",
            "concertctl deploy --rollback",
        ])

    private let session: AWSSession
    private let stack: StackReference
    private let bucketName: String?
    private let parameters: DeployParameters
    private let files: (template: String?, zip: String?)
    private let confirmation: Confirmation
    private let (rollsBack, printsPolicy, waits): (Bool, Bool, Bool)
    private let waiter: Waiter

    init(_ input: Input) throws {
        for option in [DeployFiles.template, DeployFiles.zip] as [any CommandOption] + [DeployParameters.option] {
            try input.exclude(Self.rollback, [option])
        }
        (rollsBack, printsPolicy) = (try input[Self.rollback], try input[Self.printPolicy])
        waits = try input[Self.wait] != false
        files = (try input[DeployFiles.template], try input[DeployFiles.zip])
        parameters = try DeployParameters(input)
        bucketName = try input[DeployBucket.option]
        waiter = Waiter(limit: .seconds(try input[StackProgress.timeout]))
        confirmation = try Confirmation(input)
        session = try AWSSession(input)
        stack = try StackReference(input, session)
    }

    /// What follows the deployment, or tries again after a failure.
    private var command: String { "concertctl deploy --stack-name \(stack.name)" }

    func run() async throws -> ExitStatus {
        if printsPolicy {
            Output.print(.json(DeployerPolicy(names(account: "*", nil, nil)).document))
            return .done
        }
        try confirmation.checkTerminal()
        return rollsBack ? try await goBack() : try await goForward()
    }

    private func names(account: String, _ template: DeployTemplate?, _ current: Stack?) -> DeployerPolicy.Names {
        func value(_ name: String, _ fallback: String) -> String {
            template.flatMap { parameters.value(of: name, $0, current) } ?? parameters.given[name] ?? fallback
        }
        let region = account == "*" ? "*" : session.region
        let source = value("StreamArn", "").utf8.split(separator: UInt8(ascii: "/")).last
        return DeployerPolicy.Names(
            partition: Partition(region: session.region).name, region: region, account: account, stack: stack.name,
            bucket: bucketName ?? "concert-data-deploy-\(account)-\(region)",
            function: value("FunctionName", "concert-data-processor"),
            loader: value("LoaderName", "concert-data-loader"),
            stream: source.map { String(decoding: $0, as: UTF8.self) } ?? value("StreamName", "concert-data-stream"))
    }

    private func identity() async throws -> ARN {
        var request = AWSRequest.sts("GetCallerIdentity")
        request.placeholder = Array("<Response><Arn>arn:aws:iam::ACCOUNT:user/USER</Arn></Response>".utf8)
        let answer = try await session.send(request).xml()
        guard let arn = answer.first("Arn").flatMap({ ARN($0.text) }) else {
            throw CommandError(description: "sts GetCallerIdentity: the response names no identity")
        }
        return arn
    }

    private func progress(of id: String, after last: String? = nil) -> StackProgress {
        StackProgress(stack: stack, id: id, last: last, waiter: waiter, command: command)
    }

    /// The stack, once no operation is in progress; nil when there is none.
    ///
    /// - Throws: ``CommandError`` when the stack cannot be changed as it is.
    private func settled() async throws -> Stack? {
        guard var current = try await stack.stack() else { return nil }
        if current.isChanging {
            guard waits else {
                throw CommandError(
                    description: "stack \(stack.name) is \(current.status): another operation is in progress",
                    details: "  next: \(command)")
            }
            Console.note("stack \(stack.name) is \(current.status): following the operation in progress")
            let progress = progress(of: current.id)
            let (state, events) = try await progress.follow()
            guard state.isDone else { throw progress.failure(state, events) }
            guard state.status != "DELETE_COMPLETE" else { return nil }
            current = state
        }
        guard current.canBeUpdated || current.isInReview else {
            throw StackProgress.failure(stack.name, current, try await stack.events(), command: command)
        }
        if current.isInReview {
            Console.note("stack \(stack.name) is REVIEW_IN_PROGRESS: it has no resources yet, and is used")
        }
        return current
    }
}

/// A new version.
extension Deploy {
    private func goForward() async throws -> ExitStatus {
        var findings = DeployFindings()
        var package: DeployPackage?
        do { package = try DeployPackage(files, parameters, &findings) } catch { findings.faults.append("\(error)") }
        let identity: ARN
        let current: Stack?
        do {
            identity = try await self.identity()
            current = try await settled()
        } catch {
            // Alone, an error keeps the advice on it.
            guard !findings.faults.isEmpty, !(error is CancellationError) else { throw error }
            findings.faults.append("\(error)")
            return try findings.fail()
        }
        let bucket = DeployBucket(name: bucketName, account: identity.account, session: session)
        let isMissing = try await bucket.isMissing(&findings)
        guard let package else { return try findings.fail() }
        var checks = DeployChecks(
            stack: stack, current: current, template: package.template, parameters: package.parameters,
            identity: identity, names: names(account: identity.account, package.template, current))
        findings.add(try await checks.findings())
        for note in findings.notes where !session.isDryRun { Console.note("note: \(note)") }
        try findings.check()
        let history = DeployHistory(stack: stack.name, bucket: bucket)
        if isMissing { try await bucket.create() }
        let code = S3Object(bucket: bucket.name, key: history.zipKey(DeployHistory.hash(package.zip)))
        let text = try package.template.text(code: code)
        let key = history.templateKey(text, package.template.fileExtension)
        try await bucket.upload(package.zip, as: code.key, contentType: "application/zip")
        try await bucket.upload(text, as: key, contentType: "text/plain")
        let desired = StackReference.Desired(
            isNew: current?.isInReview ?? true, createsStack: current == nil, templateURL: bucket.url(of: key),
            parameters: package.parameters.list(package.template, current),
            secrets: package.parameters.secrets(package.template))
        return try await apply(desired, to: current, package.template, history)
    }

    /// Makes the change set, asks, and carries it out.
    private func apply(
        _ desired: StackReference.Desired, to current: Stack?, _ template: DeployTemplate, _ history: DeployHistory
    ) async throws -> ExitStatus {
        let now = WallClock.now()
        let changeSet = try await stack.makeChangeSet(
            desired, name: "concertctl-\(now.millisecondsSinceEpoch)", Waiter())
        guard let changes = changeSet.changes else {
            try await stack.delete(changeSet: changeSet.id, withStack: desired.createsStack)
            report(current ?? Stack(id: changeSet.stackID, status: "empty"), nil)
            return .done
        }
        do {
            show(changes, isNew: desired.isNew)
            try confirmation.ask("deploy to \(session.region) as stack \(stack.name)?")
        } catch {
            try await stack.delete(changeSet: changeSet.id, withStack: desired.createsStack)
            throw error
        }
        if !desired.isNew, let current {
            let secrets = template.parameters.filter(\.isSecret).map(\.name)
            try await history.keep(
                template: try await stack.template(stage: "Original"), parameters: current.parameters,
                secrets: secrets, now: now)
        }
        let last = try await stack.events(id: changeSet.stackID).last?.id
        try await stack.execute(changeSet, isNew: desired.isNew)
        guard waits, !session.isDryRun else {
            session.say("stack \(stack.name): started; follow it with \(command)")
            session.show(text: nil, json: json(Stack(id: changeSet.stackID, status: "STARTED"), changes))
            return .done
        }
        let progress = progress(of: changeSet.stackID, after: last)
        let (state, events) = try await progress.follow()
        guard state.isDone else { throw progress.failure(state, events) }
        report(state, changes)
        return .done
    }

    private func show(_ changes: [ChangeSet.Change], isNew: Bool) {
        guard !session.isDryRun else { return }
        let count = changes.isEmpty ? "no resource" : changes.count == 1 ? "1 resource" : "\(changes.count) resources"
        session.say("stack \(stack.name), \(isNew ? "new" : "update"): \(count) to change")
        for change in changes { session.say(change.line) }
    }

    /// - Parameter changes: Nil where there was nothing to do.
    private func report(_ state: Stack, _ changes: [ChangeSet.Change]?) {
        session.say("stack \(stack.name): \(changes == nil ? "no changes" : "deployed"), \(state.status)")
        for output in state.outputs { session.say("  \(output.name)  \(output.value)") }
        let stream = state.outputs["StreamArn"]?.utf8.split(separator: UInt8(ascii: "/")).last
            .map { String(decoding: $0, as: UTF8.self) }
        if let function = state.outputs["FunctionName"], let stream {
            session.say("next: concertctl doctor --function-name \(function) --stream-name \(stream)")
        }
        session.show(text: nil, json: json(state, changes ?? []))
    }

    private func json(_ state: Stack, _ changes: [ChangeSet.Change]) -> JSONValue {
        [
            "stack": .string(stack.name), "stackId": .string(state.id), "status": .string(state.status),
            "changes": .array(changes.map(\.json)), "outputs": state.outputs.json,
        ]
    }
}

/// The version before.
extension Deploy {
    private func goBack() async throws -> ExitStatus {
        let identity = try await self.identity()
        let bucket = DeployBucket(name: bucketName, account: identity.account, session: session)
        let history = DeployHistory(stack: stack.name, bucket: bucket)
        guard let current = try await settled(), !current.isInReview else {
            guard session.isDryRun else {
                throw CommandError(
                    description: "stack \(stack.name) does not exist, so there is nothing to go back from")
            }
            return try await planBack(history)
        }
        let deployed = try await stack.template(stage: "Original")
        guard let version = try await history.previous(template: deployed, parameters: current.parameters) else {
            throw CommandError(
                description: "no earlier version of stack \(stack.name) is in bucket \(bucket.name); "
                    + "concertctl deploy keeps one whenever it changes a stack")
        }
        let template = try DeployTemplate(
            try await bucket.object(version.template), path: "s3://\(bucket.name)/\(version.template)")
        session.say("stack \(stack.name): back to the version that was replaced at \(version.time)")
        let desired = StackReference.Desired(
            isNew: false, templateURL: bucket.url(of: version.template),
            parameters: template.parameters.compactMap { parameter in
                if let value = version.parameters[parameter.name] { return (parameter.name, value) }
                return current.parameters[parameter.name] == nil ? nil : (parameter.name, nil)
            }, secrets: [])
        return try await apply(desired, to: current, template, history)
    }

    /// The calls, as far as they are known without the bucket.
    private func planBack(_ history: DeployHistory) async throws -> ExitStatus {
        _ = try await stack.template(stage: "Original")
        _ = try await history.previous(template: "", parameters: [])
        let desired = StackReference.Desired(
            isNew: false, templateURL: history.bucket.url(of: "\(stack.name)/templates/HASH.yaml"), parameters: [],
            secrets: [])
        return try await apply(desired, to: nil, try DeployTemplate([], path: "template"), history)
    }
}
