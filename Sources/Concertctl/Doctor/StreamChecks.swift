import Clients

/// Checks of the stream.
extension Check {
    static let stream = [
        Check(name: "Stream", needs: [.aws]) { context in try await stream(&context) },
        Check(name: "Encryption", needs: [.stream]) { context in encryption(context) },
        Check(name: "Enhanced monitoring", needs: [.stream]) { context in monitoring(context) },
        Check(name: "Distribution", needs: [.stream]) { context in distribution(context) },
        Check(name: "Record size", needs: [.stream]) { context in recordSize(context) },
        Check(name: "Fan-out consumers", needs: [.stream]) { context in try await consumers(&context) },
    ]

    private static func stream(_ context: inout DiagnosisContext) async throws -> Finding {
        let name = context.streamReference.name
        let summary: StreamSummary
        do {
            summary = try StreamSummary(try await context.json(context.describeStream))
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "stream \(name) does not exist in \(context.region)", Remedy.listStreams, Remedy.setUp(name))
        }
        context.summary = summary
        let mode = summary.isOnDemand ? "on-demand" : "provisioned"
        let shards = "\(summary.openShards) shard\(summary.openShards == 1 ? "" : "s")"
        let text = "\(name) is \(summary.status), \(mode), \(shards), retention \(summary.retentionHours) h"
        switch summary.status {
        case "ACTIVE": return .ok(text)
        // The stream remains available in this state.
        case "UPDATING": return .warning(text, "changes are possible once it is ACTIVE: run this again in a minute")
        case "CREATING":
            return .fault(text, "wait until it is ACTIVE", Remedy.describe(name))
        default: return .fault(text, Remedy.setUp(name))
        }
    }

    private static func distribution(_ context: DiagnosisContext) -> Finding {
        guard let summary = context.summary else { return .unknown("the stream is not known") }
        guard summary.ignoresPartitionKeys else { return .ok("by partition key") }
        return .warning(
            "\(StreamDescription.automaticDistribution): an older version of an entity can be processed after a newer one",
            Remedy.distributeByPartitionKey(summary.arn))
    }

    private static func recordSize(_ context: DiagnosisContext) -> Finding {
        guard let summary = context.summary else { return .unknown("the stream is not known") }
        let size = summary.maxRecordKibibytes ?? StreamRecordSize.standard
        let text = "records of up to \(size) KiB"
        guard StreamRecordSize.fitsIntoAnEvent(size) else {
            return .warning(
                text + ": the largest do not fit into the 6 MB of a Lambda event and do not reach the function",
                Remedy.limitRecords(summary.name, kibibytes: 4096))
        }
        return .ok(text)
    }

    /// Checks the number of consumers, whose limit depends on the account's setting for on-demand Advantage.
    private static func consumers(_ context: inout DiagnosisContext) async throws -> Finding {
        guard let summary = context.summary else { return .unknown("the stream is not known") }
        var mode = "provisioned"
        var limit = Prices.consumers
        if summary.isOnDemand {
            let settings = try await context.json(.kinesis("DescribeAccountSettings", [:]))
            let status = settings["MinimumThroughputBillingCommitment"]?["Status"]?.string ?? "unknown"
            switch status {
            case "ENABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END":
                (mode, limit) = ("on-demand Advantage", Prices.advantageConsumers)
            case "DISABLED": mode = "on-demand Standard"
            default: mode = "on-demand, commitment \(status)"
            }
        }
        let count = summary.consumers ?? 0
        let text = "\(count) of \(limit), \(mode)"
        guard count < limit else {
            return .warning(
                text + ": no other consumer can be registered",
                "concertctl stream consumer list --stream-name \(summary.name)")
        }
        return .ok(text)
    }

    private static func encryption(_ context: DiagnosisContext) -> Finding {
        guard let summary = context.summary else { return .unknown("the stream is not known") }
        guard let key = summary.keyID else {
            return .warning("records are stored unencrypted", Remedy.encrypt(summary.name))
        }
        return .ok("on, with \(key.isEmpty ? "a KMS key" : key)")
    }

    private static func monitoring(_ context: DiagnosisContext) -> Finding {
        guard let summary = context.summary else { return .unknown("the stream is not known") }
        guard !summary.shardMetrics.isEmpty else {
            return .warning("off: metrics of the stream do not show a hot shard", Remedy.monitor(summary.name))
        }
        return .ok("on: " + summary.shardMetrics.joined(separator: ", "))
    }
}
