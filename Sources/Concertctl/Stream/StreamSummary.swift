import Clients
import JSON

/// What `DescribeStreamSummary` tells, as far as commands act on it.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StreamDescriptionSummary.html>
struct StreamSummary: Sendable, Equatable {
    var name: String
    var arn: String
    /// `CREATING`, `DELETING`, `ACTIVE`, `UPDATING`.
    var status: String
    var isOnDemand: Bool
    var openShards: Int
    var retentionHours: Int
    /// The key, where records are encrypted.
    var keyID: String?
    /// Names of shard-level metrics that are on.
    var shardMetrics: [String]
    var consumers: Int?
    /// The largest record that the stream takes, in KiB; nil where AWS does not say.
    var maxRecordKibibytes: Int?
    /// Whether Kinesis itself chooses the shard of each record and ignores its partition key.
    var ignoresPartitionKeys: Bool
    /// The whole answer.
    var json: JSONValue

    init(_ answer: JSONValue) throws(CommandError) {
        guard let summary = answer["StreamDescriptionSummary"], let name = summary["StreamName"]?.string,
            let arn = summary["StreamARN"]?.string, let status = summary["StreamStatus"]?.string
        else { throw CommandError(description: "kinesis DescribeStreamSummary: the answer describes no stream") }
        (self.name, self.arn, self.status, json) = (name, arn, status, summary)
        isOnDemand = summary["StreamModeDetails"]?["StreamMode"]?.string == "ON_DEMAND"
        openShards = summary["OpenShardCount"]?.integer ?? 0
        retentionHours = summary["RetentionPeriodHours"]?.integer ?? 24
        keyID = summary["EncryptionType"]?.string == "KMS" ? summary["KeyId"]?.string ?? "" : nil
        let monitoring = summary["EnhancedMonitoring"]?.array ?? []
        shardMetrics = monitoring.flatMap { $0["ShardLevelMetrics"]?.array ?? [] }.compactMap(\.string)
        consumers = summary["ConsumerCount"]?.integer
        maxRecordKibibytes = summary["MaxRecordSizeInKiB"]?.integer.flatMap {
            StreamRecordSize.range.contains($0) ? $0 : nil
        }
        ignoresPartitionKeys = summary["RecordDistributionStrategy"]?.string == "AUTO"
    }
}

extension StreamReference {
    func summary(_ session: AWSSession) async throws -> StreamSummary {
        try StreamSummary(try await session.read(request("DescribeStreamSummary")))
    }

    /// Waits until the stream is `ACTIVE` again after a change.
    func waitUntilActive(_ session: AWSSession, _ waiter: Waiter) async throws -> StreamSummary {
        try await waiter.wait(for: "stream \(name) to become ACTIVE") {
            let summary = try await summary(session)
            return summary.status == "ACTIVE" ? .reached(summary) : .pending(summary.status)
        }
    }
}

extension StreamSummary {
    /// A new stream as a dry run imagines it, for nothing may be asked.
    static func placeholder(of stream: StreamReference, in region: String) throws -> StreamSummary {
        let arn =
            stream.arn ?? "arn:\(Partition(region: region).name):kinesis:\(region):ACCOUNT_ID:stream/\(stream.name)"
        return try StreamSummary([
            "StreamDescriptionSummary": [
                "StreamName": .string(stream.name), "StreamARN": .string(arn), "StreamStatus": "ACTIVE",
                "OpenShardCount": 1,
            ]
        ])
    }
}
