import Foundation

/// What goes through the stream, and how it is read.
struct StreamLoad: Sendable {
    var recordsPerDay: Int
    /// Data and partition key.
    var bytesPerRecord: Int
    /// How much more comes in the busiest second than in the average one.
    var peakFactor: Decimal = 1
    var retentionHours = 24
    /// Consumers that share each shard's reads; the function is one.
    var sharedConsumers = 1
    /// Consumers with enhanced fan-out.
    var fanOutConsumers = 0
    /// Shard-level metrics that are on.
    var shardMetrics = 0

    private static let kilobyte = 1024
    private static let megabyte = 1024 * 1024
    private static let secondsPerDay = 86_400

    static func gigabytes(_ bytes: Decimal) -> Decimal { bytes / Decimal(megabyte * 1024) }
}

/// Amounts.
extension StreamLoad {
    var recordsPerMonth: Decimal { Decimal(recordsPerDay) * Decimal(Prices.hoursPerMonth) / 24 }

    var bytesPerDay: Decimal { Decimal(recordsPerDay) * Decimal(bytesPerRecord) }

    var gigabytesPerMonth: Decimal {
        Self.gigabytes(bytesPerDay * Decimal(Prices.hoursPerMonth) / 24)
    }

    /// As on-demand streams count what is written: each record rounded up to whole KB.
    var gigabytesInPerMonth: Decimal {
        let kilobytes = Self.parts(of: bytesPerRecord, in: Self.kilobyte)
        let bytes = Decimal(recordsPerDay) * Decimal(kilobytes * Self.kilobyte)
        return Self.gigabytes(bytes * Decimal(Prices.hoursPerMonth) / 24)
    }

    /// Of 25 KB, and at least one a record.
    var payloadUnitsPerMonth: Decimal {
        recordsPerMonth * Decimal(Self.parts(of: bytesPerRecord, in: 25 * Self.kilobyte))
    }

    /// What lies in the stream beyond `start` hours, but not beyond `end`.
    func gigabytesKept(from start: Int, to end: Int = 8760) -> Decimal {
        let hours = min(max(retentionHours, start), end) - start
        return Self.gigabytes(bytesPerDay * Decimal(hours) / 24)
    }

    private static func parts(of bytes: Int, in part: Int) -> Int { max(1, (bytes + part - 1) / part) }
}

/// What it asks for.
extension StreamLoad {
    /// Reasons for shards, and how many each asks for.
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
            ("\((records / seconds).text()) records/s written, 1,000 a shard", shards(records, seconds * 1000)),
            ("\((bytes / megabytes).text()) MB/s written, 1 a shard", shards(bytes, megabytes)),
            (
                "\((reads / megabytes).text()) MB/s read by consumers that share, 2 a shard",
                shards(reads, megabytes * 2)
            ),
        ]
    }

    var neededShards: Int { shardDemands.map(\.shards).max() ?? 1 }

    /// On-demand streams have four, and then twice what the peak asks for.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>
    var onDemandShards: Int { max(4, neededShards.multipliedReportingOverflow(by: 2).partialValue) }

    /// Records a second that one of so many shards gets, on average or at the peak.
    func rate(ofShards shards: Int, factor: Decimal = 1) -> Decimal {
        Decimal(recordsPerDay) * factor / (Decimal(Self.secondsPerDay) * Decimal(max(1, shards)))
    }
}
