import Clients
import JSON

/// Switches a stream between provisioned shards and on-demand capacity.
struct StreamMode: Command {
    enum Mode: String, CaseIterable, Sendable {
        case provisioned = "PROVISIONED"
        case onDemand = "ON_DEMAND"
    }

    private static let mode = Option<Mode>(
        required: "--stream-mode", "who chooses the number of shards: you or AWS")
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

    private let mode: Mode
    private let change: StreamChange

    init(_ input: Input) throws {
        mode = try input[Self.mode]
        change = try StreamChange(input)
    }

    func run() async throws -> ExitStatus {
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
        return try await change.run([goal])
    }
}

extension StreamSummary {
    var mode: StreamMode.Mode { isOnDemand ? .onDemand : .provisioned }

    /// Such as `1 open shard`.
    var openShardsText: String { openShards == 1 ? "1 open shard" : "\(openShards) open shards" }
}
