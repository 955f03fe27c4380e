import JSON

/// A record of a shard, as an event contains it.
public struct PolledRecord: Sendable, Equatable {
    public var sequenceNumber: String
    public var partitionKey: String
    /// The time at which the stream accepted the record, in milliseconds since the Unix epoch.
    public var arrival: Int64
    /// The JSON element of the event's `Records`.
    public var json: [UInt8]

    public init(sequenceNumber: String, partitionKey: String, arrival: Int64, json: [UInt8]) {
        (self.sequenceNumber, self.partitionKey) = (sequenceNumber, partitionKey)
        (self.arrival, self.json) = (arrival, json)
    }
}

/// The records of one invocation.
public struct PolledBatch: Sendable, Equatable {
    public let shard: String
    /// The records in shard order; empty only in a tumbling window's final invocation.
    public let records: [PolledRecord]
    /// The number of previous attempts with these records, without bisections.
    public let retries: Int
    /// The number of bisections that led to this batch.
    public let cuts: Int
    /// The number of the batch within its shard, starting at 1.
    public let number: Int
    /// The batch that this batch is a part or a retry of; nil for records that were never delivered.
    public let parent: Int?
    /// The tumbling window of the records; nil without windows.
    public let window: PolledWindow?
    let lane: Int

    /// The event for the invocation.
    public var event: [UInt8] {
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
public enum InvocationResult: Sendable, Equatable {
    /// The invocation failed as a whole: an error, a timeout, or an unreadable response.
    case failed(reason: String)
    /// The invocation returned these batch item failures, where none means success, and the state of a tumbling window
    /// as JSON.
    case answered(failures: [String], state: [UInt8]? = nil)
}

/// A batch of discarded records.
public struct DiscardedBatch: Sendable, Equatable {
    /// Lambda's name for the reason.
    public enum Condition: String, Sendable {
        case retryAttemptsExhausted = "RetryAttemptsExhausted", recordAgeExceeded = "RecordAgeExceeded"
    }

    public var batch: PolledBatch
    public var condition: Condition
    /// The number of invocations with these records.
    public var invocations: Int
}
