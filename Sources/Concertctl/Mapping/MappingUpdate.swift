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

    private let settings: JSONObject
    private let target: MappingTarget
    private let change: MappingChange

    init(_ input: Input) throws {
        var settings = try RequestedSettings(input, isCreation: false).given
        if input.has(MappingTarget.uuid), input.has(MappingTarget.functionName) {
            settings["FunctionName"] = .string(try MappingTarget.function(input).text)
        }
        guard !settings.members.isEmpty else {
            throw UsageError(description: "nothing is to be changed: give at least one setting")
        }
        self.settings = settings
        target = try Self.target(input)
        change = try MappingChange(input)
    }

    func run() async throws -> ExitStatus {
        let updated = try await change.update(try await target.find(change.session), settings)
        let finished = try await change.finished(updated, "was updated", isEnabled: settings["Enabled"]?.bool)
        change.show(finished, "updated \(settings.names.joined(separator: ", ")), \(finished.stateText)")
        await MappingWarning.show(finished.json, change.session)
        return .done
    }

    /// Beside a UUID, the function is a setting, and the stream cannot be one.
    private static func target(_ input: Input) throws(UsageError) -> MappingTarget {
        guard let uuid = try input[MappingTarget.uuid] else { return try MappingTarget(input) }
        if let option = input.first(of: [MappingSource.eventSourceARN, SharedOption.streamName]) {
            throw UsageError(description: "\(option.name) beside --uuid: the stream \(MappingOptions.onlyAtCreation)")
        }
        return .uuid(try MappingTarget.checked(uuid))
    }
}
