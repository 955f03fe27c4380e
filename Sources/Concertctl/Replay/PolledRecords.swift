import Foundation
import JSON
import Poller

/// The records of events, as the poller delivers them.
enum PolledRecords {
    /// A record with its shard and its stream.
    struct SourceRecord {
        var record: PolledRecord
        var shard: String
        var stream: String?
    }

    /// Returns nil if `event` is not a Kinesis event that can be split.
    static func records(of event: ReplayEvent) -> [SourceRecord]? {
        var sources: [SourceRecord] = []
        guard let elements = elements(of: event.bytes) else { return nil }
        for element in elements {
            let json = Array(event.bytes[element])
            guard let record = try? JSONValue(parsing: json), let kinesis = record["kinesis"],
                let sequence = kinesis["sequenceNumber"]?.string
            else { return nil }
            let arrival = kinesis["approximateArrivalTimestamp"]?.double.flatMap { (0..<1e11).contains($0) ? $0 : nil }
            sources.append(
                SourceRecord(
                    record: PolledRecord(
                        sequenceNumber: sequence, partitionKey: kinesis["partitionKey"]?.string ?? sequence,
                        arrival: Int64((arrival ?? 0) * 1000), json: json),
                    shard: record["eventID"]?.string.map(shard) ?? "shardId-000000000000",
                    stream: record["eventSourceARN"]?.string))
        }
        return sources
    }

    /// Returns the part of an event ID before its colon.
    private static func shard(ofEventID text: String) -> String {
        String(decoding: text.utf8.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    }

    /// Returns the ranges of the elements of the list `Records`; nil if `bytes` is not an object with such a list.
    static func elements(of bytes: [UInt8]) -> [Range<Int>]? {
        var scanner = JSONScanner()
        var found: [Range<Int>]?
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes.span)
            guard try scanner.kind(in: bytes.span) == .object else { return nil }
            var key = try scanner.openObject(in: bytes.span)
            while let name = key {
                if bytes.span.string(name.range) == "Records", try scanner.kind(in: bytes.span) == .array {
                    found = try elements(&scanner, in: bytes.span)
                } else {
                    try scanner.skipValue(in: bytes.span)
                }
                key = try scanner.nextKey(in: bytes.span)
            }
            try scanner.finish(in: bytes.span)
            return found
        } catch {
            return nil
        }
    }

    private static func elements(_ scanner: inout JSONScanner, in bytes: Swift.Span<UInt8>) throws(JSONError) -> [Range<
        Int
    >] {
        var elements: [Range<Int>] = []
        var goesOn = try scanner.openArray(in: bytes)
        while goesOn {
            _ = try scanner.kind(in: bytes)
            let start = scanner.offset
            try scanner.skipValue(in: bytes)
            elements.append(start..<scanner.offset)
            goesOn = try scanner.nextElement(in: bytes)
        }
        return elements
    }
}
