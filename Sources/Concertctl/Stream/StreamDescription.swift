import Basics
import JSON
import Processor

/// The complete description of a stream.
struct StreamDescription: Sendable {
    var summary: StreamSummary
    var shards: [JSONValue]
    var tags: StreamTags
    var consumers: [JSONValue]

    init(of stream: StreamReference, _ session: AWSSession) async throws {
        summary = try await stream.summary(session)
        // AWS returns nothing else about a stream that is being created or deleted.
        let isThere = ["ACTIVE", "UPDATING"].contains(summary.status)
        shards = isThere ? try await stream.shards(session) : []
        tags = isThere ? try await stream.tags(session) : StreamTags()
        consumers = isThere ? try await summary.consumers(session) : []
    }

    /// The API's objects by their names.
    var members: [(String, JSONValue?)] {
        [
            ("StreamDescriptionSummary", summary.json), ("Shards", .array(shards)), ("Tags", tags.list),
            ("Consumers", .array(consumers)),
        ]
    }

    /// The text output.
    var text: String {
        let shards = shards.map(Shard.init)
        let closed = shards.count { !$0.isOpen }
        let rows = [
            ("stream", summary.name), ("ARN", summary.arn), ("status", summary.status),
            ("created", summary.json["StreamCreationTimestamp"]?.double.map(TimestampText.text) ?? "unknown"),
            ("mode", "\(summary.mode.rawValue), \(summary.openShardsText)" + (closed > 0 ? ", \(closed) closed" : "")),
            ("retention", "\(summary.retentionHours) h"), ("encryption", summary.encryption),
            ("monitoring", summary.monitoring),
            ("record size", summary.maxRecordKibibytes.map { "up to \($0) KiB" } ?? ""),
            ("distribution", summary.ignoresPartitionKeys ? Self.automaticDistribution : ""),
            ("tags", tags.text), ("consumers", consumersText),
        ].filter { !$0.1.isEmpty }
        return Help.table(rows.map { ($0, MessageText.escaped($1)) }) + (shards.isEmpty ? "" : "\n\n" + table(shards))
    }

    /// The effect of the `RecordDistributionStrategy` `AUTO` on consumers.
    static let automaticDistribution = "AUTO: partition keys are ignored, so there is no order per key"

    private var consumersText: String {
        let texts = consumers.map { "\($0["ConsumerName"]?.string ?? "") (\($0["ConsumerStatus"]?.string ?? ""))" }
        return texts.isEmpty ? "none registered" : texts.joined(separator: ", ")
    }

    private func table(_ shards: [Shard]) -> String {
        var table = TextTable(["SHARD", "STATE", "HASH KEYS", ">SHARE", "PARENTS"])
        for shard in shards {
            table.add([
                MessageText.escaped(shard.id), shard.isOpen ? "open" : "closed", shard.hashKeyText, shard.share,
                shard.parents.isEmpty ? "-" : MessageText.escaped(shard.parents.joined(separator: ", ")),
            ])
        }
        return table.text
    }
}
