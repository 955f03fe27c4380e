import Basics
import Clients
import JSON

/// Switches a stream between provisioned shards and on-demand capacity.
struct StreamMode: Command {
    enum Mode: String, CaseIterable, Sendable {
        case provisioned = "PROVISIONED"
        case onDemand = "ON_DEMAND"
    }

    private static let mode = Option<Mode>(
        required: "--stream-mode", "PROVISIONED: you choose the number of shards; ON_DEMAND: AWS does")
    static let description = CommandDescription(
        name: "stream mode", summary: "switch between provisioned shards and on-demand capacity",
        discussion: """
            AWS allows two mode changes per stream in 24 hours. A stream that becomes PROVISIONED keeps its shards: see them \
            with stream describe, and change their number with stream scale.
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
        let desired = DesiredState(
            what: "mode \(mode.rawValue)", state: { "mode \($0.mode.rawValue), \($0.openShardsText)" },
            isReached: { $0.mode == mode }, limit: "AWS allows two mode changes per stream in 24 hours",
            request: { summary in
                // This call takes no stream name.
                .kinesis(
                    "UpdateStreamMode",
                    [
                        "StreamARN": .string(summary.arn),
                        "StreamModeDetails": ["StreamMode": .string(mode.rawValue)],
                    ])
            })
        return try await change.run([desired])
    }
}

extension StreamSummary {
    var mode: StreamMode.Mode { isOnDemand ? .onDemand : .provisioned }

    /// The number of open shards, such as `1 open shard`.
    var openShardsText: String { openShards == 1 ? "1 open shard" : "\(openShards) open shards" }
}
