import JSON

/// What the event source mapping reads: which record to go on from, and in a window its state.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
enum BatchResponse {
    /// Appends the response's JSON to `output`.
    ///
    /// - Parameter newState: What the window's state is from now on; nil leaves it as it came.
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
        if let index = outcome.firstFailure {
            writer.openObject()
            writer.key("itemIdentifier")
            writer.string(batch.sequenceNumber(ofSource: index).digits)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        output = writer.bytes
    }

    /// Appends the response to a redelivery event, which names every record that was not processed, and why.
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

/// The response to a redelivery event, as far as it is written.
///
/// Nothing is inlined, because the function's binary has little room and such events are rare.
private struct RedeliveryResponse {
    var writer: JSONWriter
    let isPastDeadline: Bool
    /// Whether the list has reasons and messages.
    var isDetailed = false
    /// Where the list begins, and the last Kinesis record that is in it.
    private var start = 0
    private var lastSource: Int32 = -1

    /// Bytes of a list after which it has one entry for each Kinesis record, without a sub-sequence number.
    ///
    /// An aggregate can have more than 100,000 records, and a response has at most 6 MiB.
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
            add(RecordPosition(source: Int32(source)), of: batch, nil, "takes too much memory or time")
        }
        writer.closeArray()
    }

    /// - Parameter reason: Nil when a later attempt may succeed.
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
