/// What of an event source mapping decides how a shard's records are delivered.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html>
public struct PollerSettings: Sendable, Equatable {
    /// `BatchSize`: records an invocation, at most.
    public var batchSize = 100
    /// Bytes of an event, at most: Lambda's limit for what a function is invoked with.
    public var batchBytes = 6_000_000
    /// `MaximumRetryAttempts`: how often a batch that failed is tried again; nil: until its records expire.
    public var maximumRetryAttempts: Int?
    /// `MaximumRecordAgeInSeconds`, in ms: older records are given up; nil: never.
    public var maximumRecordAge: Int64?
    /// `BisectBatchOnFunctionError`: whether a batch that failed is cut in two, which counts as no retry.
    public var bisects = false
    /// `ParallelizationFactor`: how many batches of a shard may be under way at once, each with partition keys of its own.
    public var parallelizationFactor = 1
    /// `MaximumBatchingWindowInSeconds`, in ms, by the records' arrival: a batch holds what came within this time of its
    /// first record; nil: whatever is there.
    public var batchingWindow: Int64?
    /// `TumblingWindowInSeconds`, in ms; nil: none.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
    public var tumblingWindow: Int64?

    public init() {}
}
