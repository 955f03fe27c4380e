import Basics
import Clients
import JSON

/// The command that deletes a stream and its records.
struct StreamDelete: Command {
    private static let enforce = Option<Bool>(
        "--enforce-consumer-deletion", "also delete its registered consumers")
    static let description = CommandDescription(
        name: "stream delete", summary: "delete the stream and all of its records",
        discussion: """
            Prompts for confirmation; without a terminal, --yes is required. The event source mappings that read the stream \
            and the IAM policy that stream setup created are not deleted.
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
                + "pass --enforce-consumer-deletion to delete them, or list them with concertctl stream consumer list")
    }

    private func question(_ summary: StreamSummary) -> String {
        "delete stream \(summary.name) (\(summary.arn)) with its \(summary.openShardsText) and all records?"
    }

    /// Deletes the stream; succeeds if a lost response or another process has deleted it.
    private func delete(_ request: AWSRequest) async throws {
        do {
            _ = try await change.session.send(request).json()
        } catch let error as AWSError where error.code == "ResourceInUseException" && change.waiter != nil {
            // Either another change is in progress and deletion can follow, or the stream is already being deleted.
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
        try await change.waiter?.wait(for: "stream \(change.stream.name) to be deleted") {
            try await status().map { .pending($0) } ?? .reached(())
        }
    }

    /// Returns the stream's status, or nil if the stream no longer exists.
    private func status() async throws -> String? {
        do {
            return try await change.stream.summary(change.session).status
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return nil
        }
    }
}
