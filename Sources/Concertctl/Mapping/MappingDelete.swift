import Clients
import JSON

/// Deletes a mapping; stream and function stay.
struct MappingDelete: Command {
    static let description = CommandDescription(
        name: "mapping delete", summary: "delete a mapping; stream and function stay",
        discussion: """
            Asks before; without a terminal to ask on, --yes is needed. The mapping's place in the stream is lost: a \
            new one begins at its starting position. To stop for a while, use concertctl mapping disable.
            """,
        options: MappingTarget.options + [.yes] + MappingChange.options,
        examples: [
            "concertctl mapping delete --stream-name concert-data-stream",
            "concertctl mapping delete --uuid 14e0db71-5d35-4eb5-b481-8945cf9d10c2 --yes --wait",
        ])

    private let arguments: Arguments

    init(_ arguments: Arguments) throws { self.arguments = arguments }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let target = try MappingTarget(arguments, environment: environment)
        let change = try MappingChange(arguments, environment: environment)
        guard !change.session.isDryRun else {
            let uuid = try await target.plan(change.session)
            try change.session.planned(.deleteMapping(uuid))
            change.session.finishDryRun(DryRun.changeNote)
            return .done
        }
        guard arguments.flag(.yes) || Console.canAsk else {
            throw CommandError(
                description: "this deletes a mapping and its place in the stream, and there is no terminal to ask on; "
                    + "give --yes if that is wanted")
        }
        let mapping = try await target.find(change.session)
        guard !mapping.isDeleting else {
            if change.waits { try await change.waitUntilGone(mapping) }
            change.tell(mapping, change.waits ? "deleted" : "already being deleted")
            return .done
        }
        guard arguments.flag(.yes) || Console.confirms("delete \(mapping.line), \(mapping.stateText)?") else {
            throw CommandError(description: "\(mapping.line) stays")
        }
        let deleted = try await delete(mapping, change)
        if change.waits { try await change.waitUntilGone(mapping) }
        change.tell(deleted ?? mapping, change.waits || deleted == nil ? "deleted" : "is being deleted")
        return .done
    }

    /// Also when the answer is lost, or somebody else deletes it at the same time.
    ///
    /// - Returns: Nil when it is gone already.
    private func delete(_ mapping: Mapping, _ change: MappingChange) async throws -> Mapping? {
        let request = AWSRequest.deleteMapping(mapping.uuid)
        return try await change.waiter.wait(for: "mapping \(mapping.uuid) to be free for its deletion") {
            do {
                return .reached(try Mapping(try await change.session.read(request), answered: request.operation))
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
