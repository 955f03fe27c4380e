import Foundation
import JSON

/// A dead letter as it was read: this program's own, one of Lambda's on-failure destination, or neither.
enum Letter: Sendable {
    /// One record, which the letter holds.
    case record(LetterRecord)
    /// A batch that Lambda gave up: a range of records on the stream.
    case batch(LetterBatch)
    /// Something else, which nobody touches.
    case unknown(problem: String)

    init(parsing bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), value.object != nil else {
            self = .unknown(problem: "it is no JSON object")
            return
        }
        if let batch = LetterBatch(value) {
            self = .batch(batch)
        } else if let record = LetterRecord(value) {
            self = .record(record)
        } else {
            self = .unknown(problem: "it has neither \"sequence_number\" and \"data\" nor \"KinesisBatchInfo\"")
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

    /// By stream, shard and sequence, as the records once came.
    static func isBefore(_ left: Letter, _ right: Letter) -> Bool {
        let (a, b) = (left.place, right.place)
        return (a.0, a.1, a.2.count, a.2, a.3) < (b.0, b.1, b.2.count, b.2, b.3)
    }

    private var place: (String, String, String, Int) {
        switch self {
        case .record(let record):
            (record.stream ?? "", record.shard ?? "", record.sequenceNumber, record.subSequenceNumber ?? 0)
        case .batch(let batch): (batch.streamARN, batch.shard, batch.start, 0)
        case .unknown: ("", "", "", 0)
        }
    }
}

/// A record as the function writes it to the dead letters.
struct LetterRecord: Sendable {
    var reason: String
    var message: String
    /// The stream's ARN.
    var stream: String?
    var shard: String?
    var sequenceNumber: String
    /// Its place in the aggregate that it came in.
    var subSequenceNumber: Int?
    var partitionKey: String?
    var arrival: String?
    var requestID: String?
    var function: String?
    /// Base64, but for a record that was none.
    var text: String

    /// Nil when `text` is no base64.
    var data: [UInt8]? { Data(base64Encoded: text).map { [UInt8]($0) } }

    /// As people name it: `4959...`, or `4959...-3` in an aggregate.
    var name: String { sequenceNumber + (subSequenceNumber.map { "-\($0)" } ?? "") }

    init?(_ value: JSONValue) {
        guard let sequence = value["sequence_number"]?.string, let text = value["data"]?.string else { return nil }
        (sequenceNumber, self.text) = (sequence, text)
        (reason, message) = (value["reason"]?.string ?? "unknown", value["message"]?.string ?? "")
        (stream, shard) = (value["stream"]?.string, value["shard"]?.string)
        (subSequenceNumber, partitionKey) = (value["sub_sequence_number"]?.integer, value["partition_key"]?.string)
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
    var start: String
    var end: String
    var count: Int?
    var arrival: String?
    var requestID: String?
    var functionARN: String?
    /// The event itself, which an object on S3 holds and a message does not.
    var payload: String?

    init?(_ value: JSONValue) {
        guard let info = value["KinesisBatchInfo"], let stream = info["streamArn"]?.string,
            let shard = info["shardId"]?.string, let start = info["startSequenceNumber"]?.string,
            let end = info["endSequenceNumber"]?.string
        else { return nil }
        (streamARN, self.shard, self.start, self.end) = (stream, shard, start, end)
        (count, arrival) = (info["batchSize"]?.integer, info["approximateArrivalOfFirstRecord"]?.string)
        condition = value["requestContext"]?["condition"]?.string ?? "unknown"
        requestID = value["requestContext"]?["requestId"]?.string
        functionARN = value["requestContext"]?["functionArn"]?.string
        payload = value["payload"]?.string
    }

    /// Whether the record of this sequence number is in the range.
    func contains(_ sequence: String) -> Bool {
        !Self.isBelow(sequence, start) && !Self.isBelow(end, sequence)
    }

    /// Sequence numbers order by length, then by digits.
    static func isBelow(_ left: String, _ right: String) -> Bool {
        (left.utf8.count, left) < (right.utf8.count, right)
    }
}
