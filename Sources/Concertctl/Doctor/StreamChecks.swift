import Clients

/// The stream itself.
extension Check {
    static let stream = [
        Check(name: "Stream", needs: [.aws]) { examination in try await stream(&examination) },
        Check(name: "Encryption", needs: [.stream]) { examination in encryption(examination) },
        Check(name: "Enhanced monitoring", needs: [.stream]) { examination in monitoring(examination) },
        Check(name: "Distribution", needs: [.stream]) { examination in distribution(examination) },
        Check(name: "Record size", needs: [.stream]) { examination in recordSize(examination) },
        Check(name: "Fan-out consumers", needs: [.stream]) { examination in try await consumers(&examination) },
    ]

    private static func stream(_ examination: inout Examination) async throws -> Finding {
        let name = examination.streamReference.name
        let summary: StreamSummary
        do {
            summary = try StreamSummary(try await examination.json(examination.describeStream))
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "there is no stream \(name) in \(examination.region)", Remedy.listStreams, Remedy.setUp(name))
        }
        examination.summary = summary
        let mode = summary.isOnDemand ? "on-demand" : "provisioned"
        let shards = "\(summary.openShards) shard\(summary.openShards == 1 ? "" : "s")"
        let text = "\(name) is \(summary.status), \(mode), \(shards), keeps records \(summary.retentionHours) h"
        switch summary.status {
        case "ACTIVE": return .ok(text)
        // It takes and gives records meanwhile.
        case "UPDATING": return .warning(text, "changes wait until it is ACTIVE: run this again in a minute")
        case "CREATING":
            return .fault(text, "wait until it is ACTIVE", Remedy.describe(name))
        default: return .fault(text, Remedy.setUp(name))
        }
    }

    private static func distribution(_ examination: Examination) -> Finding {
        guard let summary = examination.summary else { return .unknown("the stream is not known") }
        guard summary.ignoresPartitionKeys else { return .ok("by partition key") }
        return .warning(
            "\(StreamDescription.automaticDistribution): an older version of an entity can be processed after a newer one",
            Remedy.distributeByPartitionKey(summary.arn))
    }

    private static func recordSize(_ examination: Examination) -> Finding {
        guard let summary = examination.summary else { return .unknown("the stream is not known") }
        let size = summary.maxRecordKibibytes ?? StreamRecordSize.standard
        let text = "records of up to \(size) KiB"
        guard StreamRecordSize.fitsIntoAnEvent(size) else {
            return .warning(
                text + ": the largest do not fit into the 6 MB of a Lambda event and do not reach the function",
                Remedy.limitRecords(summary.name, kibibytes: 4096))
        }
        return .ok(text)
    }

    /// How many consumers there are, and may be: on-demand Advantage is a setting of the whole account.
    private static func consumers(_ examination: inout Examination) async throws -> Finding {
        guard let summary = examination.summary else { return .unknown("the stream is not known") }
        var mode = "provisioned"
        var limit = Prices.consumers
        if summary.isOnDemand {
            let settings = try await examination.json(.kinesis("DescribeAccountSettings", [:]))
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

    private static func encryption(_ examination: Examination) -> Finding {
        guard let summary = examination.summary else { return .unknown("the stream is not known") }
        guard let key = summary.keyID else {
            return .warning("records are stored unencrypted", Remedy.encrypt(summary.name))
        }
        return .ok("on, with \(key.isEmpty ? "a KMS key" : key)")
    }

    private static func monitoring(_ examination: Examination) -> Finding {
        guard let summary = examination.summary else { return .unknown("the stream is not known") }
        guard !summary.shardMetrics.isEmpty else {
            return .warning("off: a hot shard does not show in the stream's figures", Remedy.monitor(summary.name))
        }
        return .ok("on: " + summary.shardMetrics.joined(separator: ", "))
    }
}
