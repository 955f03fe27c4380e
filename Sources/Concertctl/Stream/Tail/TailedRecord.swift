import Foundation
import JSON
import Processor

/// One record of the stream as it is printed: a head, and under it what is in it.
struct TailedRecord {
    private let shard: String
    private let sequenceNumber: String
    private let partitionKey: String?
    /// In seconds since the Unix epoch; nil where the answer has none, or none that a calendar knows.
    private let arrival: Double?
    /// In base64, as it came.
    private let text: String
    /// Nil when `text` is no base64.
    let data: [UInt8]?

    init(_ record: JSONValue, shard: String) {
        self.shard = shard
        sequenceNumber = record["SequenceNumber"]?.string ?? ""
        partitionKey = record["PartitionKey"]?.string
        arrival = record["ApproximateArrivalTimestamp"]?.double.flatMap {
            (0..<253_402_300_800).contains($0) ? $0 : nil
        }
        text = record["Data"]?.string ?? ""
        data = Data(base64Encoded: text).map { [UInt8]($0) }
    }

    /// The record as an event can hold it; nil when its data are no base64.
    ///
    /// - Parameter stream: The stream's ARN.
    func restored(stream: String?) -> RestoredRecord? {
        guard let data else { return nil }
        return RestoredRecord(
            stream: stream, shard: shard, sequenceNumber: sequenceNumber, partitionKey: partitionKey ?? sequenceNumber,
            data: data, arrival: arrival)
    }
}

/// For people, control characters escaped.
extension TailedRecord {
    /// Which record it is.
    func head(_ style: TerminalStyle) -> TerminalText {
        let time = arrival.map { Timestamp(millisecondsSinceEpoch: Int64($0 * 1000)).iso8601(fractionDigits: 3) }
        let key = partitionKey.map { "key=\($0)" }
        let words = [time, shard, sequenceNumber, key].compactMap { $0 }
        return style.bold("\(words.joined(separator: "  "))")
    }

    /// What is in it, or in one of its user records.
    static func body(_ content: RecordReader.Content, _ style: TerminalStyle) -> TerminalText {
        switch content {
        case .test: "  \(style.yellow("test record"))"
        case .bad(let error): "  \(style.red("bad record, \(error.reason.rawValue)")): \(error.message)"
        case .entity(let kind, let document):
            "  \(style.cyan("\(EntityCatalog.builtIn[kind].name)")) \(lines(of: (try? JSONValue(parsing: document)) ?? .null))"
        }
    }

    private static func lines(of document: JSONValue) -> TerminalText {
        let lines = document.prettyText.utf8.split(separator: UInt8(ascii: "\n"))
        return .lines(lines.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n  "))
    }
}

/// For programs.
extension TailedRecord {
    /// One user record as an object.
    ///
    /// Its `Data` are its own bytes: an aggregate's, with each of its records, would be a flood.
    func json(_ record: RecordReader.UserRecord) -> JSONValue {
        let content: [(String, JSONValue?)] =
            switch record.content {
            case .test: [("Test", true)]
            case .bad(let error): [("Reason", .string(error.reason.rawValue)), ("Message", .string(error.message))]
            case .entity(let kind, let document):
                [("Kind", .string(EntityCatalog.builtIn[kind].name)), ("Entity", try? JSONValue(parsing: document))]
            }
        return json(
            record.subSequenceNumber, content, data: data == nil ? text : Data(record.data).base64EncodedString())
    }

    /// An aggregate that holds no record at all.
    var jsonOfNothing: JSONValue { json(nil, [], data: text) }

    private func json(_ subSequenceNumber: Int?, _ content: [(String, JSONValue?)], data: String) -> JSONValue {
        .object(
            ofPresent: [
                ("ShardId", .string(shard)), ("SequenceNumber", .string(sequenceNumber)),
                ("SubSequenceNumber", subSequenceNumber.map { .integer($0) }),
                ("PartitionKey", partitionKey.map { .string($0) }),
                ("ApproximateArrivalTimestamp", arrival.map { .decimal($0) }),
            ] + content + [("Data", .string(data))])
    }

    /// A user record's payload as one line, inflated where it was compressed; nil when it is no JSON.
    ///
    /// - Parameter isForPeople: Whether a terminal shows it, which acts on some characters that JSON may hold.
    static func raw(_ data: [UInt8], isForPeople: Bool) -> [UInt8]? {
        let bytes = RecordReader.inflated(data) ?? data
        guard JSONScanner.isOneValue(bytes) else { return nil }
        if isForPeople, let value = try? JSONValue(parsing: bytes) { return value.bytes }
        // Line ends between tokens are white space, and inside strings JSON has none.
        return bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    }
}
