import Clients
import JSON

/// Changes the number of a provisioned stream's open shards.
struct StreamScale: Command {
    /// What one call may ask for.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html>
    private static let range = 1...10_000
    private static let target = OptionDescription(
        "--target-shard-count", .value("N"), "how many open shards there shall be, 1...10000")
    static let description = CommandDescription(
        name: "stream scale", summary: "change the number of shards",
        discussion: """
            AWS goes to between half and double of the open shards in one call. What is further away takes several \
            calls, each waited for; --no-wait is for one call only. Ten calls are allowed in 24 hours. Records already \
            on the stream stay in their closed shards until they are too old, and are read from there first.
            """,
        usage: ["--target-shard-count N [options]"], options: [target] + StreamChange.options,
        examples: [
            "concertctl stream scale --target-shard-count 2",
            "concertctl stream scale --stream-name concert-data-stream --target-shard-count 8 --timeout 3600",
        ])

    private let arguments: Arguments
    private let target: Int

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        guard let target = try arguments.integer(Self.target, in: Self.range) else {
            throw UsageError(description: "\(Self.target.name) is missing")
        }
        self.target = target
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let change = try StreamChange(arguments, environment: environment)
        guard !change.session.isDryRun else { return try await change.run([Self.goal(target, of: change.stream)]) }
        let summary = try await change.settled()
        guard !summary.isOnDemand else {
            throw CommandError(
                description: "stream \(summary.name) is ON_DEMAND: AWS itself chooses the number of its shards; "
                    + "concertctl stream mode --stream-mode PROVISIONED changes that")
        }
        let steps = Self.steps(from: summary.openShards, to: target)
        if steps.count > 1 {
            try announce(steps, of: summary, waits: change.waiter != nil)
        }
        return try await change.run(
            (steps.isEmpty ? [target] : steps).map { Self.goal($0, of: change.stream) })
    }

    private func announce(_ steps: [Int], of summary: StreamSummary, waits: Bool) throws(CommandError) {
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
