import Clients
import JSON

/// Changes the number of a provisioned stream's open shards, and the size of its largest record.
struct StreamScale: Command {
    /// The range that one call accepts.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html>
    private static let range = 1...10_000
    private static let target = Option<Int?>("--target-shard-count", range, "target number of open shards")
    static let description = CommandDescription(
        name: "stream scale", summary: "change the number of shards or the largest record size",
        discussion: """
            One call can set between half and double of the open shards. Larger changes take several calls, each of which must \
            finish before the next; --no-wait allows one call only. AWS allows ten calls in 24 hours. Records that are already \
            on the stream stay in the closed shards until they expire, and consumers read them first.

            --max-record-size-in-ki-b applies to provisioned and on-demand streams.
            """,
        usage: ["--target-shard-count N [options]", "--max-record-size-in-ki-b KIB [options]"],
        options: [target, StreamRecordSize.option] + StreamChange.options,
        examples: [
            "concertctl stream scale --target-shard-count 2",
            "concertctl stream scale --stream-name concert-data-stream --target-shard-count 8 --timeout 3600",
            "concertctl stream scale --max-record-size-in-ki-b 4096",
        ])

    private let change: StreamChange
    /// Nil leaves the shards unchanged.
    private let target: Int?
    /// In KiB; nil leaves the limit unchanged.
    private let recordSize: Int?

    init(_ input: Input) throws {
        target = try input[Self.target]
        recordSize = try input[StreamRecordSize.option]
        guard target != nil || recordSize != nil else {
            throw UsageError(
                description: "no change requested; pass \(Self.target.name) or \(StreamRecordSize.option.name)")
        }
        change = try StreamChange(input)
    }

    func run() async throws -> ExitStatus {
        let desiredSize = recordSize.map { StreamRecordSize.desiredState($0, of: change.stream) }
        let others = desiredSize.map { [$0] } ?? []
        guard let target else { return try await change.run(others) }
        let summary = try await change.settled()
        guard !summary.isOnDemand else {
            throw CommandError(
                description: "stream \(summary.name) is ON_DEMAND, and AWS manages its shards; to change the mode: "
                    + "concertctl stream mode --stream-mode PROVISIONED")
        }
        // A dry run does not know how many calls are necessary.
        let steps = change.session.isDryRun ? [target] : Self.steps(from: summary.openShards, to: target)
        if steps.count > 1 {
            try announce(steps, to: target, of: summary, waits: change.waiter != nil)
        }
        return try await change.run(
            (steps.isEmpty ? [target] : steps).map { Self.desiredState($0, of: change.stream) } + others)
    }

    private func announce(_ steps: [Int], to target: Int, of summary: StreamSummary, waits: Bool) throws(CommandError) {
        let path = steps.map(String.init).joined(separator: ", ")
        guard waits else {
            throw CommandError(
                description:
                    "scaling from \(summary.openShards) to \(target) shards takes \(steps.count) calls (\(path)), "
                    + "each of which must finish before the next; omit --no-wait, or scale to \(steps[0]) first")
        }
        Console.note("stream \(summary.name): scaling from \(summary.openShardsText) in \(steps.count) calls: \(path)")
        if steps.count > Self.callsADay {
            Console.note("AWS allows \(Self.callsADay) calls in 24 hours, so the target cannot be reached today")
        }
    }

    private static let callsADay = 10

    /// Returns the shard counts of the calls, the last of which is `target`; empty if there is nothing to do.
    static func steps(from count: Int, to target: Int) -> [Int] {
        var steps: [Int] = []
        var current = max(count, 1)
        while current != target {
            // Rounds half of an odd number up, because AWS rejects less than half.
            current = target > current ? min(target, 2 * current) : max(target, current - current / 2)
            steps.append(current)
        }
        return steps
    }

    private static func desiredState(_ target: Int, of stream: StreamReference) -> DesiredState {
        DesiredState(
            what: target == 1 ? "1 open shard" : "\(target) open shards", state: { $0.openShardsText },
            isReached: { $0.openShards == target },
            limit: "AWS allows \(callsADay) UpdateShardCount calls per stream in 24 hours, to between half and double "
                + "of its shards, and no more shards in a Region than the account's quota",
            request: { _ in
                stream.request(
                    "UpdateShardCount", ("TargetShardCount", .integer(target)), ("ScalingType", "UNIFORM_SCALING"))
            })
    }
}
