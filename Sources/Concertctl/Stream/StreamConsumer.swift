import Clients
import JSON
import Processor

/// Registers, shows and deregisters consumers with enhanced fan-out.
struct StreamConsumer: Command {
    private enum Verb: String, CaseIterable { case register, list, describe, deregister }

    private static let consumerName = OptionDescription("--consumer-name", .value("NAME"), "the consumer")
    static let description = CommandDescription(
        name: "stream consumer", summary: "register, list, describe and deregister fan-out consumers",
        discussion: """
            A registered consumer reads each shard with 2 MB a second of its own, for extra cost. Its ARN, which an \
            event source mapping can name in place of the stream's, ends with the time of its registration: one that \
            is deregistered and registered again has another. A stream can have 20, \
            or 50 in an account with on-demand Advantage. While others are being registered or deregistered at the \
            limit, register waits.
            """,
        usage: [
            "register --consumer-name NAME [options]", "list [options]", "describe --consumer-name NAME [options]",
            "deregister --consumer-name NAME [options]",
        ],
        options: [consumerName] + StreamChange.options, operands: 0...1,
        examples: [
            "concertctl stream consumer register --consumer-name concert-data-processor",
            "concertctl stream consumer list --output json | jq -r '.[].ConsumerARN'",
            "concertctl stream consumer deregister --consumer-name concert-data-processor",
        ])

    private let arguments: Arguments
    private let verb: Verb
    /// Empty for `list`.
    private let name: String

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        let verbs = Verb.allCases.map(\.rawValue).joined(separator: ", ")
        guard let word = arguments.operands.first else {
            throw UsageError(description: "what to do is missing; expected one of \(verbs)")
        }
        guard let verb = Verb(rawValue: word) else {
            throw UsageError(description: "\"\(word)\" is not what a consumer command does; expected one of \(verbs)")
        }
        self.verb = verb
        name = arguments.string(Self.consumerName) ?? ""
        guard verb == .list || StreamReference.isName(name) else {
            throw UsageError(
                description: arguments.has(Self.consumerName)
                    ? "\"\(name)\" is no consumer's name; expected 1 to 128 of letters, digits, \"_\", \".\" and \"-\""
                    : "\(Self.consumerName.name) is missing")
        }
        if verb == .list, arguments.has(Self.consumerName) {
            throw UsageError(description: "\(Self.consumerName.name) is not for list")
        }
        if verb == .list || verb == .describe, arguments.flag(.dryRun) {
            throw UsageError(description: "--dry-run is for what changes something, which \(verb.rawValue) does not")
        }
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let change = try StreamChange(arguments, environment: environment)
        guard !change.session.isDryRun else { return try plan(change) }
        switch verb {
        case .list: try await list(change)
        case .describe: show(try await existing(try await change.stream.summary(change.session), change), change)
        case .register: try await register(change)
        case .deregister: try await deregister(change)
        }
        return .done
    }

    private func plan(_ change: StreamChange) throws -> ExitStatus {
        let session = change.session
        let stream = try StreamSummary.placeholder(of: change.stream, in: session.client.configuration.region)
        try session.planned(change.stream.request("DescribeStreamSummary"))
        try session.planned(stream.consumerRequest("DescribeStreamConsumer", name: name))
        if verb == .register {
            try session.planned(stream.consumerRequest("RegisterStreamConsumer", name: name))
        } else {
            try session.planned(Self.deregistration(of: "\(stream.arn)/consumer/\(name):{TIME}"))
        }
        session.finishDryRun(verb == .register ? DryRun.note : DryRun.changeNote)
        return .done
    }

    private static func deregistration(of arn: String) -> AWSRequest {
        .kinesis("DeregisterStreamConsumer", ["ConsumerARN": .string(arn)])
    }

    private func show(_ consumer: StreamConsumerSummary, _ change: StreamChange) {
        guard change.output == .text else { return Output.print(.json(consumer.json)) }
        let rows = [
            ("consumer", consumer.name), ("ARN", consumer.arn), ("status", consumer.status),
            ("created", consumer.json["ConsumerCreationTimestamp"]?.double.map(Moment.text) ?? "unknown"),
        ]
        Output.print(.lines(Help.table(rows.map { ($0, MessageText.escaped($1)) })))
    }

    private func list(_ change: StreamChange) async throws {
        let consumers = try await change.stream.summary(change.session).consumers(change.session)
        guard change.output == .text else { return Output.print(.json(.array(consumers))) }
        guard !consumers.isEmpty else {
            return Output.print("stream \(change.stream.name) has no registered consumers")
        }
        var table = TextTable(["CONSUMER", "STATUS", "ARN"])
        for consumer in consumers.map(StreamConsumerSummary.init) {
            table.add([consumer.name, consumer.status, consumer.arn])
        }
        Output.print(.lines(table.text))
    }

    private func existing(_ stream: StreamSummary, _ change: StreamChange) async throws -> StreamConsumerSummary {
        guard let consumer = try await stream.consumer(name, change.session) else {
            throw CommandError(
                description: "stream \(stream.name) has no consumer \(name); "
                    + "concertctl stream consumer list shows those that it has")
        }
        return consumer
    }
}

/// Registering.
extension StreamConsumer {
    private func register(_ change: StreamChange) async throws {
        let stream = try await change.settled()
        var present = try await stream.consumer(name, change.session)
        if present?.status == "DELETING" {
            try await waitUntilGone(stream, change)
            present = nil
        }
        let isNew = present == nil
        if isNew { try await makeRegistration(stream, change) }
        let consumer = try await waitUntilActive(stream, change)
        change.say("consumer \(name): " + (isNew ? "registered" : "already so"))
        show(consumer, change)
    }

    /// A lost answer and a race end with the consumer there, which is what is wanted.
    private func makeRegistration(_ stream: StreamSummary, _ change: StreamChange) async throws {
        let request = stream.consumerRequest("RegisterStreamConsumer", name: name)
        do {
            try await registerWithinLimits(request, stream, change)
        } catch let error as AWSError where error.code == "ResourceInUseException" || !error.isDefinite {
            guard try await stream.consumer(name, change.session) == nil else { return }
            guard error.code == "ResourceInUseException", change.waiter != nil else { throw error }
            _ = try await change.settled()
            _ = try await change.session.read(request)
        }
    }

    /// AWS limits how many consumers a stream has and how many are being registered; both end by themselves while
    /// some are on their way.
    private func registerWithinLimits(
        _ request: AWSRequest, _ stream: StreamSummary, _ change: StreamChange
    ) async throws {
        guard let waiter = change.waiter else { return _ = try await change.session.read(request) }
        try await waiter.wait(for: "consumer \(name) to be registered") {
            do {
                _ = try await change.session.read(request)
                return .reached(())
            } catch let error as AWSError where error.code == "LimitExceededException" {
                let others = try await stream.consumers(change.session).map(StreamConsumerSummary.init)
                let passing = others.count { $0.status == "CREATING" || $0.status == "DELETING" }
                guard passing > 0 else { throw error }
                return .pending("over a limit, with \(passing) consumers CREATING or DELETING")
            }
        }
    }

    private func waitUntilActive(_ stream: StreamSummary, _ change: StreamChange) async throws -> StreamConsumerSummary
    {
        guard let waiter = change.waiter else { return try await existing(stream, change) }
        return try await waiter.wait(for: "consumer \(name) to become ACTIVE") {
            // One that has just been registered may not be seen everywhere yet.
            guard let consumer = try await stream.consumer(name, change.session) else { return .pending("unknown") }
            return consumer.status == "ACTIVE" ? .reached(consumer) : .pending(consumer.status)
        }
    }

    private func deregister(_ change: StreamChange) async throws {
        let stream = try await change.stream.summary(change.session)
        let consumer = try await existing(stream, change)
        if consumer.status == "CREATING" { _ = try await waitUntilActive(stream, change) }
        if consumer.status != "DELETING" {
            do {
                _ = try await change.call(Self.deregistration(of: consumer.arn))
            } catch let error as AWSError where error.code == "ResourceNotFoundException" {
                // Gone by an answer that was lost, or by somebody else.
            }
        }
        try await waitUntilGone(stream, change)
        change.say("consumer \(name): " + (change.waiter == nil ? "is being deregistered" : "deregistered"))
        if change.output == .json { Output.print(.json(consumer.json)) }
    }

    private func waitUntilGone(_ stream: StreamSummary, _ change: StreamChange) async throws {
        try await change.waiter?.wait(for: "consumer \(name) to be gone") {
            try await stream.consumer(name, change.session).map { .pending($0.status) } ?? .reached(())
        }
    }
}
