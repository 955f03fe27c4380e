import Clients
import JSON

/// Deletes a stream with all that is on it.
struct StreamDelete: Command {
    private static let enforce = OptionDescription(
        "--enforce-consumer-deletion", .flag, "delete its registered consumers, too")
    static let description = CommandDescription(
        name: "stream delete", summary: "delete the stream and every record on it",
        discussion: """
            Asks before; without a terminal to ask on, --yes is needed. The event source mappings that read the stream \
            and the IAM policy that stream setup made stay.
            """,
        options: [enforce, .yes] + StreamChange.options,
        examples: [
            "concertctl stream delete --stream-name concert-data-stream",
            "concertctl stream delete --stream-name concert-data-stream --enforce-consumer-deletion --yes",
        ])

    private let arguments: Arguments

    init(_ arguments: Arguments) throws { self.arguments = arguments }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let change = try StreamChange(arguments, environment: environment)
        let request = change.stream.request(
            "DeleteStream", ("EnforceConsumerDeletion", arguments.flag(Self.enforce) ? true : nil))
        guard !change.session.isDryRun else {
            try change.session.planned(request)
            change.session.finishDryRun(DryRun.changeNote)
            return .done
        }
        guard arguments.flag(.yes) || Console.canAsk else {
            throw CommandError(
                description: "this deletes stream \(change.stream.name) with all its records, and there is no terminal "
                    + "to ask on; give --yes if that is wanted")
        }
        let summary = try await change.stream.summary(change.session)
        try check(summary)
        guard arguments.flag(.yes) || Console.confirms("\(question(summary))") else {
            throw CommandError(description: "stream \(summary.name) stays")
        }
        try await delete(request, change)
        change.say("stream \(summary.name): " + (change.waiter == nil ? "is being deleted" : "deleted"))
        if change.output == .json {
            Output.print(.json(["StreamName": .string(summary.name), "StreamARN": .string(summary.arn)]))
        }
        return .done
    }

    private func check(_ summary: StreamSummary) throws(CommandError) {
        guard let consumers = summary.consumers, consumers > 0, !arguments.flag(Self.enforce) else { return }
        throw CommandError(
            description: "stream \(summary.name) has \(consumers == 1 ? "a consumer" : "\(consumers) consumers"); "
                + "--enforce-consumer-deletion deletes them, too, concertctl stream consumer list shows them")
    }

    private func question(_ summary: StreamSummary) -> String {
        "delete stream \(summary.name) (\(summary.arn)) with its \(summary.openShardsText) and all records?"
    }

    /// Also when the answer is lost, or somebody else deletes it at the same time.
    private func delete(_ request: AWSRequest, _ change: StreamChange) async throws {
        do {
            _ = try await change.session.read(request)
        } catch let error as AWSError where error.code == "ResourceInUseException" && change.waiter != nil {
            // It is being changed, and can be deleted afterwards; or it is being deleted already.
            guard let status = try await status(change) else { return }
            if status != "DELETING" {
                _ = try await change.settled()
                _ = try await change.session.read(request)
            }
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return
        } catch let error as AWSError where !error.isDefinite {
            guard let status = try await status(change) else { return }
            guard status == "DELETING" else { throw error }
        }
        try await change.waiter?.wait(for: "stream \(change.stream.name) to be gone") {
            try await status(change).map { .pending($0) } ?? .reached(())
        }
    }

    /// Nil when there is no such stream any more.
    private func status(_ change: StreamChange) async throws -> String? {
        do {
            return try await change.stream.summary(change.session).status
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return nil
        }
    }
}
