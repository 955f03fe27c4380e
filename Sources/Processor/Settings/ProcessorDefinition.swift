import Telemetry

/// The definition of a processor: its name, settings, permissions, and stand-in for local replays.
package struct ProcessorDefinition: Sendable {
    /// All processors, in the order in which messages list them.
    ///
    /// To add a processor, write its type, and add its definition here.
    package static let all = [
        RedshiftWriter.definition, CacheUpdater.definition, Notifier.definition, LogProcessor.definition,
    ]

    /// Creates the processor when the function starts.
    package typealias Factory = @Sendable (Logger) -> any RecordProcessor

    /// The way in which `concertctl replay` runs the processor without `--bootstrap`, when no data may leave the process.
    package enum LocalRun: Sendable {
        /// The processor itself, which writes to no sink.
        case itself
        /// A stand-in that writes to memory.
        ///
        /// Problems with its settings are added to the reader.
        case standIn(@Sendable (inout SettingsReader, Logger) -> LocalStandIn)
    }

    /// The name in `PROCESSORS`, logs and metrics.
    package let name: String
    /// Reads all settings and returns a factory; returns nil and adds problems to the reader if settings are missing or
    /// invalid.
    package let configure: @Sendable (inout SettingsReader) -> Factory?
    /// Returns the actions that the function's role must allow, as far as the settings name the resources.
    package let actions: @Sendable (SettingsReader, AccountScope) -> [IAMAction]
    package let local: LocalRun

    package init(
        _ name: String, local: LocalRun,
        actions: @escaping @Sendable (SettingsReader, AccountScope) -> [IAMAction] = { _, _ in [] },
        configure: @escaping @Sendable (inout SettingsReader) -> Factory?
    ) {
        (self.name, self.local, self.actions, self.configure) = (name, local, actions, configure)
    }

    /// The settings, for the reference.
    package var settings: [SettingDescription] { SettingsReader.descriptions { _ = configure(&$0) } }

    /// Returns what `concertctl replay` runs; nil if settings are missing or invalid.
    package func localStandIn(_ reader: inout SettingsReader, log: Logger) -> LocalStandIn? {
        switch local {
        case .itself: configure(&reader).map { LocalStandIn($0(log)) }
        case .standIn(let make): make(&reader, log)
        }
    }
}

/// A processor that `PROCESSORS` contains, with its settings.
package struct ConfiguredProcessor: Sendable {
    package let name: String
    package let make: ProcessorDefinition.Factory
}

/// An action that a role must allow, and its resource.
package struct IAMAction: Sendable, Equatable {
    /// The action, for example `sns:Publish`.
    package var action: String
    /// The ARN of the resource, with `*` for any text.
    package var resource: String

    package init(_ action: String, on resource: String) { (self.action, self.resource) = (action, resource) }
}

/// The partition, Region and account of the function's resources.
package struct AccountScope: Sendable {
    package var partition: String
    package var region: String
    package var account: String

    package init(partition: String, region: String, account: String) {
        (self.partition, self.region, self.account) = (partition, region, account)
    }
}

/// A processor that writes to memory, for `concertctl replay`.
package struct LocalStandIn: Sendable {
    package typealias File = (path: String, contents: [UInt8])

    package let processor: any RecordProcessor
    /// Returns what the processor wrote, as files for `--sink-dir`.
    package let files: @Sendable () -> [File]

    package init(_ processor: any RecordProcessor, files: @escaping @Sendable () -> [File] = { [] }) {
        (self.processor, self.files) = (processor, files)
    }
}
