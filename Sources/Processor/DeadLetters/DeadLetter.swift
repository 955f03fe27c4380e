import Basics
import JSON

/// A record that cannot be processed, in the form in which it is stored for inspection and replay.
package struct DeadLetter: Sendable {
    /// The sequence number of the Kinesis record, which all records of an aggregate share.
    package var sequenceNumber: SequenceNumber
    /// The index in the aggregate; nil for a record that is not aggregated.
    package var subSequenceNumber: Int32?
    /// The key of the S3 object: the same for each attempt, so that a retry overwrites the object.
    package var key: String
    /// The content of the object or message: one JSON object.
    package var body: [UInt8]
}

/// A durable destination of dead letters.
package protocol DeadLetterSink: Sendable {
    /// Writes `letters`, and marks each in `outcomes`, under the same index, once it is durably stored.
    ///
    /// A record whose letter is not marked as succeeded is redelivered.
    ///
    /// - Parameter context: The task is cancelled at its deadline.
    func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout RecordOutcomes) async
}

extension RecordBatch {
    /// Returns the dead letter of a record of this batch.
    func deadLetter(of record: RejectedRecord, context: InvocationContext, originals: inout OriginalData) -> DeadLetter
    {
        let position = record.position
        let sequenceNumber = sequenceNumber(of: position)
        var writer = JSONWriter()
        func write(_ key: String, _ value: String?) {
            guard let value else { return }
            writer.key(key)
            writer.string(value)
        }
        writer.openObject()
        write("reason", record.error.reason.rawValue)
        write("message", record.error.message)
        write("stream", streamARN(of: position))
        write("shard", shardID(of: position))
        write("sequence_number", sequenceNumber.digits)
        if let index = position.subSequenceNumber {
            writer.key("sub_sequence_number")
            writer.integer(index)
        }
        write("partition_key", partitionKey(of: position))
        write(
            "arrival",
            arrivalMilliseconds(of: position).map { Timestamp(millisecondsSinceEpoch: $0).iso8601(fractionDigits: 3) })
        write("request_id", context.requestID)
        write("function", context.functionName)
        write("data", originals.base64(of: position, in: self))
        writer.closeObject()
        let name = sequenceNumber.digits + (position.subSequenceNumber.map { "-\($0)" } ?? "")
        return DeadLetter(
            sequenceNumber: sequenceNumber, subSequenceNumber: position.subSequenceNumber,
            key: "dead-letters/\(keyPrefix(of: position))/\(name).json", body: writer.bytes)
    }
}
