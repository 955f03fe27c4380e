import Foundation

/// The configuration of the function and its event source mapping.
struct FunctionLoad: Sendable {
    var batchSize = 100
    /// The batching window in seconds.
    var batchingWindow = 5
    /// The memory in MB.
    var memory = 256
    var architecture = Architecture.x86
    /// The fixed duration of a batch.
    var millisecondsPerBatch: Decimal = 100
    /// The additional duration per record.
    var millisecondsPerRecord: Decimal = 0

    /// Returns how many records fit into the 6 MB of an invocation.
    ///
    /// Each is base64 with about 500 bytes of metadata.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    static func maximumRecords(of bytesPerRecord: Int) -> Int {
        6 * 1024 * 1024 / ((bytesPerRecord + 2) / 3 * 4 + 500)
    }

    /// Returns the average number of records per batch: those of one window, or of the second between two polls.
    func recordsPerBatch(_ load: StreamLoad, shards: Int) -> Decimal {
        let most = min(batchSize, max(1, Self.maximumRecords(of: load.bytesPerRecord)))
        return min(Decimal(most), max(1, load.rate(ofShards: shards) * Decimal(max(1, batchingWindow))))
    }

    /// Returns the duration of a batch, rounded up to whole milliseconds as Lambda bills it.
    func milliseconds(forBatchOf records: Decimal) -> Decimal {
        max(1, (millisecondsPerBatch + millisecondsPerRecord * records).ceiling)
    }

    /// Returns the number of records of one window at the peak, rounded up to hundreds.
    func recommendedBatchSize(_ load: StreamLoad, shards: Int) -> Int {
        let filled = load.rate(ofShards: shards, factor: load.peakFactor) * Decimal(max(1, batchingWindow))
        let hundreds = (min(filled, 10_000) / 100).ceiling.integer ?? 100
        let most = max(1, Self.maximumRecords(of: load.bytesPerRecord))
        let wanted = min(max(1, hundreds) * 100, 10_000)
        return most >= wanted ? wanted : most > 100 ? most / 100 * 100 : most
    }

    /// Returns the number of concurrent batches per shard that keep up with the peak.
    ///
    /// More than ten require more shards.
    func neededParallelism(_ load: StreamLoad, shards: Int, batchSize: Int) -> Int {
        let rate = load.rate(ofShards: shards, factor: load.peakFactor)
        let busy = rate * milliseconds(forBatchOf: Decimal(batchSize)) / (Decimal(max(1, batchSize)) * 1000)
        return max(1, busy.ceiling.integer ?? .max)
    }
}
