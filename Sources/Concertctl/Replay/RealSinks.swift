import Processor

/// The settings of real sinks that are passed to a local bootstrap.
enum RealSinks {
    /// No settings: the replay writes to no queue, warehouse, cache, or topic.
    case none
    /// All settings except those of dead letters: the dead letter of a record that fails again is not deleted.
    case withoutDeadLetters
    case all

    /// Returns the environment for the bootstrap, and the names of the settings that are not passed.
    ///
    /// Without the settings of the sinks, the processors of `PROCESSORS` could not start, so it is not passed,
    /// either, unless it is `log`.
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
        // An empty variable counts as not set.
        let leftOut = Set(names).filter { !(environment[$0] ?? "").isEmpty }.sorted()
        return (environment.filter { !names.contains($0.key) }, leftOut)
    }
}
