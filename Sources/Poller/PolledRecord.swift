import JSON

/// A record of a shard, as an event holds it.
public struct PolledRecord: Sendable, Equatable {
    public var sequenceNumber: String
    public var partitionKey: String
    /// When the stream accepted it, in milliseconds since the Unix epoch.
    public var arrival: Int64
    /// The element of the event's `Records`, as JSON.
    public var json: [UInt8]

    public init(sequenceNumber: String, partitionKey: String, arrival: Int64, json: [UInt8]) {
        (self.sequenceNumber, self.partitionKey) = (sequenceNumber, partitionKey)
        (self.arrival, self.json) = (arrival, json)
    }
}

/// Records that one invocation gets.
public struct PolledBatch: Sendable, Equatable {
    public let shard: String
    /// In the order of the shard; empty only in a tumbling window's final invocation.
    public let records: [PolledRecord]
    /// How often these records were tried before, cuts not counted.
    public let retries: Int
    /// How often this batch was cut out of a larger one.
    public let cuts: Int
    /// Numbers batches of a shard in the order in which they were made, from 1.
    public let number: Int
    /// The batch that this is a part, or the repetition, of; nil for records that were never tried.
    public let parent: Int?
    /// The tumbling window that the records belong to; nil without windows.
    public let window: PolledWindow?
    let lane: Int

    /// The event to invoke the function with.
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

/// How an invocation ended.
public enum InvocationResult: Sendable, Equatable {
    /// As a whole: an error, a time-out, or an answer that cannot be read.
    case failed(reason: String)
    /// With these item failures: none means that all of the batch is done; and a tumbling window's state, as JSON.
    case answered(failures: [String], state: [UInt8]? = nil)
}

/// Records that were given up.
public struct DiscardedBatch: Sendable, Equatable {
    /// Why, in Lambda's words.
    public enum Condition: String, Sendable {
        case retryAttemptsExhausted = "RetryAttemptsExhausted", recordAgeExceeded = "RecordAgeExceeded"
    }

    public var batch: PolledBatch
    public var condition: Condition
    /// How often the function was invoked with them.
    public var invocations: Int
}
