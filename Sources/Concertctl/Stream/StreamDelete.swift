import Clients
import JSON

/// Deletes a stream with all that is on it.
struct StreamDelete: Command {
    private static let enforce = Option<Bool>(
        "--enforce-consumer-deletion", "delete its registered consumers, too")
    static let description = CommandDescription(
        name: "stream delete", summary: "delete the stream and every record on it",
        discussion: """
            Asks before; without a terminal to ask on, --yes is needed. The event source mappings that read the stream \
            and the IAM policy that stream setup made stay.
            """,
        options: [enforce, SharedOption.yes] + StreamChange.options,
        examples: [
            "concertctl stream delete --stream-name concert-data-stream",
            "concertctl stream delete --stream-name concert-data-stream --enforce-consumer-deletion --yes",
        ])

    private let enforces: Bool
    private let confirmation: Confirmation
    private let change: StreamChange

    init(_ input: Input) throws {
        enforces = try input[Self.enforce]
        confirmation = try Confirmation(input)
        change = try StreamChange(input)
    }

    func run() async throws -> ExitStatus {
        try confirmation.checkTerminal()
        let summary = try await change.stream.summary(change.session)
        try check(summary)
        try confirmation.ask("\(question(summary))")
        try await delete(
            change.stream.request("DeleteStream", ("EnforceConsumerDeletion", enforces ? true : nil)))
        change.session.say("stream \(summary.name): \(change.waiter == nil ? "is being deleted" : "deleted")")
        change.session.show(
            text: nil, json: ["StreamName": .string(summary.name), "StreamARN": .string(summary.arn)])
        return .done
    }

    private func check(_ summary: StreamSummary) throws(CommandError) {
        guard let consumers = summary.consumers, consumers > 0, !enforces else { return }
        throw CommandError(
            description: "stream \(summary.name) has \(consumers == 1 ? "a consumer" : "\(consumers) consumers"); "
                + "--enforce-consumer-deletion deletes them, too, concertctl stream consumer list shows them")
    }

    private func question(_ summary: StreamSummary) -> String {
        "delete stream \(summary.name) (\(summary.arn)) with its \(summary.openShardsText) and all records?"
    }

    /// Also when the answer is lost, or somebody else deletes it at the same time.
    private func delete(_ request: AWSRequest) async throws {
        do {
            _ = try await change.session.send(request).json()
        } catch let error as AWSError where error.code == "ResourceInUseException" && change.waiter != nil {
            // It is being changed, and can be deleted afterwards; or it is being deleted already.
            guard let status = try await status() else { return }
            if status != "DELETING" {
                _ = try await change.settled()
                _ = try await change.session.send(request).json()
            }
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return
        } catch let error as AWSError where !error.isDefinite {
            guard let status = try await status() else { return }
            guard status == "DELETING" else { throw error }
        }
        try await change.waiter?.wait(for: "stream \(change.stream.name) to be gone") {
            try await status().map { .pending($0) } ?? .reached(())
        }
    }

    /// Nil when there is no such stream any more.
    private func status() async throws -> String? {
        do {
            return try await change.stream.summary(change.session).status
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return nil
        }
    }
}
