import Foundation
import JSON
import Processor

/// The result of a put.
struct PutSummary: Equatable {
    var stream: String
    var records = 0
    var bytes = 0
    var requests = 0
    /// Entries that were rejected and retried.
    var retriedEntries = 0
    /// Records that were read and are not on the stream.
    var notPut = 0
    /// Of ``notPut``, records that may be on the stream because their request had no response.
    var unknown = 0
    /// Records that may be on the stream twice because an earlier request had no response.
    var possibleDuplicates = 0
    /// The number of records by shard ID, as bytes.
    var byShard: [[UInt8]: Int] = [:]
    var duration = Duration.zero

    private var shards: [(id: String, count: Int)] {
        byShard.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (String(decoding: $0.key, as: UTF8.self), $0.value) }
    }

    private var seconds: Double { duration / .seconds(1) }

    var text: String {
        let rate = seconds > 0 ? String(format: ", %.0f records/s", Double(records) / seconds) : ""
        let noun = records == 1 ? "record" : "records"
        var lines = [
            "put \(records) \(noun), \(String(format: "%.3f", Double(bytes) / 1e6)) MB, on \(stream) in "
                + "\(requests) request\(requests == 1 ? "" : "s")\(rate)"
        ]
        for (shard, count) in shards { lines.append("  \(MessageText.escaped(shard))  \(count)") }
        if retriedEntries > 0 { lines.append("rejected and retried: \(retriedEntries)") }
        if possibleDuplicates > 0 {
            lines.append("possible duplicates: \(possibleDuplicates) (an earlier request had no response)")
        }
        if notPut > 0 { lines.append("not put: \(notPut)") }
        if unknown > 0 { lines.append("  outcome unknown: \(unknown) (may be on the stream)") }
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        let shards = shards.map { JSONObject.Member(name: $0.id, value: .integer($0.count)) }
        return [
            "StreamName": .string(stream), "RecordsPut": .integer(records), "BytesPut": .integer(bytes),
            "Requests": .integer(requests), "RetriedEntries": .integer(retriedEntries), "NotPut": .integer(notPut),
            "Unknown": .integer(unknown), "PossibleDuplicates": .integer(possibleDuplicates),
            "RecordsByShard": .object(JSONObject(shards)), "Seconds": .decimal(seconds),
        ]
    }
}
