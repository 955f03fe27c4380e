import Clients

/// What CloudWatch counted in the last five minutes.
extension Check {
    static let figures = [
        Check(name: "Write throttling", needs: [.stream]) { examination in try await writeThrottling(&examination) },
        Check(name: "Read throttling", needs: [.stream]) { examination in try await readThrottling(&examination) },
        Check(name: "Iterator age", needs: [.stream]) { examination in try await iteratorAge(&examination) },
        Check(name: "Function errors", needs: [.function]) { examination in try await errors(&examination) },
        Check(name: "Function throttles", needs: [.function]) { examination in try await throttles(&examination) },
    ]

    private static func writeThrottling(_ examination: inout Examination) async throws -> Finding {
        let count = try await examination.streamCount("WriteProvisionedThroughputExceeded")
        guard count > 0, let summary = examination.summary else { return .ok("none in 5 minutes") }
        let text = "\(count) records were refused in 5 minutes; a producer that does not try them again loses them"
        return summary.isOnDemand
            ? .fault(text, "spread partition keys; an on-demand stream takes twice its recent peak, then grows")
            : .fault(
                text, Remedy.scale(summary.name, to: max(1, summary.openShards) * 2),
                "or spread partition keys, if one shard is hot")
    }

    private static func readThrottling(_ examination: inout Examination) async throws -> Finding {
        let count = try await examination.streamCount("ReadProvisionedThroughputExceeded")
        guard count > 0, let summary = examination.summary else { return .ok("none in 5 minutes") }
        return .warning(
            "\(count) reads were refused in 5 minutes: consumers share 2 MB and 5 calls a second and shard",
            Remedy.registerConsumer(summary.name, examination.functionName))
    }

    /// How far behind the function is: a minute is a backlog, and a quarter of an hour is an outage.
    private static func iteratorAge(_ examination: inout Examination) async throws -> Finding {
        guard let summary = examination.summary else { return .unknown("the stream is not known") }
        let ages =
            try await examination.values(
                "GetRecords.IteratorAgeMilliseconds", of: "AWS/Kinesis", .maximum, .init("StreamName", summary.name))
            + examination.values("IteratorAge", of: "AWS/Lambda", .maximum, examination.functionDimension)
        guard let age = ages.max() else {
            return .unknown("no figures in 5 minutes: nothing reads the stream, or CloudWatch is behind")
        }
        let text = "the oldest record waited \(duration(age))"
        guard age > 60_000 else { return .ok(text) }
        let advice = [
            Remedy.readLog(examination.functionName),
            examination.mapping.map { Remedy.updateMapping($0.uuid, "--parallelization-factor 10") },
        ].compactMap { $0 }
        guard age <= 900_000 else {
            return Finding(
                verdict: .fault, text: "\(text) of the \(summary.retentionHours) h that the stream keeps it",
                advice: advice)
        }
        return Finding(verdict: .warning, text: text, advice: advice)
    }

    private static func errors(_ examination: inout Examination) async throws -> Finding {
        let errors = try await examination.functionCount("Errors")
        let invocations = try await examination.functionCount("Invocations")
        guard errors > 0 else { return .ok("none of \(invocations) invocations in 5 minutes") }
        let text = "\(errors) of \(invocations) invocations failed in 5 minutes"
        let advice = Remedy.readLog(examination.functionName)
        return errors >= invocations ? .fault(text, advice) : .warning(text, advice)
    }

    private static func throttles(_ examination: inout Examination) async throws -> Finding {
        let throttles = try await examination.functionCount("Throttles")
        guard throttles > 0 else { return .ok("none in 5 minutes") }
        return .warning(
            "\(throttles) invocations were refused in 5 minutes for want of concurrency",
            Remedy.freeConcurrency(examination.functionName), "or ask for a higher quota of concurrent executions")
    }

    /// - Parameter milliseconds: Not negative.
    private static func duration(_ milliseconds: Double) -> String {
        switch milliseconds {
        case ..<1000: "\(Int(milliseconds.rounded())) ms"
        case ..<120_000: "\(Int((milliseconds / 1000).rounded())) s"
        case ..<7_200_000: "\(Int((milliseconds / 60_000).rounded())) min"
        // As text beyond any whole number.
        default:
            milliseconds < 1e15 ? "\(Int((milliseconds / 3_600_000).rounded())) h" : "\(milliseconds / 3_600_000) h"
        }
    }
}

extension Examination {
    /// By name alone: a metric of the function has no account and no alias.
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
