import Foundation

/// What AWS asks in one Region, in US dollars; free tiers and discounts for great volumes are left out.
///
/// Sources: <https://aws.amazon.com/kinesis/data-streams/pricing/>, <https://aws.amazon.com/lambda/pricing/>,
/// <https://aws.amazon.com/cloudwatch/pricing/>
struct Prices: Sendable, Equatable {
    /// The month that the table stands for; AWS's pages are what counts.
    static let date = "2026-11"
    static let hoursPerMonth = 730

    /// Provisioned streams.
    var shardHour = dollars("0.015")
    var millionPayloadUnits = dollars("0.014")
    /// For each hour of a shard, as soon as records are kept for longer than a day.
    var extendedShardHour = dollars("0.020")
    var consumerShardHour = dollars("0.015")
    var fanOutGigabyte = dollars("0.013")

    /// On-demand streams, in standard mode.
    var streamHour = dollars("0.04")
    var gigabyteIn = dollars("0.08")
    var gigabyteOut = dollars("0.04")
    /// For what is kept from the second to the seventh day.
    var extendedGigabyteMonth = dollars("0.10")
    var onDemandFanOutGigabyte = dollars("0.05")

    /// What an account commits to pay for at least, in MB a second, written and read each; 0 for nothing.
    var committedMegabytesPerSecond = 0

    /// These prices with those of on-demand Advantage, which an account with a minimum throughput commitment pays for
    /// its on-demand streams, if wanted.
    ///
    /// AWS's documentation says that they are at least 60 % lower than in standard mode and that a stream costs
    /// nothing by itself. The amounts were not verified on AWS's price page; reports say so.
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

    /// Enhanced fan-out consumers that a stream may have, and those with on-demand Advantage.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html>
    static let consumers = 20
    static let advantageConsumers = 50
    /// Of on-demand Advantage, in MB a second.
    static let committedMegabytesPerSecond = 25

    /// Both: for what is kept beyond the seventh day.
    var longTermGigabyteMonth = dollars("0.023")

    var millionRequests = dollars("0.20")
    var gigabyteSecond: [Architecture: Decimal] = [
        .x86: dollars("0.0000166667"), .arm: dollars("0.0000133334"),
    ]

    /// Of a serverless warehouse, and of a million S3 requests in the Standard class: PUT, COPY, POST, and LIST; GET.
    ///
    /// The amounts could not be checked against <https://aws.amazon.com/redshift/pricing/> and
    /// <https://aws.amazon.com/s3/pricing/>; reports say so. Deleting objects costs nothing.
    static let rpuHour = dollars("0.375")
    var rpuHour = Self.rpuHour
    var millionWrites = dollars("5.00")
    var millionReads = dollars("0.40")

    /// Of the first 10,000.
    var metricMonth = dollars("0.30")

    /// Nil where this table has none: elsewhere prices are a tenth to a half higher.
    init?(region: String) {
        guard Self.knownRegions.contains(region) else { return nil }
    }

    /// These three have one price list.
    static let knownRegions = ["us-east-1", "us-east-2", "us-west-2"]

    private static func dollars(_ text: String) -> Decimal { Decimal(string: text) ?? .nan }
}

/// A function's processor, as Lambda calls it.
enum Architecture: String, CaseIterable, Sendable {
    case x86 = "x86_64"
    case arm = "arm64"
}
