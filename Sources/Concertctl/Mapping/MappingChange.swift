import Clients
import JSON

/// A change of a mapping that may be in use by another change, with an optional wait for its completion.
struct MappingChange: Sendable {
    static let options: [any CommandOption] =
        [MappingOptions.wait, Waiter.timeout, SharedOption.dryRun] + MappingOptions.calling

    let session: AWSSession
    let waiter: Waiter
    /// Whether to wait until the change is complete, which a dry run does not.
    let waits: Bool

    /// Reads the options without calling AWS.
    init(_ input: Input) throws {
        waiter = try Waiter(input)
        waits = try input[MappingOptions.wait] && !input.isDryRun
        session = try AWSSession(input)
    }

    /// Prints the result of a command.
    func show(_ mapping: Mapping, _ verdict: String) {
        session.say("\(mapping.line): \(verdict)")
        session.show(text: nil, json: mapping.json)
    }

    /// Updates a mapping as soon as no other change is in progress.
    func update(_ mapping: Mapping, _ settings: JSONObject) async throws -> Mapping {
        let request = AWSRequest.updateMapping(mapping.uuid, settings)
        return try await waiter.wait(for: "mapping \(mapping.uuid) to be free for an update") {
            do {
                return .reached(try Mapping(try await session.send(request).json(), answered: request.operation))
            } catch let error as AWSError where waits && MappingDelay(error) != nil {
                return .pending(MappingDelay(error)?.text ?? "")
            } catch let error as AWSError where error.code == "ResourceInUseException" {
                let current = try await present(mapping)
                guard !current.isDeleting else { throw Self.deleting(current) }
                return .pending(current.stateText)
            }
        }
    }

    /// Returns the mapping after a change; with `--wait`, when the change is complete.
    ///
    /// - Parameters:
    ///   - done: The change, which is reported even if the wait fails or is interrupted.
    ///   - wanted: Whether the mapping must become enabled or disabled; nil for either.
    func finished(_ mapping: Mapping, _ done: String?, isEnabled wanted: Bool? = nil) async throws -> Mapping {
        guard waits else { return mapping }
        do {
            return try await settled(mapping, isEnabled: wanted)
        } catch {
            if let done { Console.note("\(mapping.line): \(done)") }
            throw error
        }
    }

    /// Waits until the mapping is enabled or disabled, and returns it.
    ///
    /// - Throws: ``CommandError`` if it reaches another state than the requested one.
    func settled(_ mapping: Mapping, isEnabled wanted: Bool? = nil) async throws -> Mapping {
        let goal = wanted.map { $0 ? "Enabled" : "Disabled" }
        // The first reads may be older than the change.
        var oldReads = 5
        return try await waiter.wait(for: "mapping \(mapping.uuid) to be \(goal ?? "Enabled or Disabled")") {
            guard let current = try await session.mapping(mapping.uuid) else {
                oldReads -= 1
                guard oldReads > 0 else { throw CommandError(description: "mapping \(mapping.uuid) no longer exists") }
                return .pending("unknown to Lambda")
            }
            if current.isResting, goal == nil || current.state == goal { return .reached(current) }
            if current.isDeleting { throw Self.deleting(current) }
            if current.isPassing { return .pending(current.stateText) }
            oldReads -= 1
            guard oldReads > 0 else {
                throw CommandError(
                    description: "mapping \(current.uuid) is \(current.stateText); expected "
                        + "\(goal ?? "Enabled or Disabled"); see concertctl mapping show --uuid \(current.uuid)")
            }
            return .pending(current.stateText)
        }
    }

    func waitUntilGone(_ mapping: Mapping) async throws {
        try await waiter.wait(for: "mapping \(mapping.uuid) to be deleted") {
            try await session.mapping(mapping.uuid).map { .pending($0.stateText) } ?? .reached(())
        }
    }

    private func present(_ mapping: Mapping) async throws -> Mapping {
        guard let current = try await session.mapping(mapping.uuid) else {
            throw CommandError(description: "mapping \(mapping.uuid) no longer exists: it was deleted concurrently")
        }
        return current
    }

    static func deleting(_ mapping: Mapping) -> CommandError {
        CommandError(
            description: "\(mapping.line) is being deleted; afterwards, concertctl mapping create creates a new one")
    }
}

extension Mapping {
    /// Whether a state transition is in progress.
    fileprivate var isPassing: Bool { ["Creating", "Enabling", "Disabling", "Updating"].contains(state) }
}
