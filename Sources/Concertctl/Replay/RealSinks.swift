import JSON

/// Whether a bootstrap that is driven locally gets the settings of real sinks.
enum RealSinks {
    /// None of them: a rehearsal writes to no queue, warehouse, cache or topic.
    case none
    /// All but the dead letters': a record that fails again fails, and its dead letter stays where it is.
    case withoutDeadLetters
    case all

    /// What the names of these settings begin with.
    private static let prefixes = ["DEAD_LETTER_", "REDSHIFT_", "CACHE_", "NOTIFY_"]
    private static let processorLists = ["PROCESSORS", "OPTIONAL_PROCESSORS"]

    /// The environment for the bootstrap, and the names of the settings that it does not get.
    ///
    /// Without the sinks' settings, `PROCESSORS` of the environment names processors that could not start, so it is left
    /// out, too, unless it names `log` alone.
    func filter(_ environment: [String: String]) -> (environment: [String: String], leftOut: [String]) {
        let prefixes: [String] =
            switch self {
            case .none: Self.prefixes
            case .withoutDeadLetters: ["DEAD_LETTER_"]
            case .all: []
            }
        var names = environment.keys.filter { name in
            prefixes.contains { name.utf8.starts(with: $0.utf8) }
        }
        if case .none = self, environment["PROCESSORS"].map({ !$0.isEmpty && $0 != "log" }) ?? false {
            names += Self.processorLists.filter { environment[$0] != nil }
        }
        // A variable that is set but empty counts as not set.
        let leftOut = names.filter { environment[$0] != "" }.sorted()
        return (environment.filter { !names.contains($0.key) }, leftOut)
    }
}
