import Clients
import JSON

/// Enables and disables shard-level metrics.
struct StreamMonitor: Command {
    /// All shard-level metrics.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html>
    static let metrics = [
        "IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords", "WriteProvisionedThroughputExceeded",
        "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
    ]
    private static let enable = Option<[String]?>(
        "--enable", value: "METRIC", choices: metrics + ["ALL"], "shard-level metrics to enable, or ALL")
    private static let disable = Option<[String]?>(
        "--disable", value: "METRIC", choices: metrics + ["ALL"], "shard-level metrics to disable, or ALL")
    static let description = CommandDescription(
        name: "stream monitor", summary: "enable and disable shard-level metrics",
        discussion: """
            Metrics: \(metrics.joined(separator: ", ")). CloudWatch charges for each metric of each shard; the metrics of the \
            whole stream are always available and free.
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
            throw UsageError(description: "no change requested; pass --enable, --disable, or both")
        }
        if let both = Self.expanded(enabled).first(where: Self.expanded(disabled).contains) {
            throw UsageError(description: "\(both) cannot be both enabled and disabled")
        }
        change = try StreamChange(input)
    }

    /// Returns the metrics that the option names, without duplicates.
    static func metrics(_ input: Input, _ option: Option<[String]?>) throws(UsageError) -> [String]? {
        guard let given = try input[option] else { return nil }
        if let unknown = given.first(where: { $0 != "ALL" && !metrics.contains($0) }) {
            let hint = Suggestion.hint(for: unknown, among: metrics)
            throw UsageError(
                description: "\(option.name) names \"\(unknown)\"; expected ALL or any of "
                    + metrics.joined(separator: ", ") + hint)
        }
        guard !given.isEmpty else {
            throw UsageError(description: "\(option.name) is empty; expected at least one metric")
        }
        return given.contains("ALL") ? ["ALL"] : metrics.filter(given.contains)
    }

    /// Returns the metrics with `ALL` expanded.
    static func expanded(_ names: [String]) -> [String] { names.contains("ALL") ? metrics : names }

    func run() async throws -> ExitStatus {
        let desiredStates =
            (disabled.isEmpty ? [] : [Self.desiredState(without: disabled, of: change.stream)])
            + (enabled.isEmpty ? [] : [Self.desiredState(with: enabled, of: change.stream)])
        return try await change.run(desiredStates)
    }

    static func desiredState(with metrics: [String], of stream: StreamReference) -> DesiredState {
        let wanted = expanded(metrics)
        return DesiredState(
            what: "shard-level metrics \(metrics.joined(separator: ", "))", state: { $0.monitoring },
            isReached: { summary in wanted.allSatisfy(expanded(summary.shardMetrics).contains) },
            isApplied: { _ in true },
            request: { summary in
                let missing = wanted.filter { !expanded(summary.shardMetrics).contains($0) }
                return request("EnableEnhancedMonitoring", missing, of: stream)
            })
    }

    private static func desiredState(without metrics: [String], of stream: StreamReference) -> DesiredState {
        let unwanted = expanded(metrics)
        return DesiredState(
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
    /// The enabled metrics, such as `shard-level metrics IncomingBytes, IncomingRecords`.
    var monitoring: String {
        shardMetrics.isEmpty
            ? "no shard-level metrics"
            : "shard-level metrics "
                + StreamMonitor.metrics.filter(StreamMonitor.expanded(shardMetrics).contains)
                .joined(separator: ", ")
    }
}
