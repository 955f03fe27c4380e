import Clients
import JSON

/// Changes the number of a provisioned stream's open shards, and the size of the records that a stream takes.
struct StreamScale: Command {
    /// What one call may ask for.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html>
    private static let range = 1...10_000
    private static let target = Option<Int?>("--target-shard-count", range, "number of open shards")
    static let description = CommandDescription(
        name: "stream scale", summary: "change the number of shards and the largest record",
        discussion: """
            AWS goes to between half and double of the open shards in one call. What is further away takes several \
            calls, each waited for; --no-wait is for one call only. Ten calls are allowed in 24 hours. Records already \
            on the stream stay in their closed shards until they are too old, and are read from there first.

            --max-record-size-in-ki-b is for any stream, provisioned or on-demand.
            """,
        usage: ["--target-shard-count N [options]", "--max-record-size-in-ki-b KIB [options]"],
        options: [target, StreamRecordSize.option] + StreamChange.options,
        examples: [
            "concertctl stream scale --target-shard-count 2",
            "concertctl stream scale --stream-name concert-data-stream --target-shard-count 8 --timeout 3600",
            "concertctl stream scale --max-record-size-in-ki-b 4096",
        ])

    private let change: StreamChange
    /// Nil leaves the shards as they are.
    private let target: Int?
    /// In KiB; nil leaves it as it is.
    private let recordSize: Int?

    init(_ input: Input) throws {
        target = try input[Self.target]
        recordSize = try input[StreamRecordSize.option]
        guard target != nil || recordSize != nil else {
            throw UsageError(description: "\(Self.target.name) is missing")
        }
        change = try StreamChange(input)
    }

    func run() async throws -> ExitStatus {
        let sizeGoal = recordSize.map { StreamRecordSize.goal($0, of: change.stream) }
        let others = sizeGoal.map { [$0] } ?? []
        guard let target else { return try await change.run(others) }
        let summary = try await change.settled()
        guard !summary.isOnDemand else {
            throw CommandError(
                description: "stream \(summary.name) is ON_DEMAND: AWS itself chooses the number of its shards; "
                    + "concertctl stream mode --stream-mode PROVISIONED changes that")
        }
        // How many calls it takes, a dry run cannot know.
        let steps = change.session.isDryRun ? [target] : Self.steps(from: summary.openShards, to: target)
        if steps.count > 1 {
            try announce(steps, to: target, of: summary, waits: change.waiter != nil)
        }
        return try await change.run(
            (steps.isEmpty ? [target] : steps).map { Self.goal($0, of: change.stream) } + others)
    }

    private func announce(_ steps: [Int], to target: Int, of summary: StreamSummary, waits: Bool) throws(CommandError) {
        let path = steps.map(String.init).joined(separator: ", ")
        guard waits else {
            throw CommandError(
                description: "from \(summary.openShards) to \(target) shards it takes \(steps.count) calls (\(path)), "
                    + "each of which must be done before the next: leave out --no-wait, or go to \(steps[0]) first")
        }
        Console.note("stream \(summary.name): from \(summary.openShardsText) in \(steps.count) calls: \(path)")
        if steps.count > Self.callsADay {
            Console.note("AWS allows \(Self.callsADay) calls in 24 hours, so this will not go all the way today")
        }
    }

    private static let callsADay = 10

    /// The shard counts to go through, the last of which is `target`; none when there is nothing to do.
    static func steps(from count: Int, to target: Int) -> [Int] {
        var steps: [Int] = []
        var current = max(count, 1)
        while current != target {
            // Half of an odd number is rounded up, for less than half is refused.
            current = target > current ? min(target, 2 * current) : max(target, current - current / 2)
            steps.append(current)
        }
        return steps
    }

    private static func goal(_ target: Int, of stream: StreamReference) -> StreamGoal {
        StreamGoal(
            what: target == 1 ? "1 open shard" : "\(target) open shards", state: { $0.openShardsText },
            isReached: { $0.openShards == target },
            limit: "AWS allows \(callsADay) UpdateShardCount calls on a stream in 24 hours, to between half and double "
                + "of its shards, and as many shards in a Region as the account's quota",
            request: { _ in
                stream.request(
                    "UpdateShardCount", ("TargetShardCount", .integer(target)), ("ScalingType", "UNIFORM_SCALING"))
            })
    }
}
