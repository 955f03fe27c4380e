import Foundation
import JSON
import Processor

/// A dead letter of this program or of Lambda's on-failure destination, or a document that is neither.
enum Letter: Sendable {
    /// A record with its data.
    case record(LetterRecord)
    /// A batch that Lambda discarded, as a range of records on the stream.
    case batch(LetterBatch)
    /// Any other document, which is never deleted.
    case unknown(problem: String)

    /// The reason why a document is not a dead letter.
    struct Unreadable: Error {
        var problem: String
    }

    /// Parses a dead letter, which may be the message of an SNS notification.
    init(parsing bytes: [UInt8]) {
        do throws(Unreadable) { self = try Self.letter(bytes, envelopes: 2) } catch {
            self = .unknown(problem: error.problem)
        }
    }

    /// - Parameter envelopes: The most SNS notifications around the dead letter.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
    private static func letter(_ bytes: [UInt8], envelopes: Int) throws(Unreadable) -> Letter {
        guard let value = try? JSONValue(parsing: bytes), value.object != nil else {
            throw Unreadable(problem: "it is not a JSON object")
        }
        if let info = value["KinesisBatchInfo"] { return .batch(try LetterBatch(value, info)) }
        if value["sequence_number"] != nil, value["data"] != nil { return .record(try LetterRecord(value)) }
        switch (value["Type"]?.string, value["Message"]?.string) {
        case ("Notification", let message?):
            guard envelopes > 0 else { throw Unreadable(problem: "it is an SNS notification inside two others") }
            return try letter(Array(message.utf8), envelopes: envelopes - 1)
        case ("SubscriptionConfirmation", _), ("UnsubscribeConfirmation", _):
            throw Unreadable(problem: "it is an SNS subscription message, not a notification")
        default:
            throw Unreadable(problem: "it has neither \"sequence_number\" and \"data\" nor \"KinesisBatchInfo\"")
        }
    }

    /// The reason of the dead letter.
    var reason: String {
        switch self {
        case .record(let record): record.reason
        case .batch(let batch): batch.condition
        case .unknown: "unknown"
        }
    }

    var shard: String? {
        switch self {
        case .record(let record): record.shard
        case .batch(let batch): batch.shard
        case .unknown: nil
        }
    }

    /// The arrival time of the record, or of the first record of the batch, in seconds since the Unix epoch.
    var arrival: Double? {
        let text: String? =
            switch self {
            case .record(let record): record.arrival
            case .batch(let batch): batch.arrival
            case .unknown: nil
            }
        return text.flatMap { Timestamp($0) }.map { Double($0.secondsSinceEpoch) + Double($0.nanoseconds) / 1e9 }
    }

    /// The name of the record or batch.
    var name: String {
        switch self {
        case .record(let record): record.name
        case .batch(let batch): batch.name
        case .unknown: ""
        }
    }

    /// The approximate size in memory, in bytes.
    var size: Int {
        switch self {
        case .record(let record): record.text.utf8.count + record.message.utf8.count + 1000
        case .batch(let batch): (batch.payload?.utf8.count ?? 0) + 1000
        case .unknown: 1000
        }
    }

    /// Returns whether `left` precedes `right` by stream, shard, and sequence number.
    static func isBefore(_ left: Letter, _ right: Letter) -> Bool { left.position < right.position }

    private var position: Position {
        switch self {
        case .record(let record):
            Position(
                stream: record.stream ?? "", shard: record.shard ?? "", sequence: record.sequenceNumber,
                subSequence: record.subSequenceNumber ?? 0)
        case .batch(let batch): Position(stream: batch.streamARN, shard: batch.shard, sequence: batch.start)
        case .unknown: Position(stream: "", shard: "", sequence: .init(digits: "0"))
        }
    }

    /// The position of a dead letter's record, compared as bytes.
    private struct Position: Comparable {
        var stream: String
        var shard: String
        var sequence: LetterSequence
        var subSequence = 0

        static func < (left: Position, right: Position) -> Bool {
            if !left.stream.utf8.elementsEqual(right.stream.utf8) {
                return left.stream.utf8.lexicographicallyPrecedes(right.stream.utf8)
            }
            if !left.shard.utf8.elementsEqual(right.shard.utf8) {
                return left.shard.utf8.lexicographicallyPrecedes(right.shard.utf8)
            }
            return (left.sequence, left.subSequence) < (right.sequence, right.subSequence)
        }
    }
}

/// The sequence number of a dead letter: ASCII digits, as ``SequenceNumber`` checks them.
struct LetterSequence: Sendable, Comparable {
    let digits: String

    fileprivate init(digits: String) { self.digits = digits }

    /// Creates the sequence number of a record whose digits were already checked.
    init(of record: RestoredRecord) { digits = record.sequenceNumber }

    /// Parses a member of a dead letter.
    ///
    /// - Parameter member: The member's name, for errors.
    init(_ value: JSONValue?, _ member: String) throws(Letter.Unreadable) {
        guard let text = value?.string, SequenceNumber(text) != nil else {
            throw Letter.Unreadable(problem: "its \"\(member)\" is not a sequence number of 1 to 128 digits")
        }
        digits = text
    }

    static func < (left: LetterSequence, right: LetterSequence) -> Bool {
        (left.digits.utf8.count, left.digits) < (right.digits.utf8.count, right.digits)
    }
}

/// A dead letter of the function: one record.
struct LetterRecord: Sendable {
    var reason: String
    var message: String
    /// The stream's ARN, unchecked.
    var stream: String?
    var shard: String?
    var sequenceNumber: LetterSequence
    /// The index in the aggregate, if the record was in one.
    var subSequenceNumber: Int?
    var partitionKey: String?
    var arrival: String?
    var requestID: String?
    var function: String?
    /// Base64, or the text as received if the record was not base64.
    var text: String

    /// Nil when `text` is not base64.
    var data: [UInt8]? { Data(base64Encoded: text).map { [UInt8]($0) } }

    /// The name of the record: `4959...`, or `4959...-3` in an aggregate.
    var name: String { sequenceNumber.digits + (subSequenceNumber.map { "-\($0)" } ?? "") }

    init(_ value: JSONValue) throws(Letter.Unreadable) {
        sequenceNumber = try LetterSequence(value["sequence_number"], "sequence_number")
        guard let text = value["data"]?.string else { throw Letter.Unreadable(problem: "its \"data\" is not text") }
        self.text = text
        (reason, message) = (value["reason"]?.string ?? "unknown", value["message"]?.string ?? "")
        (stream, shard) = (value["stream"]?.string, value["shard"]?.string)
        partitionKey = value["partition_key"]?.string
        if let number = value["sub_sequence_number"], number != .null {
            guard let index = number.integer, (0...Int(Int32.max)).contains(index) else {
                throw Letter.Unreadable(problem: "its \"sub_sequence_number\" is not a whole number of 32 bits")
            }
            subSequenceNumber = index
        }
        (arrival, requestID) = (value["arrival"]?.string, value["request_id"]?.string)
        function = value["function"]?.string
    }
}

/// A dead letter of Lambda's on-failure destination: a batch.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
struct LetterBatch: Sendable {
    var condition: String
    var streamARN: String
    var shard: String
    /// The sequence numbers of the first and last record.
    var start: LetterSequence
    var end: LetterSequence
    var count: Int?
    var arrival: String?
    var requestID: String?
    var functionARN: String?
    /// The event, which an object in S3 contains and a message does not.
    var payload: String?

    /// - Parameter info: The dead letter's `KinesisBatchInfo`.
    init(_ value: JSONValue, _ info: JSONValue) throws(Letter.Unreadable) {
        start = try LetterSequence(info["startSequenceNumber"], "startSequenceNumber")
        end = try LetterSequence(info["endSequenceNumber"], "endSequenceNumber")
        guard let stream = info["streamArn"]?.string, let shard = info["shardId"]?.string else {
            throw Letter.Unreadable(problem: "its \"KinesisBatchInfo\" has no stream or no shard")
        }
        (streamARN, self.shard) = (stream, shard)
        (count, arrival) = (info["batchSize"]?.integer, info["approximateArrivalOfFirstRecord"]?.string)
        condition = value["requestContext"]?["condition"]?.string ?? "unknown"
        requestID = value["requestContext"]?["requestId"]?.string
        functionARN = value["requestContext"]?["functionArn"]?.string
        payload = value["payload"]?.string
    }

    /// Returns whether the range contains the record.
    ///
    /// - Parameter sequence: The digits of its sequence number.
    func contains(_ sequence: String) -> Bool { (start...max(start, end)).contains(LetterSequence(digits: sequence)) }

    var name: String { "the batch from \(start.digits) to \(end.digits) of \(shard)" }
}

extension LetterSequence {
    /// Parses a sequence number of a response or of the command line; returns nil for other text.
    init?(_ text: String?) {
        guard let text, SequenceNumber(text) != nil else { return nil }
        digits = text
    }
}
