import Telemetry

/// Everything that the program has to know about a processor beside the code that processes records.
package struct ProcessorDefinition: Sendable {
    /// All processors, in the order in which messages list them.
    ///
    /// To add one, write its type, and add its definition here.
    package static let all = [
        RedshiftWriter.definition, CacheUpdater.definition, Notifier.definition, LogProcessor.definition,
    ]

    /// Makes the processor, at the start of the function.
    package typealias Factory = @Sendable (Logger) -> any RecordProcessor

    /// How `concertctl replay` runs it without `--bootstrap`, where nothing may leave the process.
    package enum LocalRun: Sendable {
        /// As it is, because it writes to no sink.
        case itself
        /// With a stand-in that writes to memory.
        ///
        /// Problems with its settings are the reader's.
        case standIn(@Sendable (inout SettingsReader, Logger) -> LocalStandIn)
    }

    /// What `PROCESSORS` chooses it with, and what logs and metrics name it by.
    package let name: String
    /// Reads all of its settings and returns what makes the processor; nil if settings are missing or invalid, which are the
    /// reader's problems.
    package let configure: @Sendable (inout SettingsReader) -> Factory?
    /// What the function's role must allow for it, as far as the settings name the resources.
    package let actions: @Sendable (SettingsReader, AccountScope) -> [IAMAction]
    package let local: LocalRun

    package init(
        _ name: String, local: LocalRun,
        actions: @escaping @Sendable (SettingsReader, AccountScope) -> [IAMAction] = { _, _ in [] },
        configure: @escaping @Sendable (inout SettingsReader) -> Factory?
    ) {
        (self.name, self.local, self.actions, self.configure) = (name, local, actions, configure)
    }

    /// Its settings, for the reference.
    package var settings: [SettingDescription] { SettingsReader.descriptions { _ = configure(&$0) } }

    /// Makes what runs in `concertctl replay`; nil if settings are missing or invalid.
    package func localStandIn(_ reader: inout SettingsReader, log: Logger) -> LocalStandIn? {
        switch local {
        case .itself: configure(&reader).map { LocalStandIn($0(log)) }
        case .standIn(let make): make(&reader, log)
        }
    }
}

/// A processor that `PROCESSORS` chose, with its settings read.
package struct ConfiguredProcessor: Sendable {
    package let name: String
    package let make: ProcessorDefinition.Factory
}

/// A call that a role must allow, and what it is made on.
package struct IAMAction: Sendable, Equatable {
    /// Such as `sns:Publish`.
    package var action: String
    /// An ARN, with `*` for any text.
    package var resource: String

    package init(_ action: String, on resource: String) { (self.action, self.resource) = (action, resource) }
}

/// Where the function's resources are.
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
    /// What it wrote, as files for `--sink-dir`.
    package let files: @Sendable () -> [File]

    package init(_ processor: any RecordProcessor, files: @escaping @Sendable () -> [File] = { [] }) {
        (self.processor, self.files) = (processor, files)
    }
}
