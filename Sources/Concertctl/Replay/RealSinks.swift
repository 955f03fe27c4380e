import Processor

/// Whether a bootstrap that is driven locally gets the settings of real sinks.
enum RealSinks {
    /// None of them: a rehearsal writes to no queue, warehouse, cache or topic.
    case none
    /// All but the dead letters': a record that fails again fails, and its dead letter stays where it is.
    case withoutDeadLetters
    case all

    /// The environment for the bootstrap, and the names of the settings that it does not get.
    ///
    /// Without the sinks' settings, `PROCESSORS` of the environment names processors that could not start, so it is left
    /// out, too, unless it names `log` alone.
    func filter(_ environment: [String: String]) -> (environment: [String: String], leftOut: [String]) {
        var names: [String] =
            switch self {
            case .none: Settings.sinkNames
            case .withoutDeadLetters: Settings.deadLetterNames
            case .all: []
            }
        let processors = SettingsReader(environment).text(of: GeneralSettings.processors)
        if case .none = self, let processors, processors != LogProcessor.definition.name {
            names += [GeneralSettings.processors.name, GeneralSettings.optionalProcessors.name]
        }
        // A variable that is set but empty counts as not set.
        let leftOut = Set(names).filter { !(environment[$0] ?? "").isEmpty }.sorted()
        return (environment.filter { !names.contains($0.key) }, leftOut)
    }
}
