import Clients
import JSON

/// Changes settings of a mapping: those that were asked for, and no other.
struct MappingUpdate: Command {
    static let description = CommandDescription(
        name: "mapping update", summary: "change settings of a mapping",
        discussion: """
            Sends what was asked for and nothing else. With --uuid, --function-name is the function that is to take the \
            records from now on; without, function and stream say which mapping is meant.

            The stream, the starting position and tags can only be set at creation.
            """,
        options: MappingTarget.options + MappingOptions.updatable + MappingChange.options,
        refused: MappingOptions.foreign.merging(MappingOptions.afterCreation) { $1 },
        examples: [
            "concertctl mapping update --maximum-retry-attempts 10 --bisect-batch-on-function-error",
            "concertctl mapping update --stream-name concert-data-stream --batch-size 500 --wait",
            "concertctl mapping update --uuid 14e0db71-5d35-4eb5-b481-8945cf9d10c2 "
                + "--function-name concert-data-processor:live",
            "concertctl mapping update --on-failure \"\"",
        ])

    private let arguments: Arguments
    private let settings: JSONObject

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        var settings = try WantedSettings(arguments, isCreation: false).given
        if arguments.has(MappingTarget.uuid), arguments.has(MappingTarget.functionName) {
            settings["FunctionName"] = .string(try MappingTarget.function(arguments).text)
        }
        guard !settings.members.isEmpty else {
            throw UsageError(description: "nothing is to be changed: give at least one setting")
        }
        self.settings = settings
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let target = try target(environment)
        let change = try MappingChange(arguments, environment: environment)
        guard !change.session.isDryRun else {
            let uuid = try await target.plan(change.session)
            try change.session.planned(.updateMapping(uuid, settings))
            change.session.finishDryRun(DryRun.changeNote)
            return .done
        }
        let updated = try await change.update(try await target.find(change.session), settings)
        let finished = try await change.finished(updated, "updated", isEnabled: settings["Enabled"]?.bool)
        change.tell(finished, "updated \(settings.names.joined(separator: ", ")), \(finished.stateText)")
        await MappingWarning.show(finished.json, change.session)
        return .done
    }

    /// Beside a UUID, the function is a setting, and the stream cannot be one.
    private func target(_ environment: [String: String]) throws(UsageError) -> MappingTarget {
        guard let uuid = arguments.string(MappingTarget.uuid) else {
            return try MappingTarget(arguments, environment: environment)
        }
        for option in [MappingSource.eventSourceARN, .streamName] where arguments.has(option) {
            throw UsageError(description: "\(option.name) beside --uuid: the stream \(MappingOptions.onlyAtCreation)")
        }
        return .uuid(try MappingTarget.checked(uuid))
    }
}
