import Foundation

/// The load of the stream and its consumers.
struct StreamLoad: Sendable {
    var recordsPerDay: Int
    /// The size of data and partition key.
    var bytesPerRecord: Int
    /// The load in the busiest second, relative to the average.
    var peakFactor: Decimal = 1
    var retentionHours = 24
    /// The consumers with shared throughput, including the function.
    var sharedConsumers = 1
    /// The consumers with enhanced fan-out.
    var fanOutConsumers = 0
    /// The number of enabled shard-level metrics.
    var shardMetrics = 0

    private static let kilobyte = 1024
    private static let megabyte = 1024 * 1024
    private static let secondsPerDay = 86_400

    static func gigabytes(_ bytes: Decimal) -> Decimal { bytes / Decimal(megabyte * 1024) }
}

/// The data volumes.
extension StreamLoad {
    var recordsPerMonth: Decimal { Decimal(recordsPerDay) * Decimal(Prices.hoursPerMonth) / 24 }

    var bytesPerDay: Decimal { Decimal(recordsPerDay) * Decimal(bytesPerRecord) }

    var gigabytesPerMonth: Decimal {
        Self.gigabytes(bytesPerDay * Decimal(Prices.hoursPerMonth) / 24)
    }

    /// The data written per month as on-demand streams bill it, with each record rounded up to whole KB.
    var gigabytesInPerMonth: Decimal {
        let kilobytes = Self.parts(of: bytesPerRecord, in: Self.kilobyte)
        let bytes = Decimal(recordsPerDay) * Decimal(kilobytes * Self.kilobyte)
        return Self.gigabytes(bytes * Decimal(Prices.hoursPerMonth) / 24)
    }

    /// The PUT payload units of 25 KB, at least one per record.
    var payloadUnitsPerMonth: Decimal {
        recordsPerMonth * Decimal(Self.parts(of: bytesPerRecord, in: 25 * Self.kilobyte))
    }

    /// Returns the data that is retained for more than `start` and up to `end` hours.
    func gigabytesKept(from start: Int, to end: Int = 8760) -> Decimal {
        let hours = min(max(retentionHours, start), end) - start
        return Self.gigabytes(bytesPerDay * Decimal(hours) / 24)
    }

    private static func parts(of bytes: Int, in part: Int) -> Int { max(1, (bytes + part - 1) / part) }
}

/// The required shards.
extension StreamLoad {
    /// The required number of shards by reason.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
    var shardDemands: [(reason: String, shards: Int)] {
        let seconds = Decimal(Self.secondsPerDay)
        let records = Decimal(recordsPerDay) * peakFactor
        let bytes = records * Decimal(bytesPerRecord)
        let reads = bytes * Decimal(sharedConsumers)
        let megabytes = seconds * Decimal(Self.megabyte)
        func shards(_ amount: Decimal, _ most: Decimal) -> Int { max(1, (amount / most).ceiling.integer ?? .max) }
        return [
            ("\((records / seconds).text()) records/s written, 1,000 per shard", shards(records, seconds * 1000)),
            ("\((bytes / megabytes).text()) MB/s written, 1 per shard", shards(bytes, megabytes)),
            (
                "\((reads / megabytes).text()) MB/s read by shared consumers, 2 per shard",
                shards(reads, megabytes * 2)
            ),
        ]
    }

    var neededShards: Int { shardDemands.map(\.shards).max() ?? 1 }

    /// The shards of an on-demand stream: at least four, otherwise twice what the peak requires.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>
    var onDemandShards: Int { max(4, neededShards.multipliedReportingOverflow(by: 2).partialValue) }

    /// Returns the records per second that each of `shards` shards receives, on average or at the peak.
    func rate(ofShards shards: Int, factor: Decimal = 1) -> Decimal {
        Decimal(recordsPerDay) * factor / (Decimal(Self.secondsPerDay) * Decimal(max(1, shards)))
    }
}
