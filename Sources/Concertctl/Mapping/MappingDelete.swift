import Clients
import JSON

/// The command that deletes a mapping, but neither the stream nor the function.
struct MappingDelete: Command {
    static let description = CommandDescription(
        name: "mapping delete", summary: "delete a mapping, but neither the stream nor the function",
        discussion: """
            Prompts for confirmation; without a terminal, --yes is required. The mapping's position in the stream is \
            lost: a new mapping begins at its starting position. To stop temporarily, use concertctl mapping disable.
            """,
        options: MappingTarget.options + [SharedOption.yes] + MappingChange.options,
        examples: [
            "concertctl mapping delete --stream-name concert-data-stream",
            "concertctl mapping delete --uuid 14e0db71-5d35-4eb5-b481-8945cf9d10c2 --yes --wait",
        ])

    private let target: MappingTarget
    private let confirmation: Confirmation
    private let change: MappingChange

    init(_ input: Input) throws {
        target = try MappingTarget(input)
        confirmation = try Confirmation(input)
        change = try MappingChange(input)
    }

    func run() async throws -> ExitStatus {
        try confirmation.checkTerminal()
        let mapping = try await target.find(change.session)
        guard !mapping.isDeleting else {
            if change.waits { try await change.waitUntilGone(mapping) }
            change.show(mapping, change.waits ? "deleted" : "already being deleted")
            return .done
        }
        try confirmation.ask("delete \(mapping.line), \(mapping.stateText)?")
        let deleted = try await delete(mapping)
        if change.waits { try await change.waitUntilGone(mapping) }
        change.show(deleted ?? mapping, change.waits || deleted == nil ? "deleted" : "is being deleted")
        return .done
    }

    /// Deletes a mapping, also if a response is lost or it is deleted concurrently.
    ///
    /// - Returns: The mapping, or nil if it no longer exists.
    private func delete(_ mapping: Mapping) async throws -> Mapping? {
        let request = AWSRequest.deleteMapping(mapping.uuid)
        return try await change.waiter.wait(for: "mapping \(mapping.uuid) to be free for deletion") {
            do {
                return .reached(try Mapping(try await change.session.send(request).json(), answered: request.operation))
            } catch let error as AWSError where error.code == "ResourceNotFoundException" {
                return .reached(nil)
            } catch let error as AWSError where error.code == "ResourceInUseException" || !error.isDefinite {
                guard let current = try await change.session.mapping(mapping.uuid) else { return .reached(nil) }
                if current.isDeleting { return .reached(current) }
                guard error.code == "ResourceInUseException" else { throw error }
                return .pending(current.stateText)
            }
        }
    }
}
