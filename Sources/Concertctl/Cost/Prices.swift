import Foundation

/// The prices of one Region in US dollars, without free tiers and volume discounts.
///
/// Sources: <https://aws.amazon.com/kinesis/data-streams/pricing/>, <https://aws.amazon.com/lambda/pricing/>,
/// <https://aws.amazon.com/cloudwatch/pricing/>
struct Prices: Sendable, Equatable {
    /// The month of the prices.
    ///
    /// The AWS pricing pages are authoritative.
    static let date = "2026-11"
    static let hoursPerMonth = 730

    /// Prices of provisioned streams.
    var shardHour = dollars("0.015")
    var millionPayloadUnits = dollars("0.014")
    /// The price per shard-hour if the retention period is longer than a day.
    var extendedShardHour = dollars("0.020")
    var consumerShardHour = dollars("0.015")
    var fanOutGigabyte = dollars("0.013")

    /// Prices of on-demand streams in standard mode.
    var streamHour = dollars("0.04")
    var gigabyteIn = dollars("0.08")
    var gigabyteOut = dollars("0.04")
    /// The price of retention from the second to the seventh day.
    var extendedGigabyteMonth = dollars("0.10")
    var onDemandFanOutGigabyte = dollars("0.05")

    /// The committed throughput of the account in MB per second, for writing and for reading each; 0 for none.
    var committedMegabytesPerSecond = 0

    /// Returns these prices with those of on-demand Advantage if `isAdvantage` is true.
    ///
    /// Accounts with a minimum throughput commitment pay them for on-demand streams. According to the AWS documentation,
    /// they are at least 60 % lower than in standard mode, without a charge per stream. The amounts were not verified on
    /// the AWS pricing page; reports say so.
    func onDemand(isAdvantage: Bool) -> Prices {
        guard isAdvantage else { return self }
        var prices = self
        prices.streamHour = 0
        prices.gigabyteIn = Self.dollars("0.032")
        prices.gigabyteOut = Self.dollars("0.016")
        prices.extendedGigabyteMonth = Self.dollars("0.023")
        prices.onDemandFanOutGigabyte = Self.dollars("0.016")
        prices.committedMegabytesPerSecond = Self.committedMegabytesPerSecond
        return prices
    }

    /// The maximum number of enhanced fan-out consumers of a stream, without and with on-demand Advantage.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html>
    static let consumers = 20
    static let advantageConsumers = 50
    /// The commitment of on-demand Advantage in MB per second.
    static let committedMegabytesPerSecond = 25

    /// The price of retention after the seventh day in both modes.
    var longTermGigabyteMonth = dollars("0.023")

    var millionRequests = dollars("0.20")
    var gigabyteSecond: [Architecture: Decimal] = [
        .x86: dollars("0.0000166667"), .arm: dollars("0.0000133334"),
    ]

    /// Prices of a serverless warehouse and of a million S3 requests in the Standard class: PUT, COPY, POST, and LIST; GET.
    ///
    /// The amounts were not verified on <https://aws.amazon.com/redshift/pricing/> and
    /// <https://aws.amazon.com/s3/pricing/>; reports say so. Deleting objects costs nothing.
    static let rpuHour = dollars("0.375")
    var rpuHour = Self.rpuHour
    var millionWrites = dollars("5.00")
    var millionReads = dollars("0.40")

    /// The price per metric for the first 10,000 metrics.
    var metricMonth = dollars("0.30")

    /// Fails for a Region whose prices are not built in.
    ///
    /// They are 10 to 50 % higher.
    init?(region: String) {
        guard Self.knownRegions.contains(region) else { return nil }
    }

    /// The Regions with these prices.
    static let knownRegions = ["us-east-1", "us-east-2", "us-west-2"]

    private static func dollars(_ text: String) -> Decimal { Decimal(string: text) ?? .nan }
}

/// The architecture of a function, with Lambda's name.
enum Architecture: String, CaseIterable, Sendable {
    case x86 = "x86_64"
    case arm = "arm64"
}
