import JSON

/// A record that nobody can process, as it is kept for people to look at and to replay.
public struct DeadLetter: Sendable {
    /// The Kinesis record's, which is also the aggregate's.
    public var sequenceNumber: SequenceNumber
    /// What an object or a message holds: one JSON object.
    public var body: [UInt8]
}

/// Takes dead letters for good.
public protocol DeadLetterSink: Sendable {
    /// Writes `letters`, and says of each whether it is durably there; a record whose letter is not is tried again.
    func write(_ letters: [DeadLetter], context: InvocationContext) async -> [Bool]
}

extension RecordBatch {
    /// The dead letter of a record of this batch.
    func deadLetter(of record: BadRecord, context: InvocationContext, decoder: inout DataDecoder) -> DeadLetter {
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
        write("data", originalData(of: position, decoder: &decoder))
        writer.closeObject()
        return DeadLetter(sequenceNumber: sequenceNumber, body: writer.bytes)
    }

    /// Base64 of the record's own bytes; the text as it came where that is no base64.
    private func originalData(of position: RecordPosition, decoder: inout DataDecoder) -> String {
        let text = eventString(sources[Int(position.source)].data)
        guard let index = position.subSequenceNumber,
            let data = decoder.originalData(Array(text.utf8), subSequenceNumber: index)
        else { return text }
        return Base64.encode(data.span)
    }
}
