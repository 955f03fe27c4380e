/// A group of commands with the same first word.
struct CommandGroup: Sendable {
    var name: String
    var summary: String
    var commands: [any Command.Type]
}

/// All commands of the program.
enum CommandTree {
    enum Entry: Sendable {
        case command(any Command.Type)
        case group(CommandGroup)

        var name: String {
            switch self {
            case .command(let command): command.description.name
            case .group(let group): group.name
            }
        }

        var summary: String {
            switch self {
            case .command(let command): command.description.summary
            case .group(let group): group.summary
            }
        }

        var isHidden: Bool { if case .command(let command) = self { command.description.isHidden } else { false } }
    }

    /// In the order in which help lists them.
    static let entries: [Entry] = [
        .command(Replay.self),
        .group(
            CommandGroup(
                name: "stream", summary: "set up, write to, read from, and manage the stream",
                commands: [
                    StreamSetup.self, StreamDescribe.self, StreamList.self, StreamPut.self, StreamTail.self,
                    StreamMetrics.self,
                    StreamScale.self, StreamRetention.self, StreamMode.self, StreamEncrypt.self, StreamMonitor.self,
                    StreamTag.self, StreamConsumer.self, StreamDelete.self,
                ])),
        .group(
            CommandGroup(
                name: "mapping", summary: "manage the event source mapping",
                commands: [
                    MappingCreate.self, MappingList.self, MappingShow.self, MappingUpdate.self, MappingEnable.self,
                    MappingDisable.self, MappingDelete.self,
                ])),
        .group(
            CommandGroup(
                name: "dead-letters", summary: "list, show, and redeliver records that could not be processed",
                commands: [DeadLettersList.self, DeadLettersShow.self, DeadLettersReplay.self])),
        .group(
            CommandGroup(
                name: "warehouse", summary: "set up and inspect the tables in Redshift",
                commands: [WarehouseInit.self, WarehouseLoad.self, WarehouseStatus.self])),
        .command(Doctor.self), .command(Deploy.self), .command(Undeploy.self), .command(Cost.self),
        .command(Generate.self), .command(Completion.self), .command(Documentation.self),
        .command(RecordsPage.self),
        .command(SettingsPage.self),
    ]

    /// All commands, including those in groups.
    static var commands: [any Command.Type] {
        entries.flatMap { entry in
            switch entry {
            case .command(let command): [command]
            case .group(let group): group.commands
            }
        }
    }
}
