import Foundation
import JSON
import Processor

/// One record of the stream as it is printed.
struct TailedRecord {
    private let shard: String
    private let sequenceNumber: String
    private let partitionKey: String?
    private let arrival: Double?
    /// In base64, as it came.
    private let data: String

    init(_ record: JSONValue, shard: String) {
        self.shard = shard
        sequenceNumber = record["SequenceNumber"]?.string ?? ""
        partitionKey = record["PartitionKey"]?.string
        arrival = record["ApproximateArrivalTimestamp"]?.double
        data = record["Data"]?.string ?? ""
    }

    /// For people: a line that says which record it is, and under it what is in it, control characters escaped.
    func text(_ reader: inout RecordReader) -> String {
        let time = arrival.map { Timestamp(millisecondsSinceEpoch: Int64($0 * 1000)).iso8601(fractionDigits: 3) }
        let key = partitionKey.map { "key=" + MessageText.escaped($0) }
        let head = [time, shard, sequenceNumber, key].compactMap { $0 }.joined(separator: "  ")
        let contents = reader.contents(ofBase64: data)
        guard !contents.isEmpty else { return head + "\n  an aggregate without records" }
        return ([head] + contents.map { Self.text($0) }).joined(separator: "\n")
    }

    private static func text(_ content: RecordReader.Content) -> String {
        switch content {
        case .test: "  test record"
        case .bad(let error): "  bad record, \(error.reason.rawValue): \(MessageText.escaped(error.message))"
        case .entity(let kind, let document):
            "  \(kind.rawValue) " + lines(of: (try? JSONValue(parsing: document)) ?? .null)
        }
    }

    private static func lines(of document: JSONValue) -> String {
        document.prettyText.split(separator: "\n").map { MessageText.escaped(String($0)) }.joined(separator: "\n  ")
    }

    /// For programs: one object a user record, on one line each.
    func json(_ reader: inout RecordReader) -> String {
        let contents = reader.contents(ofBase64: data)
        let rows = contents.enumerated().map { index, content -> JSONValue in
            var members: [(String, JSONValue?)] = [
                ("ShardId", .string(shard)), ("SequenceNumber", .string(sequenceNumber)),
                ("SubSequenceNumber", contents.count > 1 ? .integer(index) : nil),
                ("PartitionKey", partitionKey.map { .string($0) }),
                ("ApproximateArrivalTimestamp", arrival.map { .decimal($0) }),
            ]
            switch content {
            case .test: members.append(("Test", true))
            case .bad(let error):
                members += [("Reason", .string(error.reason.rawValue)), ("Message", .string(error.message))]
            case .entity(let kind, let document):
                members += [("Kind", .string(kind.rawValue)), ("Entity", try? JSONValue(parsing: document))]
            }
            return .object(ofPresent: members + [("Data", .string(data))])
        }
        return rows.map(\.text).joined(separator: "\n")
    }

    /// The data as it was put, when it is JSON; nil when it is not, for it then cannot be a line of NDJSON.
    ///
    /// - Parameter isForPeople: Whether a terminal shows it, which acts on some characters that JSON may hold.
    func raw(isForPeople: Bool) -> [UInt8]? {
        guard let decoded = Data(base64Encoded: data) else { return nil }
        let bytes = [UInt8](decoded)
        guard JSONScanner.isOneValue(bytes) else { return nil }
        if isForPeople, let value = try? JSONValue(parsing: bytes) { return value.bytes }
        // Line ends between tokens are white space, and inside strings JSON has none.
        return bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    }
}
