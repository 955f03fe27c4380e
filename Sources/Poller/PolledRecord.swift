import JSON

/// A record of a shard, as an event contains it.
package struct PolledRecord: Sendable, Equatable {
    package var sequenceNumber: String
    package var partitionKey: String
    /// The time at which the stream accepted the record, in milliseconds since the Unix epoch.
    package var arrival: Int64
    /// The JSON element of the event's `Records`.
    package var json: [UInt8]

    package init(sequenceNumber: String, partitionKey: String, arrival: Int64, json: [UInt8]) {
        (self.sequenceNumber, self.partitionKey) = (sequenceNumber, partitionKey)
        (self.arrival, self.json) = (arrival, json)
    }
}

/// The records of one invocation.
package struct PolledBatch: Sendable, Equatable {
    package let shard: String
    /// The records in shard order; empty only in a tumbling window's final invocation.
    package let records: [PolledRecord]
    /// The number of previous attempts with these records, without bisections.
    package let retries: Int
    /// The number of bisections that led to this batch.
    package let cuts: Int
    /// The number of the batch within its shard, starting at 1.
    package let number: Int
    /// The batch that this batch is a part or a retry of; nil for records that were never delivered.
    package let parent: Int?
    /// The tumbling window of the records; nil without windows.
    package let window: PolledWindow?
    let lane: Int

    /// The event for the invocation.
    package var event: [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("Records")
        writer.openArray()
        for record in records { writer.raw(record.json.span) }
        writer.closeArray()
        window?.write(to: &writer, shard: shard)
        writer.closeObject()
        return writer.bytes
    }
}

/// The result of an invocation.
package enum InvocationResult: Sendable, Equatable {
    /// The invocation failed as a whole: an error, a timeout, or an unreadable response.
    case failed(reason: String)
    /// The invocation returned these batch item failures, where none means success, and the state of a tumbling window
    /// as JSON.
    case answered(failures: [String], state: [UInt8]? = nil)
}

/// A batch of discarded records.
package struct DiscardedBatch: Sendable, Equatable {
    /// Lambda's name for the reason.
    package enum Condition: String, Sendable {
        case retryAttemptsExhausted = "RetryAttemptsExhausted", recordAgeExceeded = "RecordAgeExceeded"
    }

    package var batch: PolledBatch
    package var condition: Condition
    /// The number of invocations with these records.
    package var invocations: Int
}
