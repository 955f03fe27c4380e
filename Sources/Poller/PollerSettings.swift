/// The settings of an event source mapping that control the delivery of a shard's records.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html>
package struct PollerSettings: Sendable, Equatable {
    /// `BatchSize`: the maximum number of records of an invocation.
    package var batchSize = 100
    /// The maximum size of an event in bytes: Lambda's payload limit.
    package var batchBytes = 6_000_000
    /// `MaximumRetryAttempts`: the maximum number of retries of a failed batch; nil to retry until its records expire.
    package var maximumRetryAttempts: Int?
    /// `MaximumRecordAgeInSeconds`, in ms: older records are discarded; nil for no limit.
    package var maximumRecordAge: Int64?
    /// `BisectBatchOnFunctionError`: whether a failed batch is split in two, which does not count as a retry.
    package var bisects = false
    /// `ParallelizationFactor`: the maximum number of concurrent batches of a shard, each with its own partition keys.
    package var parallelizationFactor = 1
    /// `MaximumBatchingWindowInSeconds`, in ms, by the records' arrival: a batch contains the records that arrived
    /// within this time of its first one; nil for all available records.
    package var batchingWindow: Int64?
    /// `TumblingWindowInSeconds`, in ms; nil for none.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
    package var tumblingWindow: Int64?

    package init() {}
}
