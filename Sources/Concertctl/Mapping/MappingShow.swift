import JSON

/// The command that shows the description of a mapping.
struct MappingShow: Command {
    static let description = CommandDescription(
        name: "mapping show", summary: "show the settings, state, and last result of a mapping",
        discussion: "Warnings about settings that lose records or block a shard go to standard error.",
        options: MappingTarget.options + MappingOptions.calling,
        examples: [
            "concertctl mapping show --stream-name concert-data-stream",
            "concertctl mapping show --uuid 14e0db71-5d35-4eb5-b481-8945cf9d10c2 --output json | jq .State",
        ])

    private let target: MappingTarget
    private let session: AWSSession

    init(_ input: Input) throws {
        target = try MappingTarget(input)
        session = try AWSSession(input)
    }

    func run() async throws -> ExitStatus {
        let mapping = try await target.find(session)
        session.show(text: .lines(Self.text(of: mapping)), json: mapping.json)
        await MappingWarning.show(mapping.json, session)
        return .done
    }

    /// The settings that are shown first, in this order, even without a value.
    ///
    /// All others follow.
    private static let settings = [
        "UUID", "State", "StateTransitionReason", "LastProcessingResult", "LastModified", "FunctionArn",
        "EventSourceArn", "EventSourceMappingArn", "BatchSize", "MaximumBatchingWindowInSeconds",
        "ParallelizationFactor", "StartingPosition", "StartingPositionTimestamp", "FunctionResponseTypes",
        "DestinationConfig", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError",
        "TumblingWindowInSeconds", "FilterCriteria", "FilterCriteriaError", "KMSKeyArn", "MetricsConfig",
    ]
    /// The settings that are omitted if they have no value.
    private static let occasional: Set = ["StartingPositionTimestamp", "FilterCriteriaError"]

    private static func text(of mapping: Mapping) -> String {
        var table = TextTable(["SETTING", "VALUE"])
        for name in settings where !occasional.contains(name) || mapping.json[name].map({ !$0.isNull }) ?? false {
            table.add([name, MappingText.value(mapping.json[name], of: name)])
        }
        for member in mapping.json.object?.members ?? [] where !settings.contains(member.name) {
            guard !member.value.isNull else { continue }
            table.add([MappingText.escaped(member.name), MappingText.value(member.value, of: member.name)])
        }
        return table.text
    }
}
