/// The settings of the function, which are read once, at start, from its environment.
package struct Settings: Sendable {
    package let general: GeneralSettings
    package let lambda: LambdaSettings
    /// The processors in `PROCESSORS`, in their order.
    package let processors: [ConfiguredProcessor]
    /// The writer of dead letters; nil if none is configured, so that rejected records fail and block the shard.
    package let deadLetters: DeadLetterWriter?
    package let loader: LoaderSettings

    /// - Parameters:
    ///   - environment: The environment of the process, or a literal in tests. An empty variable counts as not set.
    ///   - definitions: The available processors.
    /// - Throws: ``SettingsError`` with the problems of all invalid variables.
    package init(
        environment: [String: String], definitions: [ProcessorDefinition] = ProcessorDefinition.all
    ) throws(SettingsError) {
        var reader = SettingsReader(environment)
        let general = GeneralSettings(&reader, definitions: definitions)
        var processors: [ConfiguredProcessor] = []
        for definition in general.processors {
            // A processor whose settings are missing has added a problem, so it is not skipped silently.
            guard let make = definition.configure(&reader) else { continue }
            processors.append(ConfiguredProcessor(name: definition.name, make: make))
        }
        (self.general, self.processors) = (general, processors)
        lambda = LambdaSettings(&reader)
        deadLetters = DeadLetterSettings.writer(&reader)
        loader = LoaderSettings(environment)
        try reader.check()
    }
}

/// The reference of environment variables.
extension Settings {
    /// The variables of one part of the function.
    package typealias Group = (name: String, settings: [SettingDescription])

    /// All variables, grouped by the part of the function that reads them.
    package static var groups: [Group] {
        [
            ("general", SettingsReader.descriptions { _ = GeneralSettings(&$0) }),
            ("dead-letters", SettingsReader.descriptions { _ = DeadLetterSettings(&$0) }),
        ] + ProcessorDefinition.all.map { ($0.name, $0.settings) } + [
            ("aws", AWSVariables.descriptions),
            (
                "lambda",
                [LambdaSettings.runtimeAPI.description] + SettingsReader.descriptions { _ = LambdaSettings(&$0) }
            ),
        ]
    }

    /// The names of the variables that an operator sets: all but those of AWS and of Lambda.
    package static var names: [String] {
        groups.filter { !["aws", "lambda"].contains($0.name) }.flatMap { $0.settings.map(\.name) }
    }

    /// The names of the variables that configure sinks and the dead-letter destination.
    package static var sinkNames: [String] {
        deadLetterNames + ProcessorDefinition.all.flatMap { $0.settings.map(\.name) }
    }

    /// The names of the variables that configure the dead-letter destination.
    package static var deadLetterNames: [String] {
        SettingsReader.descriptions { _ = DeadLetterSettings(&$0) }.map(\.name)
    }
}
