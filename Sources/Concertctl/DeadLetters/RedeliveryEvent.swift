import Basics
import Clients
import Foundation
import JSON
import Processor

/// An event that redelivers records of one stream and shard to a function, in order.
///
/// Each record keeps its sequence number, sub-sequence number and arrival, and so its version.
struct RedeliveryEvent: Sendable {
    /// Nil for a local bootstrap.
    var function: FunctionReference?
    /// The indices of its records in the plan.
    var numbers: [Int]
    var bytes: [UInt8]

    /// The largest event, in bytes; Lambda accepts slightly more.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    static let byteLimit = 6_000_000
    /// The most records of an event, so that a response with all of them does not exceed Lambda's limit.
    static let recordLimit = 500
}

/// The events of a plan, created one by one.
struct RedeliveryEvents {
    private let records: [LetterPlan.PlannedRecord]
    /// Whether Lambda's size limit applies.
    private let isBounded: Bool
    /// The remaining records of each function, stream, and shard, in reverse order.
    private var groups: [ArraySlice<Int>] = []
    /// The indices of records that are too large for any event.
    private(set) var tooLarge: [Int] = []

    init(_ records: [LetterPlan.PlannedRecord], isBounded: Bool) {
        (self.records, self.isBounded) = (records, isBounded)
        var order: [[UInt8]] = []
        var byKey: [[UInt8]: [Int]] = [:]
        for (number, entry) in records.enumerated() {
            let words = [entry.function?.text, entry.record.stream, entry.record.shard]
            let key = Array(words.map { $0.map { [UInt8(1)] + Array($0.utf8) } ?? [] }.joined(separator: [0]))
            if byKey[key] == nil { order.append(key) }
            byKey[key, default: []].append(number)
        }
        groups = order.reversed().map { key in
            let numbers = (byKey[key] ?? []).sorted { left, right in
                Self.position(records[left].record) < Self.position(records[right].record)
            }
            return numbers[...]
        }
    }

    private static func position(_ record: RestoredRecord) -> (LetterSequence, Int) {
        (LetterSequence(of: record), record.subSequenceNumber ?? -1)
    }

    /// Returns the next event; nil after the last one.
    mutating func next() -> RedeliveryEvent? {
        while var group = groups.popLast() {
            var event = RedeliveryEvent(function: nil, numbers: [], bytes: Array(Self.opening.utf8))
            while let number = group.first, event.numbers.count < RedeliveryEvent.recordLimit {
                let record = Self.json(of: records[number].record)
                if event.bytes.count + record.count + 3 > RedeliveryEvent.byteLimit {
                    guard event.numbers.isEmpty else { break }
                    if isBounded {
                        tooLarge.append(number)
                        group.removeFirst()
                        continue
                    }
                }
                if !event.numbers.isEmpty { event.bytes.append(UInt8(ascii: ",")) }
                event.bytes += record
                event.numbers.append(number)
                event.function = records[number].function
                group.removeFirst()
            }
            if !group.isEmpty { groups.append(group) }
            guard !event.numbers.isEmpty else { continue }
            event.bytes += Array("]}".utf8)
            return event
        }
        return nil
    }

    private static let opening = #"{"redelivery":true,"Records":["#

    /// Returns a record of a Kinesis event, without unknown members.
    static func json(of record: RestoredRecord) -> [UInt8] {
        var writer = JSONWriter()
        func write(_ key: String, _ value: String?) {
            guard let value else { return }
            writer.key(key)
            writer.string(value)
        }
        let stream = record.stream.flatMap { KinesisStreamARN($0) }
        writer.openObject()
        writer.key("kinesis")
        writer.openObject()
        write("kinesisSchemaVersion", "1.0")
        write("partitionKey", record.hasPartitionKey ? record.partitionKey : nil)
        write("sequenceNumber", record.sequenceNumber)
        if let number = record.subSequenceNumber {
            writer.key("subSequenceNumber")
            writer.integer(number)
        }
        write("data", record.rawText ?? Data(record.data).base64EncodedString())
        if let arrival = record.arrival, (0..<1e11).contains(arrival) {
            writer.key("approximateArrivalTimestamp")
            writer.number(arrival)
        }
        writer.closeObject()
        write("eventSource", "aws:kinesis")
        write("eventVersion", "1.0")
        write("eventID", record.shard.map { "\($0):\(record.sequenceNumber)" })
        write("eventName", "aws:kinesis:record")
        write("awsRegion", stream?.arn.region)
        write("eventSourceARN", stream?.arn.description ?? record.stream)
        writer.closeObject()
        return writer.bytes
    }
}
