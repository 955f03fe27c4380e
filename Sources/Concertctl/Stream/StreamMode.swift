import Clients
import JSON

/// Switches a stream between provisioned shards and on-demand capacity.
struct StreamMode: Command {
    enum Mode: String, CaseIterable, Sendable {
        case provisioned = "PROVISIONED"
        case onDemand = "ON_DEMAND"
    }

    static let mode = OptionDescription(
        "--stream-mode", oneOf: Mode.self, "who chooses the number of shards: you or AWS")
    static let description = CommandDescription(
        name: "stream mode", summary: "switch between provisioned shards and on-demand capacity",
        discussion: """
            AWS lets a stream switch twice in 24 hours. A stream that becomes PROVISIONED keeps the shards that it has: \
            look at them with stream describe, and change their number with stream scale.
            """,
        usage: ["--stream-mode MODE [options]"], options: [mode] + StreamChange.options,
        examples: [
            "concertctl stream mode --stream-mode ON_DEMAND",
            "concertctl stream mode --stream-name concert-data-stream --stream-mode PROVISIONED --dry-run",
        ])

    private let arguments: Arguments
    private let mode: Mode

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        guard let mode = try arguments.choice(Self.mode, of: Mode.self) else {
            throw UsageError(description: "\(Self.mode.name) is missing; expected PROVISIONED or ON_DEMAND")
        }
        self.mode = mode
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let mode = mode
        let goal = StreamGoal(
            what: "mode \(mode.rawValue)", state: { "mode \($0.mode.rawValue), \($0.openShardsText)" },
            isReached: { $0.mode == mode }, limit: "a stream may switch its mode twice in 24 hours",
            request: { summary in
                // The one call that takes no name.
                .kinesis(
                    "UpdateStreamMode",
                    [
                        "StreamARN": .string(summary.arn),
                        "StreamModeDetails": ["StreamMode": .string(mode.rawValue)],
                    ])
            })
        return try await StreamChange(arguments, environment: environment).run([goal])
    }
}

extension StreamSummary {
    var mode: StreamMode.Mode { isOnDemand ? .onDemand : .provisioned }

    /// Such as `1 open shard`.
    var openShardsText: String { openShards == 1 ? "1 open shard" : "\(openShards) open shards" }
}
