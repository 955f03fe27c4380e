import Basics
import Clients
import JSON

/// The members of a `DescribeStreamSummary` response that commands use.
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
    /// The KMS key, if records are encrypted.
    var keyID: String?
    /// The names of the enabled shard-level metrics.
    var shardMetrics: [String]
    var consumers: Int?
    /// The largest record that the stream accepts, in KiB; nil if AWS does not return it.
    var maxRecordKibibytes: Int?
    /// Whether Kinesis chooses the shard of each record and ignores its partition key.
    var ignoresPartitionKeys: Bool
    /// The stream as the API describes it.
    var json: JSONValue

    init(_ answer: JSONValue) throws(CommandError) {
        guard let summary = answer["StreamDescriptionSummary"], let name = summary["StreamName"]?.string,
            let arn = summary["StreamARN"]?.string, let status = summary["StreamStatus"]?.string
        else {
            throw CommandError(description: "kinesis DescribeStreamSummary: the response has no stream description")
        }
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
        let placeholder = StreamSummary.placeholderAnswer(of: self, in: session.region)
        let request = request("DescribeStreamSummary").standingIn(placeholder)
        return try StreamSummary(try await session.send(request).json())
    }

    /// Waits until the stream is `ACTIVE` and fulfills a condition.
    ///
    /// - Parameter what: The condition in words, such as `to become ACTIVE`.
    func wait(
        _ waiter: Waiter, _ session: AWSSession, for what: String = "to become ACTIVE",
        until isAsWanted: @escaping @Sendable (StreamSummary) -> Bool = { _ in true }
    ) async throws -> StreamSummary {
        try await waiter.wait(for: "stream \(name) \(what)") {
            let summary = try await summary(session)
            guard summary.status != "DELETING" else {
                throw CommandError(description: "stream \(name) is being deleted")
            }
            guard summary.status == "ACTIVE" else { return .pending(summary.status) }
            return isAsWanted(summary) ? .reached(summary) : .pending("ACTIVE, change pending")
        }
    }
}

extension StreamSummary {
    /// Returns a new stream, the placeholder in a dry run.
    static func placeholder(of stream: StreamReference, in region: String) throws -> StreamSummary {
        try StreamSummary(placeholderAnswer(of: stream, in: region))
    }

    fileprivate static func placeholderAnswer(of stream: StreamReference, in region: String) -> JSONValue {
        let arn =
            stream.arn ?? "arn:\(Partition(region: region).name):kinesis:\(region):ACCOUNT_ID:stream/\(stream.name)"
        return [
            "StreamDescriptionSummary": [
                "StreamName": .string(stream.name), "StreamARN": .string(arn), "StreamStatus": "ACTIVE",
                "OpenShardCount": 1,
            ]
        ]
    }
}
