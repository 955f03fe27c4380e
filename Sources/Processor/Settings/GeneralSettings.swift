/// The settings of the function as a whole.
package struct GeneralSettings: Sendable {
    /// The processors, at least one, without duplicates.
    package let processors: [ProcessorDefinition]
    /// The best-effort processors, whose failures do not block the shard; processors that are not chosen are ignored.
    package let optionalProcessors: [ProcessorDefinition]
    /// The time before Lambda's deadline at which processing is cancelled, so that time is left to respond.
    package let deadlineMargin: Duration
    /// Whether to add figures to the state of a tumbling window.
    package let aggregatesWindows: Bool
    package let isMetricsOn: Bool

    package static let processors = processors(of: ProcessorDefinition.all)
    package static let optionalProcessors = optionalProcessors(of: ProcessorDefinition.all)
    package static let deadlineMargin = Setting<Duration>(
        "DEADLINE_MARGIN_MS", .milliseconds(0...900_000), default: .milliseconds(500),
        "the time before Lambda's deadline at which processing is cancelled, to respond in time")
    package static let windowAggregates = Setting<Bool>(
        "WINDOW_AGGREGATES", .choice(["on": true, "off": false]), default: false,
        "whether to add figures to the state of a tumbling window, see [operations](operations.md); off: the state is returned unchanged"
    )
    package static let metrics = Setting<Bool>(
        "METRICS", .choice(["on": true, "off": false]), default: true, "whether to write metrics")

    private static func processors(of definitions: [ProcessorDefinition]) -> Setting<[ProcessorDefinition]> {
        Setting(
            "PROCESSORS", .list(of: definitions), default: [LogProcessor.definition],
            "the processors that records are written with; names separated by commas")
    }

    private static func optionalProcessors(of definitions: [ProcessorDefinition]) -> Setting<[ProcessorDefinition]> {
        Setting(
            "OPTIONAL_PROCESSORS", .list(of: definitions), default: [],
            "the best-effort processors: their failures are logged and counted, and do not block the shard")
    }

    /// - Parameter definitions: The available processors.
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
