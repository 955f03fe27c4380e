/// Everything the function reads from its environment, read once, at start.
package struct Settings: Sendable {
    package let general: GeneralSettings
    package let lambda: LambdaSettings
    /// The processors that were chosen, in that order.
    package let processors: [ConfiguredProcessor]
    /// Nil where rejected records fail, and hold the shard back.
    package let deadLetters: DeadLetterWriter?
    package let loader: LoaderSettings

    /// - Parameters:
    ///   - environment: The process's; a literal in tests. A variable that is set but empty counts as not set.
    ///   - definitions: The processors that there are.
    /// - Throws: ``SettingsError`` naming every variable that is wrong, not just the first.
    package init(
        environment: [String: String], definitions: [ProcessorDefinition] = ProcessorDefinition.all
    ) throws(SettingsError) {
        var reader = SettingsReader(environment)
        let general = GeneralSettings(&reader, definitions: definitions)
        var processors: [ConfiguredProcessor] = []
        for definition in general.processors {
            // Without its settings there is a problem, so none is left out silently.
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
    /// The variables of a part of the function.
    package typealias Group = (name: String, settings: [SettingDescription])

    /// All variables that the function reads, by the part that reads them.
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

    /// The names of the variables that a person sets: all but those of AWS and of Lambda.
    package static var names: [String] {
        groups.filter { !["aws", "lambda"].contains($0.name) }.flatMap { $0.settings.map(\.name) }
    }

    /// The names of the variables that say where processors and dead letters go.
    package static var sinkNames: [String] {
        deadLetterNames + ProcessorDefinition.all.flatMap { $0.settings.map(\.name) }
    }

    /// The names of the variables that say where dead letters go.
    package static var deadLetterNames: [String] {
        SettingsReader.descriptions { _ = DeadLetterSettings(&$0) }.map(\.name)
    }
}
