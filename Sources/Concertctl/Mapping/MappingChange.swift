import Clients
import JSON

/// Changes a mapping while Lambda, or somebody else, may still be busy with it, and waits where that is wanted.
struct MappingChange: Sendable {
    static let options: [any CommandOption] =
        [MappingOptions.wait, Waiter.timeout, SharedOption.dryRun] + MappingOptions.calling

    let session: AWSSession
    let waiter: Waiter
    /// Whether the end of the change is waited for; a dry run has nothing to wait for.
    let waits: Bool

    /// - Throws: ``UsageError``; nothing is called yet.
    init(_ input: Input) throws {
        waiter = try Waiter(input)
        waits = try input[MappingOptions.wait] && !input.isDryRun
        session = try AWSSession(input)
    }

    /// Shows the outcome for a mapping, as the last act of a command.
    func show(_ mapping: Mapping, _ verdict: String) {
        session.say("\(mapping.line): \(verdict)")
        session.show(text: nil, json: mapping.json)
    }

    /// Updates it, as soon as nothing else changes it.
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

    /// The mapping after a change: at once, or with `--wait` at the end of it.
    ///
    /// - Parameters:
    ///   - done: What was done to it, which is reported also when the waiting fails or is interrupted.
    ///   - wanted: Whether it is to be enabled; nil where either will do.
    func finished(_ mapping: Mapping, _ done: String?, isEnabled wanted: Bool? = nil) async throws -> Mapping {
        guard waits else { return mapping }
        do {
            return try await settled(mapping, isEnabled: wanted)
        } catch {
            if let done { Console.note("\(mapping.line): \(done)") }
            throw error
        }
    }

    /// The mapping, once nothing changes it any more.
    ///
    /// - Throws: ``CommandError`` when it ends in another state than wanted.
    func settled(_ mapping: Mapping, isEnabled wanted: Bool? = nil) async throws -> Mapping {
        let goal = wanted.map { $0 ? "Enabled" : "Disabled" }
        // A read may be older than the change; after some, it is not.
        var oldReads = 5
        return try await waiter.wait(for: "mapping \(mapping.uuid) to be \(goal ?? "Enabled or Disabled")") {
            guard let current = try await session.mapping(mapping.uuid) else {
                oldReads -= 1
                guard oldReads > 0 else { throw CommandError(description: "mapping \(mapping.uuid) is gone") }
                return .pending("unknown to Lambda")
            }
            if current.isResting, goal == nil || current.state == goal { return .reached(current) }
            if current.isDeleting { throw Self.deleting(current) }
            if current.isPassing { return .pending(current.stateText) }
            oldReads -= 1
            guard oldReads > 0 else {
                throw CommandError(
                    description: "mapping \(current.uuid) is \(current.stateText), and should be "
                        + "\(goal ?? "Enabled or Disabled"); concertctl mapping show --uuid \(current.uuid) says more")
            }
            return .pending(current.stateText)
        }
    }

    func waitUntilGone(_ mapping: Mapping) async throws {
        try await waiter.wait(for: "mapping \(mapping.uuid) to be gone") {
            try await session.mapping(mapping.uuid).map { .pending($0.stateText) } ?? .reached(())
        }
    }

    private func present(_ mapping: Mapping) async throws -> Mapping {
        guard let current = try await session.mapping(mapping.uuid) else {
            throw CommandError(description: "mapping \(mapping.uuid) is gone: somebody deleted it meanwhile")
        }
        return current
    }

    static func deleting(_ mapping: Mapping) -> CommandError {
        CommandError(
            description: "\(mapping.line) is being deleted; when it is gone, concertctl mapping create makes a new one")
    }
}

extension Mapping {
    /// Whether it is on its way from one state to another.
    fileprivate var isPassing: Bool { ["Creating", "Enabling", "Disabling", "Updating"].contains(state) }
}
