/// Settings of the function as a whole.
package struct GeneralSettings: Sendable {
    /// At least one, each once.
    package let processors: [ProcessorDefinition]
    /// Those whose failures do not hold the shard back; one that was not chosen has no effect.
    package let optionalProcessors: [ProcessorDefinition]
    /// How long before Lambda's deadline work is cut short, so that there is time to respond.
    package let deadlineMargin: Duration
    /// Whether a tumbling window's state keeps what happened in it.
    package let aggregatesWindows: Bool
    package let isMetricsOn: Bool

    package static let processors = processors(of: ProcessorDefinition.all)
    package static let optionalProcessors = optionalProcessors(of: ProcessorDefinition.all)
    package static let deadlineMargin = Setting<Duration>(
        "DEADLINE_MARGIN_MS", .milliseconds(0...900_000), default: .milliseconds(500),
        "how long before Lambda's deadline work is cut short, to respond in time")
    package static let windowAggregates = Setting<Bool>(
        "WINDOW_AGGREGATES", .choice(["on": true, "off": false]), default: false,
        "whether the state of a tumbling window keeps what happened in it, see [operations](operations.md); off, the state is returned unchanged"
    )
    package static let metrics = Setting<Bool>(
        "METRICS", .choice(["on": true, "off": false]), default: true, "whether metrics lines are written")

    private static func processors(of definitions: [ProcessorDefinition]) -> Setting<[ProcessorDefinition]> {
        Setting(
            "PROCESSORS", .list(of: definitions), default: [LogProcessor.definition],
            "where records go; names with commas between them")
    }

    private static func optionalProcessors(of definitions: [ProcessorDefinition]) -> Setting<[ProcessorDefinition]> {
        Setting(
            "OPTIONAL_PROCESSORS", .list(of: definitions), default: [],
            "those that are best effort: their failures are logged and counted, and do not hold the shard back")
    }

    /// - Parameter definitions: The processors that there are.
    package init(_ reader: inout SettingsReader, definitions: [ProcessorDefinition] = ProcessorDefinition.all) {
        processors = reader.read(Self.processors(of: definitions))
        optionalProcessors = reader.read(Self.optionalProcessors(of: definitions))
        deadlineMargin = reader.read(Self.deadlineMargin)
        aggregatesWindows = reader.read(Self.windowAggregates)
        isMetricsOn = reader.read(Self.metrics)
    }
}

extension SettingForm where Value == [ProcessorDefinition] {
    fileprivate static func list(of definitions: [ProcessorDefinition]) -> SettingForm {
        .list(
            of: definitions.map(\.name),
            element: { word in definitions.first { $0.name.utf8.elementsEqual(word.utf8) } })
    }
}
