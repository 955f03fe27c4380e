import Foundation
import JSON
import Processor

/// A parser of the output of `aws kinesis get-records`.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
enum KinesisRecords {
    /// Returns the records of the command's output; nil for other documents.
    ///
    /// - Parameter bytes: A JSON object with a list `Records`.
    /// - Throws: ``CommandError`` if the data of a record is not base64.
    static func records(ofOutput bytes: [UInt8], name: String) throws -> [RestoredRecord]? {
        guard let elements = PolledRecords.elements(of: bytes) else { return nil }
        guard let first = elements.first else {
            return (try? JSONValue(parsing: bytes))?["MillisBehindLatest"] == nil ? nil : []
        }
        guard try record(Array(bytes[first]), name: name) != nil else { return nil }
        return try elements.compactMap { try record(Array(bytes[$0]), name: name) }
    }

    /// Returns one record, for example of an NDJSON line; nil for other documents.
    static func record(_ bytes: [UInt8], name: String) throws -> RestoredRecord? {
        guard let value = try? JSONValue(parsing: bytes), value["kinesis"] == nil, value["data_type"] == nil,
            let sequence = LetterSequence(value["SequenceNumber"]?.string), let text = value["Data"]?.string
        else { return nil }
        guard let data = Data(base64Encoded: text) else {
            throw CommandError(
                description:
                    "\(name): the Data of record \(sequence.digits) is not base64; expected the output of get-records")
        }
        let arrival = value["ApproximateArrivalTimestamp"]
        return RestoredRecord(
            stream: nil, shard: value["ShardId"]?.string, sequenceNumber: sequence.digits,
            partitionKey: value["PartitionKey"]?.string ?? sequence.digits, data: [UInt8](data),
            arrival: arrival?.double ?? arrival?.string.flatMap { Timestamp($0) }?.seconds)
    }

    /// Splits records into batches for events: up to `batchSize` of one shard, within Lambda's size limit.
    static func parts(of records: [RestoredRecord], batchSize: Int) -> [ArraySlice<RestoredRecord>] {
        var parts: [ArraySlice<RestoredRecord>] = []
        var start = 0
        var bytes = 0
        for (index, record) in records.enumerated() {
            // The size in base64, with the other members.
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

/// The size limits of events.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
enum EventLimit {
    /// The limit of Lambda, in bytes.
    static let event = 6 << 20
    /// The target size of batches, with a margin because sizes are estimated.
    static let batch = 6_000_000

    /// Returns the approximate size of a record in an event, in bytes.
    static func size(ofData count: Int) -> Int { count / 3 * 4 + 700 }
}

extension Timestamp {
    fileprivate var seconds: Double { Double(secondsSinceEpoch) + Double(nanoseconds) / 1e9 }
}
