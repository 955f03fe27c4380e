/// One step that carries records to one sink.
public protocol RecordProcessor: Sendable {
    /// Stable name for settings, logs and metrics, for example `redshift`.
    var name: String { get }

    /// Handles the records of `batch`, in shard order, and marks each on `outcomes` under the same index.
    ///
    /// Never throws: an error belongs to a record, or to every record. What is left unmarked, for lack of time say,
    /// stays `.retryable`, so forgetting costs a retry and never data. A record of a kind that goes nowhere here is
    /// `.succeeded`. Delivery is at least once, so the same records may come again: bear it.
    ///
    /// - Parameter context: Its deadline is when to return; the task is cancelled then.
    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async
}

/// What a processor may know of the invocation that it works for.
public struct InvocationContext: Sendable {
    public var requestID: String
    /// The function's name, for logs, metrics and dead letters.
    public var functionName: String
    /// The X-Ray trace that calls to AWS belong to.
    public var traceID: String?
    /// When work must be over: Lambda's own deadline less the margin for answering.
    public var deadline: ContinuousClock.Instant

    public init(
        requestID: String, functionName: String, traceID: String? = nil, deadline: ContinuousClock.Instant
    ) {
        self.requestID = requestID
        self.functionName = functionName
        self.traceID = traceID
        self.deadline = deadline
    }
}
