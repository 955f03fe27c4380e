import Foundation

/// How Lambda works the stream off.
struct FunctionLoad: Sendable {
    var batchSize = 100
    /// In seconds.
    var batchingWindow = 5
    /// In MB.
    var memory = 256
    var architecture = Architecture.x86
    /// What a batch takes whatever is in it.
    var millisecondsPerBatch: Decimal = 100
    /// What each record of it adds.
    var millisecondsPerRecord: Decimal = 0

    /// How many records fit into the 6 MB of an invocation: each is base64 with some 500 bytes of event around it.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    static func mostRecords(of bytesPerRecord: Int) -> Int {
        6 * 1024 * 1024 / ((bytesPerRecord + 2) / 3 * 4 + 500)
    }

    /// How many records a batch has: as many as come in the window, or in the second between two looks at a shard.
    func recordsPerBatch(_ load: StreamLoad, shards: Int) -> Decimal {
        let most = min(batchSize, max(1, Self.mostRecords(of: load.bytesPerRecord)))
        return min(Decimal(most), max(1, load.rate(ofShards: shards) * Decimal(max(1, batchingWindow))))
    }

    /// Whole milliseconds, as they are billed.
    func milliseconds(forBatchOf records: Decimal) -> Decimal {
        max(1, (millisecondsPerBatch + millisecondsPerRecord * records).ceiling)
    }

    /// The batch size that a window fills at the peak, in whole hundreds.
    func recommendedBatchSize(_ load: StreamLoad, shards: Int) -> Int {
        let filled = load.rate(ofShards: shards, factor: load.peakFactor) * Decimal(max(1, batchingWindow))
        let hundreds = (min(filled, 10_000) / 100).ceiling.integer ?? 100
        let most = max(1, Self.mostRecords(of: load.bytesPerRecord))
        let wanted = min(max(1, hundreds) * 100, 10_000)
        return most >= wanted ? wanted : most > 100 ? most / 100 * 100 : most
    }

    /// How many batches of a shard must run at once to keep up with the peak; more than ten ask for more shards.
    func neededParallelism(_ load: StreamLoad, shards: Int, batchSize: Int) -> Int {
        let rate = load.rate(ofShards: shards, factor: load.peakFactor)
        let busy = rate * milliseconds(forBatchOf: Decimal(batchSize)) / (Decimal(max(1, batchSize)) * 1000)
        return max(1, busy.ceiling.integer ?? .max)
    }
}
