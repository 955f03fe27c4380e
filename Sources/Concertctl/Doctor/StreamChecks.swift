import Clients

/// The stream itself.
extension Check {
    static let stream = [
        Check(name: "Stream", needs: [.aws]) { examination in try await stream(&examination) },
        Check(name: "Encryption", needs: [.stream]) { examination in encryption(examination) },
        Check(name: "Enhanced monitoring", needs: [.stream]) { examination in monitoring(examination) },
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
