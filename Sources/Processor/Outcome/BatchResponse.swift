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

    /// Appends the response to a redelivery event, which names every record that failed.
    static func write(_ failures: [RecordFailure], of batch: RecordBatch, to output: inout [UInt8]) {
        var bytes: [UInt8] = []
        swap(&bytes, &output)
        var writer = JSONWriter(appendingTo: bytes)
        writer.openObject()
        for isDetailed in [false, true] {
            writer.key(isDetailed ? "failures" : "batchItemFailures")
            writer.openArray()
            for failure in failures {
                writer.openObject()
                writer.key("itemIdentifier")
                writer.string(batch.sequenceNumber(of: failure.position).digits)
                if isDetailed {
                    if let number = failure.position.subSequenceNumber {
                        writer.key("subSequenceNumber")
                        writer.integer(number)
                    }
                    writer.key("reason")
                    writer.string(failure.reason)
                    writer.key("message")
                    writer.string(failure.message)
                }
                writer.closeObject()
            }
            writer.closeArray()
        }
        writer.closeObject()
        output = writer.bytes
    }
}
