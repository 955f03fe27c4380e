import Foundation
import JSON
import Processor

/// Records as `aws kinesis get-records` prints them.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
enum KinesisRecords {
    /// The records of the command's whole output; nil when `bytes` is something else.
    ///
    /// - Parameter bytes: One JSON object with a list `Records`.
    /// - Throws: ``CommandError`` when one of the records has data that is not base64.
    static func records(ofOutput bytes: [UInt8], name: String) throws -> [RestoredRecord]? {
        guard let elements = PolledRecords.elements(of: bytes) else { return nil }
        guard let first = elements.first else {
            return (try? JSONValue(parsing: bytes))?["MillisBehindLatest"] == nil ? nil : []
        }
        guard try record(Array(bytes[first]), name: name) != nil else { return nil }
        return try elements.compactMap { try record(Array(bytes[$0]), name: name) }
    }

    /// One record, alone on its line for example; nil when `bytes` is something else.
    static func record(_ bytes: [UInt8], name: String) throws -> RestoredRecord? {
        guard let value = try? JSONValue(parsing: bytes), value["kinesis"] == nil, value["data_type"] == nil,
            let sequence = LetterSequence(value["SequenceNumber"]?.string), let text = value["Data"]?.string
        else { return nil }
        guard let data = Data(base64Encoded: text) else {
            throw CommandError(
                description: "\(name): the Data of record \(sequence.digits) is not base64, as get-records prints it")
        }
        let arrival = value["ApproximateArrivalTimestamp"]
        return RestoredRecord(
            stream: nil, shard: value["ShardId"]?.string, sequenceNumber: sequence.digits,
            partitionKey: value["PartitionKey"]?.string ?? sequence.digits, data: [UInt8](data),
            arrival: arrival?.double ?? arrival?.string.flatMap { Timestamp($0) }?.seconds)
    }

    /// Cuts records into what one event may contain: up to `batchSize` of one shard, and Lambda's limit of bytes.
    static func parts(of records: [RestoredRecord], batchSize: Int) -> [ArraySlice<RestoredRecord>] {
        var parts: [ArraySlice<RestoredRecord>] = []
        var start = 0
        var bytes = 0
        for (index, record) in records.enumerated() {
            // In base64, with the members around it.
            let size = EventLimit.size(ofData: record.data.count) + record.partitionKey.utf8.count
            let isOfOtherShard =
                index > start && !isSame(record.shard, records[start].shard)
                || index > start && !isSame(record.stream, records[start].stream)
            if index > start, isOfOtherShard || index - start >= batchSize || bytes + size > EventLimit.batch {
                parts.append(records[start..<index])
                (start, bytes) = (index, 0)
            }
            bytes += size
        }
        return start < records.count ? parts + [records[start...]] : parts
    }

    private static func isSame(_ left: String?, _ right: String?) -> Bool {
        (left ?? "").utf8.elementsEqual((right ?? "").utf8)
    }
}

/// How large an event may be.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
enum EventLimit {
    /// What Lambda accepts, in bytes.
    static let event = 6 << 20
    /// What records are put together to, with room for what is estimated.
    static let batch = 6_000_000

    /// About how many bytes of an event a record with this much data takes.
    static func size(ofData count: Int) -> Int { count / 3 * 4 + 700 }
}

extension Timestamp {
    fileprivate var seconds: Double { Double(secondsSinceEpoch) + Double(nanoseconds) / 1e9 }
}
