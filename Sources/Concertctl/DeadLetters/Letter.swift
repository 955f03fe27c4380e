import Foundation
import JSON
import Processor

/// A dead letter as it was read: this program's own, one of Lambda's on-failure destination, or neither.
enum Letter: Sendable {
    /// One record, whose data the letter contains.
    case record(LetterRecord)
    /// A batch that Lambda discarded: a range of records on the stream.
    case batch(LetterBatch)
    /// Something else, which is never deleted.
    case unknown(problem: String)

    /// Why a document is not a dead letter.
    struct Unreadable: Error {
        var problem: String
    }

    /// Reads a dead letter as it is, or as the message of an SNS notification.
    init(parsing bytes: [UInt8]) {
        do throws(Unreadable) { self = try Self.letter(bytes, envelopes: 2) } catch {
            self = .unknown(problem: error.problem)
        }
    }

    /// - Parameter envelopes: How many SNS notifications may be around the letter.
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

    /// Why it is a dead letter.
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

    /// When its record, or the first of its batch, arrived, in seconds since the Unix epoch.
    var arrival: Double? {
        let text: String? =
            switch self {
            case .record(let record): record.arrival
            case .batch(let batch): batch.arrival
            case .unknown: nil
            }
        return text.flatMap { Timestamp($0) }.map { Double($0.secondsSinceEpoch) + Double($0.nanoseconds) / 1e9 }
    }

    /// Which record or batch it is about.
    var name: String {
        switch self {
        case .record(let record): record.name
        case .batch(let batch): batch.name
        case .unknown: ""
        }
    }

    /// About how many bytes of memory it takes.
    var size: Int {
        switch self {
        case .record(let record): record.text.utf8.count + record.message.utf8.count + 1000
        case .batch(let batch): (batch.payload?.utf8.count ?? 0) + 1000
        case .unknown: 1000
        }
    }

    /// By stream, shard and sequence, as the records arrived.
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

    /// Texts of letters, compared as bytes.
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

/// The sequence number that a letter names: ASCII digits, as ``SequenceNumber`` checks them.
struct LetterSequence: Sendable, Comparable {
    let digits: String

    fileprivate init(digits: String) { self.digits = digits }

    /// Of a record that was read already, whose digits were checked.
    init(of record: RestoredRecord) { digits = record.sequenceNumber }

    /// - Parameter member: Its name in the letter.
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

/// A record as the function writes it to the dead letters.
struct LetterRecord: Sendable {
    var reason: String
    var message: String
    /// The stream's ARN, as the letter has it.
    var stream: String?
    var shard: String?
    var sequenceNumber: LetterSequence
    /// Its index in the aggregate that it came in.
    var subSequenceNumber: Int?
    var partitionKey: String?
    var arrival: String?
    var requestID: String?
    var function: String?
    /// Base64, unless the record was not.
    var text: String

    /// Nil when `text` is not base64.
    var data: [UInt8]? { Data(base64Encoded: text).map { [UInt8]($0) } }

    /// As people name it: `4959...`, or `4959...-3` in an aggregate.
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

/// What Lambda writes to an on-failure destination of a Kinesis mapping.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
struct LetterBatch: Sendable {
    var condition: String
    var streamARN: String
    var shard: String
    /// Sequence numbers of the first record and of the last one.
    var start: LetterSequence
    var end: LetterSequence
    var count: Int?
    var arrival: String?
    var requestID: String?
    var functionARN: String?
    /// The event itself, which an object on S3 contains and a message does not.
    var payload: String?

    /// - Parameter info: The letter's `KinesisBatchInfo`.
    init(_ value: JSONValue, _ info: JSONValue) throws(Letter.Unreadable) {
        start = try LetterSequence(info["startSequenceNumber"], "startSequenceNumber")
        end = try LetterSequence(info["endSequenceNumber"], "endSequenceNumber")
        guard let stream = info["streamArn"]?.string, let shard = info["shardId"]?.string else {
            throw Letter.Unreadable(problem: "its \"KinesisBatchInfo\" names no stream and shard")
        }
        (streamARN, self.shard) = (stream, shard)
        (count, arrival) = (info["batchSize"]?.integer, info["approximateArrivalOfFirstRecord"]?.string)
        condition = value["requestContext"]?["condition"]?.string ?? "unknown"
        requestID = value["requestContext"]?["requestId"]?.string
        functionARN = value["requestContext"]?["functionArn"]?.string
        payload = value["payload"]?.string
    }

    /// Whether the record of this sequence number is in the range.
    ///
    /// - Parameter sequence: Digits.
    func contains(_ sequence: String) -> Bool { (start...max(start, end)).contains(LetterSequence(digits: sequence)) }

    var name: String { "the batch from \(start.digits) to \(end.digits) of \(shard)" }
}

extension LetterSequence {
    /// A sequence number of the stream's answer or of the command line; nil unless it is one.
    init?(_ text: String?) {
        guard let text, SequenceNumber(text) != nil else { return nil }
        digits = text
    }
}
