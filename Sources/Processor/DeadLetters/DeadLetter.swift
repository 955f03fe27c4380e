import JSON

/// A record that nobody can process, as it is kept for people to look at and to replay.
public struct DeadLetter: Sendable {
    /// The Kinesis record's, which is also the aggregate's.
    public var sequenceNumber: SequenceNumber
    /// Its place in the aggregate; nil outside of one.
    public var subSequenceNumber: Int32?
    /// Where an S3 object of it is written: the same for each try, so that a retry writes over what came before.
    public var key: String
    /// What an object or a message holds: one JSON object.
    public var body: [UInt8]
}

/// Takes dead letters for good.
public protocol DeadLetterSink: Sendable {
    /// Writes `letters` and marks each on `outcomes`, under the same index, once it is durably there.
    ///
    /// What is left unmarked, or marked otherwise, is a record that is tried again.
    ///
    /// - Parameter context: Its deadline is when to return; the task is cancelled then.
    func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout OutcomeSheet) async
}

extension RecordBatch {
    /// The dead letter of a record of this batch.
    func deadLetter(of record: BadRecord, context: InvocationContext, originals: inout OriginalData) -> DeadLetter {
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
