import Basics
import Clients
import Foundation
import JSON
import Telemetry

/// The command that deploys the template and the code of the function with CloudFormation.
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

            If an operation is in progress, the command follows it, and changes nothing. Parameters that are not given keep \
            the values of the stack.
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

    let session: AWSSession
    var stack: StackReference
    let bucketName: String?
    /// The command line that deploys to this stack, without the options for files and parameters.
    private let plainCommand: String
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
        plainCommand =
            (["concertctl deploy", stack.options] + [input.repeated(DeployBucket.option)].compactMap { $0 })
            .joined(separator: " ")
    }

    /// The command line that repeats this command, without the options for files and parameters.
    private var command: String { plainCommand + (rollsBack ? " --rollback" : "") }

    /// The command line that follows an operation in progress.
    ///
    /// After the operation, it deploys, which would undo a rollback; with `--rollback`, it would do so, too.
    private var followCommand: String {
        plainCommand + (rollsBack ? "  # only while the operation is in progress: afterwards, it deploys" : "")
    }

    func run() async throws -> ExitStatus {
        if printsPolicy {
            Output.print(.json(DeployerPolicy(names(account: "*", nil, nil)).document))
            return .done
        }
        try confirmation.checkTerminal()
        return rollsBack ? try await rollBack() : try await deployNewVersion()
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

    func identity() async throws -> ARN {
        var request = AWSRequest.sts("GetCallerIdentity")
        request.placeholder = Array("<Response><Arn>arn:aws:iam::ACCOUNT:user/USER</Arn></Response>".utf8)
        let answer = try await session.send(request).xml()
        guard let arn = answer.first("Arn").flatMap({ ARN($0.text) }) else {
            throw CommandError(description: "sts GetCallerIdentity: the response names no identity")
        }
        return arn
    }

    private func progress(of id: String, after last: String? = nil) -> StackProgress {
        StackProgress(stack: stack, id: id, last: last, waiter: waiter, follow: followCommand, retry: command)
    }

    /// Checks that a deployment can start from the stack's status, unless an operation is in progress.
    func checkStatus(of current: Stack?) async throws {
        guard let current, !current.isChanging else { return }
        guard current.canBeUpdated || current.isInReview else {
            throw StackProgress.failure(stack, current, try await stack.events(), retry: command)
        }
        if current.isInReview {
            Console.note("stack \(stack.name) is REVIEW_IN_PROGRESS: it has no resources yet, and is used")
        }
    }

    /// Follows an operation in progress, and deploys nothing afterwards: the operation may be a rollback.
    func follow(_ current: Stack) async throws -> ExitStatus {
        guard waits else {
            throw CommandError(
                description: "stack \(stack.name) is \(current.status): another operation is in progress",
                details: "  next: \(followCommand)")
        }
        Console.note("stack \(stack.name) is \(current.status): following the operation in progress")
        let progress = progress(of: current.id)
        let (state, events) = try await progress.follow()
        guard state.isDone else { throw progress.failure(state, events) }
        session.say("stack \(stack.name): \(state.status); this command changed nothing")
        for output in state.outputs { session.say("  \(output.name)  \(output.value)") }
        session.say("to \(rollsBack ? "roll back" : "deploy"), run it again: \(command)")
        session.show(text: nil, json: json(state, []))
        return .done
    }
}

/// Deployment of a new version.
extension Deploy {
    private func deployNewVersion() async throws -> ExitStatus {
        var findings = DeployFindings()
        var package: DeployPackage?
        do { package = try DeployPackage(files, parameters, &findings) } catch { findings.faults.append("\(error)") }
        var deploy = self
        deploy.stack.secrets = package.map { parameters.secrets($0.template) } ?? parameters.given.map(\.value)
        return try await deploy.deploy(package, findings)
    }

    private func deploy(_ package: DeployPackage?, _ findings: DeployFindings) async throws -> ExitStatus {
        var findings = findings
        let identity: ARN
        let current: Stack?
        let original: String?
        do {
            identity = try await self.identity()
            current = try await stack.stack()
            try await checkStatus(of: current)
            original = current?.canBeUpdated == true ? try await stack.template(stage: "Original") : nil
        } catch {
            // Without other faults, the error itself is thrown, because `Main` adds advice to it.
            guard !findings.faults.isEmpty, !(error is CancellationError) else { throw error }
            findings.faults.append("\(error)")
            return try findings.fail()
        }
        if let current, current.isChanging { return try await follow(current) }
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
            parameters: package.parameters.list(package.template, current))
        return try await apply(desired, to: current, original, package.template, history)
    }

    /// Creates the change set, prompts for confirmation, and executes the change set.
    ///
    /// - Parameter original: The template of `current`, which was read together with it; nil if there is none.
    func apply(
        _ desired: StackReference.Desired, to current: Stack?, _ original: String?, _ template: DeployTemplate,
        _ history: DeployHistory
    ) async throws -> ExitStatus {
        let now = WallClock.now()
        let changeSet = try await stack.makeChangeSet(
            desired, name: "concertctl-\(now.millisecondsSinceEpoch)", Waiter())
        guard let changes = changeSet.changes else {
            await stack.discard(changeSet: changeSet.id, withStack: desired.createsStack)
            report(current ?? Stack(id: changeSet.stackID, status: "empty"), nil)
            return .done
        }
        let last: String?
        do {
            show(changes, isNew: desired.isNew)
            let account = ARN(changeSet.stackID)?.account ?? "unknown"
            try confirmation.ask("deploy to account \(account), Region \(session.region), as stack \(stack.name)?")
            if !desired.isNew, let current, let original {
                let secrets = template.parameters.filter(\.isSecret).map(\.name)
                let replaced = secrets.filter { name in
                    desired.parameters.contains { $0.value != nil && $0.name.hasSameBytes(as: name) }
                }
                try await history.keep(
                    current, template: original, secrets: secrets, replacedSecrets: replaced, now: now)
            }
            last = try await stack.events(id: changeSet.stackID).last?.id
            // If its outcome is unknown, a change set that is being executed is not deleted: CloudFormation rejects that.
            try await stack.execute(changeSet, isNew: desired.isNew)
        } catch {
            await stack.discard(changeSet: changeSet.id, withStack: desired.createsStack)
            throw error
        }
        guard waits, !session.isDryRun else {
            session.say("stack \(stack.name): started; follow it with \(followCommand)")
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

    /// - Parameter changes: The changes that were made; nil if nothing had to be changed.
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
