/// A processor, which writes records to one sink.
package protocol RecordProcessor: Sendable {
    /// The name in settings, logs and metrics, for example `redshift`; it must not change.
    var name: String { get }

    /// Processes the records of `batch`, in shard order, and marks each in `outcomes` under the same index.
    ///
    /// Does not throw: an error is the outcome of a record, or of every record. Unmarked records stay `.retryable`: they are
    /// retried, never lost. Records of kinds that the processor ignores are marked as `.succeeded`. Must be idempotent,
    /// because records are delivered at least once.
    ///
    /// - Parameter context: The task is cancelled at its deadline.
    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async
}

/// The properties of an invocation that processors use.
package struct InvocationContext: Sendable {
    package var requestID: String
    /// The function's name, for logs, metrics and dead letters.
    package var functionName: String
    /// The X-Ray trace that calls to AWS belong to.
    package var traceID: String?
    /// When processing must end: Lambda's deadline less the time to respond.
    package var deadline: ContinuousClock.Instant

    package init(
        requestID: String, functionName: String, traceID: String? = nil, deadline: ContinuousClock.Instant
    ) {
        self.requestID = requestID
        self.functionName = functionName
        self.traceID = traceID
        self.deadline = deadline
    }
}
