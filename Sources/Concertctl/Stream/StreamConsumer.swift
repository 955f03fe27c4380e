import Basics
import Clients
import JSON
import Processor

/// The commands that register, list, describe, and deregister enhanced fan-out consumers.
struct StreamConsumer: Command {
    private enum Verb: String, CaseIterable { case register, list, describe, deregister }

    private static let consumerName = Option<String?>("--consumer-name", value: "NAME", "name of the consumer")
    static let description = CommandDescription(
        name: "stream consumer", summary: "register, list, describe, or deregister enhanced fan-out consumers",
        discussion: """
            A registered consumer reads each shard with its own throughput of 2 MB per second, at extra cost. An event \
            source mapping can use the consumer's ARN instead of the stream's. The ARN ends with the registration time: \
            it changes when a consumer is deregistered and registered again. A stream can have 20 consumers, or 50 in an \
            account with on-demand Advantage. At the limit, register waits while other consumers are being registered or \
            deregistered.
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

    private let verb: Verb
    /// The name of the consumer; empty for `list`.
    private let name: String
    private let change: StreamChange
    private var session: AWSSession { change.session }

    init(_ input: Input) throws {
        let verbs = Verb.allCases.map(\.rawValue).joined(separator: ", ")
        guard let word = input.operands.first else {
            throw UsageError(description: "missing consumer command; expected one of \(verbs)")
        }
        guard let verb = Verb(rawValue: word) else {
            throw UsageError(description: "unknown consumer command \"\(word)\"; expected one of \(verbs)")
        }
        self.verb = verb
        let given = try input[Self.consumerName]
        name = given ?? ""
        guard verb == .list || StreamReference.isName(name) else {
            throw UsageError(
                description: given == nil
                    ? "\(Self.consumerName.name) is missing; expected a consumer name"
                    : "invalid consumer name \"\(name)\"; expected 1 to 128 letters, digits, \"_\", \".\" and \"-\"")
        }
        if verb == .list, given != nil {
            throw UsageError(description: "\(Self.consumerName.name) cannot be used with list")
        }
        if verb == .list || verb == .describe, input.isDryRun {
            throw UsageError(description: "--dry-run cannot be used with \(verb.rawValue), which changes nothing")
        }
        change = try StreamChange(input)
    }

    func run() async throws -> ExitStatus {
        switch verb {
        case .list: try await list()
        case .describe: show(try await existing(try await change.stream.summary(session)))
        case .register: try await register()
        case .deregister: try await deregister()
        }
        return .done
    }

    private static func deregistration(of arn: String) -> AWSRequest {
        .kinesis("DeregisterStreamConsumer", ["ConsumerARN": .string(arn)])
    }

    private func show(_ consumer: StreamConsumerSummary) {
        let rows = [
            ("consumer", consumer.name), ("ARN", consumer.arn), ("status", consumer.status),
            ("created", consumer.json["ConsumerCreationTimestamp"]?.double.map(TimestampText.text) ?? "unknown"),
        ]
        session.show(
            text: .lines(Help.table(rows.map { ($0, MessageText.escaped($1)) })), json: consumer.json)
    }

    private func list() async throws {
        let consumers = try await change.stream.summary(session).consumers(session)
        var table = TextTable(["CONSUMER", "STATUS", "ARN"])
        for consumer in consumers.map(StreamConsumerSummary.init) {
            table.add([consumer.name, consumer.status, consumer.arn])
        }
        session.show(
            text: consumers.isEmpty
                ? "stream \(change.stream.name) has no registered consumers" : .lines(table.text),
            json: .array(consumers))
    }

    private func existing(_ stream: StreamSummary) async throws -> StreamConsumerSummary {
        guard let consumer = try await stream.consumer(name, session, planned: verb == .deregister) else {
            throw CommandError(
                description: "stream \(stream.name) has no consumer \(name); "
                    + "list its consumers with concertctl stream consumer list")
        }
        return consumer
    }
}

/// Registration.
extension StreamConsumer {
    private func register() async throws {
        let stream = try await change.settled()
        var present = try await stream.consumer(name, session)
        if present?.status == "DELETING" {
            try await waitUntilGone(stream)
            present = nil
        }
        let isNew = present == nil
        if isNew { present = try await makeRegistration(stream) }
        let consumer = try await waitUntilActive(stream, known: present)
        session.say("consumer \(name): \(isNew ? "registered" : "already registered")")
        show(consumer)
    }

    /// Registers the consumer; succeeds if a lost response or another process has registered it.
    private func makeRegistration(_ stream: StreamSummary) async throws -> StreamConsumerSummary {
        let request = stream.consumerRequest("RegisterStreamConsumer", name: name)
            .standingIn(["Consumer": stream.placeholder(ofConsumer: name)])
        do {
            return try await registerWithinLimits(request, stream)
        } catch let error as AWSError where error.code == "ResourceInUseException" || !error.isDefinite {
            if let consumer = try await stream.consumer(name, session) { return consumer }
            guard error.code == "ResourceInUseException", change.waiter != nil else { throw error }
            _ = try await change.settled()
            return Self.registered(try await session.send(request).json())
        }
    }

    private static func registered(_ answer: JSONValue) -> StreamConsumerSummary {
        StreamConsumerSummary(answer["Consumer"] ?? [:])
    }

    /// Retries while other consumers of the stream are being registered or deregistered, because AWS limits the number of
    /// consumers and of concurrent registrations.
    private func registerWithinLimits(
        _ request: AWSRequest, _ stream: StreamSummary
    ) async throws -> StreamConsumerSummary {
        guard let waiter = change.waiter else { return Self.registered(try await session.send(request).json()) }
        return try await waiter.wait(for: "consumer \(name) to be registered") {
            do {
                return .reached(Self.registered(try await session.send(request).json()))
            } catch let error as AWSError where error.code == "LimitExceededException" {
                let others = try await stream.consumers(session).map(StreamConsumerSummary.init)
                let passing = others.count { $0.status == "CREATING" || $0.status == "DELETING" }
                guard passing > 0 else { throw error }
                return .pending("over a limit, with \(passing) consumers CREATING or DELETING")
            }
        }
    }

    /// Returns the consumer once it is `ACTIVE`.
    ///
    /// - Parameter known: The consumer to return with `--no-wait`.
    private func waitUntilActive(
        _ stream: StreamSummary, known: StreamConsumerSummary?
    ) async throws -> StreamConsumerSummary {
        guard let waiter = change.waiter else {
            if let known { return known }
            return try await existing(stream)
        }
        return try await waiter.wait(for: "consumer \(name) to become ACTIVE") {
            // A new consumer is not visible everywhere at once.
            guard let consumer = try await stream.consumer(name, session) else { return .pending("unknown") }
            return consumer.status == "ACTIVE" ? .reached(consumer) : .pending(consumer.status)
        }
    }

    private func deregister() async throws {
        let stream = try await change.stream.summary(session)
        let consumer = try await existing(stream)
        if consumer.status == "CREATING" { _ = try await waitUntilActive(stream, known: consumer) }
        if consumer.status != "DELETING" {
            do {
                _ = try await change.call(Self.deregistration(of: consumer.arn))
            } catch let error as AWSError where error.code == "ResourceNotFoundException" {
                // Already deregistered, by a call whose response was lost or by another process.
            }
        }
        try await waitUntilGone(stream)
        session.say("consumer \(name): \(change.waiter == nil ? "is being deregistered" : "deregistered")")
        session.show(text: nil, json: consumer.json)
    }

    private func waitUntilGone(_ stream: StreamSummary) async throws {
        try await change.waiter?.wait(for: "consumer \(name) to be deregistered") {
            try await stream.consumer(name, session).map { .pending($0.status) } ?? .reached(())
        }
    }
}
