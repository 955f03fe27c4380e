import Clients

/// Checks of CloudWatch metrics for the last five minutes.
extension Check {
    static let metrics = [
        Check(name: "Write throttling", needs: [.stream]) { context in try await writeThrottling(&context) },
        Check(name: "Read throttling", needs: [.stream]) { context in try await readThrottling(&context) },
        Check(name: "Iterator age", needs: [.stream]) { context in try await iteratorAge(&context) },
        Check(name: "Function errors", needs: [.function]) { context in try await errors(&context) },
        Check(name: "Function throttles", needs: [.function]) { context in try await throttles(&context) },
    ]

    private static func writeThrottling(_ context: inout DiagnosisContext) async throws -> Finding {
        let count = try await context.streamCount("WriteProvisionedThroughputExceeded")
        guard count > 0, let summary = context.summary else { return .ok("none in 5 minutes") }
        let text = "\(count) records were throttled in 5 minutes; they are lost unless the producer retries them"
        return summary.isOnDemand
            ? .fault(text, "spread partition keys; an on-demand stream accepts twice its recent peak, then scales")
            : .fault(
                text, Remedy.scale(summary.name, to: max(1, summary.openShards) * 2),
                "or spread partition keys if one shard is hot")
    }

    private static func readThrottling(_ context: inout DiagnosisContext) async throws -> Finding {
        let count = try await context.streamCount("ReadProvisionedThroughputExceeded")
        guard count > 0, let summary = context.summary else { return .ok("none in 5 minutes") }
        return .warning(
            "\(count) reads were throttled in 5 minutes: consumers share 2 MB and 5 calls per second and shard",
            Remedy.registerConsumer(summary.name, context.functionName))
    }

    /// Checks how far the function is behind: a minute is a warning, and 15 minutes are a fault.
    private static func iteratorAge(_ context: inout DiagnosisContext) async throws -> Finding {
        guard let summary = context.summary else { return .unknown("the stream is not known") }
        let ages =
            try await context.values(
                "GetRecords.IteratorAgeMilliseconds", of: "AWS/Kinesis", .maximum, .init("StreamName", summary.name))
            + context.values("IteratorAge", of: "AWS/Lambda", .maximum, context.functionDimension)
        guard let age = ages.max() else {
            return .unknown("no data in 5 minutes: nothing reads the stream, or CloudWatch is delayed")
        }
        let text = "the oldest record is \(duration(age)) old"
        guard age > 60_000 else { return .ok(text) }
        let advice = [
            Remedy.readLog(context.functionName),
            context.mapping.map { Remedy.updateMapping($0.uuid, "--parallelization-factor 10") },
        ].compactMap { $0 }
        guard age <= 900_000 else {
            return Finding(
                verdict: .fault, text: "\(text); the stream retains records for \(summary.retentionHours) h",
                advice: advice)
        }
        return Finding(verdict: .warning, text: text, advice: advice)
    }

    private static func errors(_ context: inout DiagnosisContext) async throws -> Finding {
        let errors = try await context.functionCount("Errors")
        let invocations = try await context.functionCount("Invocations")
        guard errors > 0 else { return .ok("none in \(invocations) invocations in 5 minutes") }
        let text = "\(errors) of \(invocations) invocations failed in 5 minutes"
        let advice = Remedy.readLog(context.functionName)
        return errors >= invocations ? .fault(text, advice) : .warning(text, advice)
    }

    private static func throttles(_ context: inout DiagnosisContext) async throws -> Finding {
        let throttles = try await context.functionCount("Throttles")
        guard throttles > 0 else { return .ok("none in 5 minutes") }
        return .warning(
            "\(throttles) invocations were throttled in 5 minutes",
            Remedy.freeConcurrency(context.functionName), "or ask for a higher quota of concurrent executions")
    }

    /// Returns a duration with a suitable unit.
    ///
    /// - Parameter milliseconds: The duration, which must not be negative.
    private static func duration(_ milliseconds: Double) -> String {
        switch milliseconds {
        case ..<1000: "\(Int(milliseconds.rounded())) ms"
        case ..<120_000: "\(Int((milliseconds / 1000).rounded())) s"
        case ..<7_200_000: "\(Int((milliseconds / 60_000).rounded())) min"
        // Numbers beyond the range of integers are not rounded.
        default:
            milliseconds < 1e15 ? "\(Int((milliseconds / 3_600_000).rounded())) h" : "\(milliseconds / 3_600_000) h"
        }
    }
}

extension DiagnosisContext {
    /// The dimension of the function's metrics, which is its name without account and alias.
    fileprivate var functionDimension: MetricQuery.Dimension {
        .init("FunctionName", configuration["FunctionName"]?.string ?? functionName)
    }

    fileprivate mutating func streamCount(_ metric: String) async throws -> Int {
        let values = try await values(metric, of: "AWS/Kinesis", .sum, .init("StreamName", streamReference.name))
        return Self.total(values)
    }

    fileprivate mutating func functionCount(_ metric: String) async throws -> Int {
        Self.total(try await values(metric, of: "AWS/Lambda", .sum, functionDimension))
    }

    private static func total(_ values: [Double]) -> Int {
        Int(exactly: values.reduce(0, +).rounded()) ?? Int.max
    }
}
