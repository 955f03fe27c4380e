import Clients
import JSON

/// Turns shard-level metrics on and off.
struct StreamMonitor: Command {
    /// Those that there are.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html>
    static let metrics = [
        "IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords", "WriteProvisionedThroughputExceeded",
        "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
    ]
    private static let enable = Option<[String]?>(
        "--enable", value: "METRIC", choices: metrics + ["ALL"], "shard-level metrics to turn on, or ALL")
    private static let disable = Option<[String]?>(
        "--disable", value: "METRIC", choices: metrics + ["ALL"], "shard-level metrics to turn off, or ALL")
    static let description = CommandDescription(
        name: "stream monitor", summary: "turn shard-level metrics on and off",
        discussion: """
            The metrics: \(metrics.joined(separator: ", ")). CloudWatch charges for each of them on each shard; those \
            of the whole stream are there anyway, and free.
            """,
        options: [enable, disable] + StreamChange.options,
        examples: [
            "concertctl stream monitor --enable IncomingBytes IteratorAgeMilliseconds",
            "concertctl stream monitor --stream-name concert-data-stream --disable ALL",
        ])

    private let enabled: [String]
    private let disabled: [String]
    private let change: StreamChange

    init(_ input: Input) throws {
        enabled = try Self.metrics(input, Self.enable) ?? []
        disabled = try Self.metrics(input, Self.disable) ?? []
        guard !enabled.isEmpty || !disabled.isEmpty else {
            throw UsageError(description: "nothing is asked for; give --enable, --disable or both")
        }
        if let both = Self.expanded(enabled).first(where: Self.expanded(disabled).contains) {
            throw UsageError(description: "\(both) cannot be both on and off")
        }
        change = try StreamChange(input)
    }

    /// - Returns: The metrics that the option names, each once.
    static func metrics(_ input: Input, _ option: Option<[String]?>) throws(UsageError) -> [String]? {
        guard let given = try input[option] else { return nil }
        if let unknown = given.first(where: { $0 != "ALL" && !metrics.contains($0) }) {
            let hint = Suggestion.hint(for: unknown, among: metrics)
            throw UsageError(
                description: "\(option.name) names \"\(unknown)\"; expected ALL or some of "
                    + metrics.joined(separator: ", ") + hint)
        }
        guard !given.isEmpty else { throw UsageError(description: "\(option.name) names no metric") }
        return given.contains("ALL") ? ["ALL"] : metrics.filter(given.contains)
    }

    /// With `ALL` spelt out.
    static func expanded(_ names: [String]) -> [String] { names.contains("ALL") ? metrics : names }

    func run() async throws -> ExitStatus {
        let goals =
            (disabled.isEmpty ? [] : [Self.goal(without: disabled, of: change.stream)])
            + (enabled.isEmpty ? [] : [Self.goal(with: enabled, of: change.stream)])
        return try await change.run(goals)
    }

    static func goal(with metrics: [String], of stream: StreamReference) -> StreamGoal {
        let wanted = expanded(metrics)
        return StreamGoal(
            what: "shard-level metrics \(metrics.joined(separator: ", "))", state: { $0.monitoring },
            isReached: { summary in wanted.allSatisfy(expanded(summary.shardMetrics).contains) },
            isApplied: { _ in true },
            request: { summary in
                let missing = wanted.filter { !expanded(summary.shardMetrics).contains($0) }
                return request("EnableEnhancedMonitoring", missing, of: stream)
            })
    }

    private static func goal(without metrics: [String], of stream: StreamReference) -> StreamGoal {
        let unwanted = expanded(metrics)
        return StreamGoal(
            what: "no shard-level metrics \(metrics.joined(separator: ", "))", state: { $0.monitoring },
            isReached: { summary in !expanded(summary.shardMetrics).contains(where: unwanted.contains) },
            isApplied: { _ in true },
            request: { _ in request("DisableEnhancedMonitoring", metrics, of: stream) })
    }

    private static func request(_ operation: String, _ metrics: [String], of stream: StreamReference) -> AWSRequest {
        stream.request(operation, ("ShardLevelMetrics", .array(metrics.map { .string($0) })))
    }
}

extension StreamSummary {
    /// Such as `shard-level metrics IncomingBytes, IncomingRecords`.
    var monitoring: String {
        shardMetrics.isEmpty
            ? "no shard-level metrics"
            : "shard-level metrics "
                + StreamMonitor.metrics.filter(StreamMonitor.expanded(shardMetrics).contains)
                .joined(separator: ", ")
    }
}
