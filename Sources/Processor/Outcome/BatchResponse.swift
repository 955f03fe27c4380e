import Basics
import JSON

/// The response that the event source mapping reads: the record to retry from and, in a tumbling window, the state.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
enum BatchResponse {
    /// Appends the response's JSON to `output`.
    ///
    /// - Parameter newState: The new state of the window; nil returns the state unchanged.
    static func write(
        _ outcome: BatchOutcome, of batch: RecordBatch, newState: [UInt8]? = nil, to output: inout [UInt8]
    ) {
        var bytes: [UInt8] = []
        swap(&bytes, &output)
        var writer = JSONWriter(appendingTo: bytes)
        writer.openObject()
        if let state = batch.windowState {
            writer.key("state")
            if let newState { writer.raw(newState.span) } else { writer.raw(state.span) }
        }
        writer.key("batchItemFailures")
        writer.openArray()
        if let index = outcome.checkpoint {
            writer.openObject()
            writer.key("itemIdentifier")
            writer.string(batch.sequenceNumber(ofSource: index).digits)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        output = writer.bytes
    }

    /// Appends the response to a redelivery event, which lists every record that was not processed, with the reason.
    ///
    /// - Parameter isPastDeadline: Whether the processors returned because the deadline was reached.
    static func write(
        _ outcome: BatchOutcome, ofRedelivered batch: RecordBatch, isPastDeadline: Bool, to output: inout [UInt8]
    ) {
        var bytes: [UInt8] = []
        swap(&bytes, &output)
        var response = RedeliveryResponse(writer: JSONWriter(appendingTo: bytes), isPastDeadline: isPastDeadline)
        response.writer.openObject()
        response.list(outcome, batch)
        response.isDetailed = true
        response.list(outcome, batch)
        response.writer.closeObject()
        output = response.writer.bytes
    }
}

/// A writer of the response to a redelivery event.
///
/// No function is inlined, to keep the binary small: such events are rare.
private struct RedeliveryResponse {
    var writer: JSONWriter
    let isPastDeadline: Bool
    /// Whether the list contains reasons and messages.
    var isDetailed = false
    /// The offset of the list, and the last Kinesis record in it.
    private var start = 0
    private var lastSource: Int32 = -1

    /// The size of a list, in bytes, from which on it has one entry per Kinesis record, without a sub-sequence number.
    ///
    /// An aggregate can have more than 100,000 records, and a response is limited to 6 MiB.
    private static let detailLimit = 1_500_000

    init(writer: JSONWriter, isPastDeadline: Bool) { (self.writer, self.isPastDeadline) = (writer, isPastDeadline) }

    @inline(never)
    mutating func list(_ outcome: BatchOutcome, _ batch: RecordBatch) {
        writer.key(isDetailed ? "failures" : "batchItemFailures")
        writer.openArray()
        (start, lastSource) = (writer.bytes.count, -1)
        for record in outcome.rejections {
            add(record.position, of: batch, record.error.reason.rawValue, record.error.message)
        }
        for index in batch.records.indices {
            guard case .retryable(let reason) = outcome.outcomes[index] else { continue }
            add(batch.records[index].position, of: batch, nil, reason)
        }
        for source in (batch.firstUndecoded ?? batch.sources.count)..<batch.sources.count {
            add(RecordPosition(source: Int32(source)), of: batch, nil, "exceeds the memory or time of one invocation")
        }
        writer.closeArray()
    }

    /// Adds one record.
    ///
    /// - Parameter reason: Nil for a transient failure.
    @inline(never)
    private mutating func add(_ position: RecordPosition, of batch: RecordBatch, _ reason: String?, _ message: String) {
        let isFull = writer.bytes.count - start > Self.detailLimit
        if isFull, position.source == lastSource { return }
        lastSource = isFull ? position.source : -1
        writer.openObject()
        member("itemIdentifier", batch.sequenceNumber(of: position).digits)
        if isDetailed {
            if !isFull, let number = position.subSequenceNumber {
                writer.key("subSequenceNumber")
                writer.integer(number)
            }
            // A processor may stop shortly before the deadline when nothing useful fits in the time left.
            let isLate = isPastDeadline || message.contains(bytes: "no time left")
            member("reason", reason ?? (isLate ? "deadline" : "unavailable"))
            member("message", message)
        }
        writer.closeObject()
    }

    @inline(never)
    private mutating func member(_ key: String, _ value: String) {
        writer.key(key)
        writer.string(value)
    }
}
