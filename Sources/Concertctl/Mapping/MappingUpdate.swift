import Clients
import JSON

/// The command that changes settings of a mapping.
struct MappingUpdate: Command {
    static let description = CommandDescription(
        name: "mapping update", summary: "change settings of a mapping",
        discussion: """
            Sends only the given settings. With --uuid, --function-name is the new function of the mapping; otherwise, \
            function and stream identify the mapping.

            The stream, the starting position, and tags can only be set at creation.
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
            throw UsageError(description: "no settings are given; pass at least one")
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

    /// Returns the mapping.
    ///
    /// With a UUID, the function is a setting, and the stream cannot be changed.
    private static func target(_ input: Input) throws(UsageError) -> MappingTarget {
        guard let uuid = try input[MappingTarget.uuid] else { return try MappingTarget(input) }
        if let option = input.first(of: [MappingSource.eventSourceARN, SharedOption.streamName]) {
            throw UsageError(description: "\(option.name) with --uuid: the stream \(MappingOptions.onlyAtCreation)")
        }
        return .uuid(try MappingTarget.checked(uuid))
    }
}
