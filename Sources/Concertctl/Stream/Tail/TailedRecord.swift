import Foundation
import JSON
import Processor

/// The printed form of one record: a header line and the decoded contents.
struct TailedRecord {
    private let shard: String
    private let sequenceNumber: String
    private let partitionKey: String?
    /// In seconds since the Unix epoch; nil if the response has no valid time.
    private let arrival: Double?
    /// The base64 text of the response.
    private let text: String
    /// Nil if `text` is not base64.
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

    /// Returns the record for use in an event; nil if its data is not base64.
    ///
    /// - Parameter stream: The stream's ARN.
    func restored(stream: String?) -> RestoredRecord? {
        guard let data else { return nil }
        return RestoredRecord(
            stream: stream, shard: shard, sequenceNumber: sequenceNumber, partitionKey: partitionKey ?? sequenceNumber,
            data: data, arrival: arrival)
    }
}

/// Text output, with control characters escaped.
extension TailedRecord {
    /// Returns the line that identifies the record.
    func head(_ style: TerminalStyle) -> TerminalText {
        let time = arrival.map { Timestamp(millisecondsSinceEpoch: Int64($0 * 1000)).iso8601(fractionDigits: 3) }
        let key = partitionKey.map { "key=\($0)" }
        let words = [time, shard, sequenceNumber, key].compactMap { $0 }
        return style.bold("\(words.joined(separator: "  "))")
    }

    /// Returns the decoded contents of the record or of one of its user records.
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

/// JSON and raw output.
extension TailedRecord {
    /// Returns one user record as an object.
    ///
    /// `Data` contains the user record only, not the whole aggregate.
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

    /// The object for an aggregate without records.
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

    /// Returns a user record's payload as one line, inflated if it was compressed; nil if it is not JSON.
    ///
    /// - Parameter isForPeople: Whether a terminal shows it, so that control characters must be escaped.
    static func raw(_ data: [UInt8], isForPeople: Bool) -> [UInt8]? {
        let bytes = RecordReader.inflated(data) ?? data
        guard JSONScanner.isOneValue(bytes) else { return nil }
        if isForPeople, let value = try? JSONValue(parsing: bytes) { return value.bytes }
        // Line ends between the tokens of JSON are white space; strings contain none.
        return bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    }
}
