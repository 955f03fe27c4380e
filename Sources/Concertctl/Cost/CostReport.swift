import Foundation
import JSON

/// The cost of both capacity modes and a recommendation.
struct CostReport: Sendable {
    let region: String
    let load: StreamLoad
    let function: FunctionLoad
    let provisioned: Bill
    let onDemand: Bill
    /// The largest number of shards for which provisioned mode is not more expensive; zero if on-demand is always cheaper.
    let shardsUntilOnDemand: Int
    /// Whether the on-demand prices are those of on-demand Advantage.
    let isAdvantage: Bool

    /// Calculates the cost.
    ///
    /// - Parameter shards: The number of shards, or nil for what the load requires.
    init(
        _ load: StreamLoad, _ function: FunctionLoad, shards: Int?, region: String, _ prices: Prices,
        isAdvantage: Bool = false
    ) {
        (self.load, self.function, self.region, self.isAdvantage) = (load, function, region, isAdvantage)
        let onDemand = Bill.onDemand(load, function, prices.onDemand(isAdvantage: isAdvantage))
        self.onDemand = onDemand
        provisioned = .provisioned(load, function, shards: shards ?? load.neededShards, prices)
        // More shards never cost less, and each shard costs at least its hours.
        let hours = prices.shardHour * Decimal(Prices.hoursPerMonth)
        var bounds = 0...max(0, (onDemand.total / hours).ceiling.integer ?? 0)
        while bounds.lowerBound < bounds.upperBound {
            let middle = bounds.upperBound - (bounds.upperBound - bounds.lowerBound) / 2
            let total = Bill.provisioned(load, function, shards: middle, prices).total
            bounds = total <= onDemand.total ? middle...bounds.upperBound : bounds.lowerBound...(middle - 1)
        }
        shardsUntilOnDemand = bounds.lowerBound
    }

    var isProvisionedCheaper: Bool { provisioned.total <= onDemand.total }

    var recommendedBatchSize: Int { function.recommendedBatchSize(load, shards: provisioned.shards) }

    var parallelism: Int {
        function.neededParallelism(load, shards: provisioned.shards, batchSize: recommendedBatchSize)
    }

    /// Notes on the assumptions and limits.
    var notes: [String] {
        var notes: [String] = []
        if isAdvantage {
            let least = Prices.committedMegabytesPerSecond
            notes.append(
                "on-demand Advantage is a setting of the whole account; its prices and the commitment of \(least) MB/s "
                    + "written and read were not verified: see https://aws.amazon.com/kinesis/data-streams/pricing/")
            notes.append("the commitment assumes that this stream is the only on-demand stream of the account")
            if load.fanOutConsumers > Prices.consumers {
                notes.append("a provisioned stream has at most \(Prices.consumers) fan-out consumers")
            }
        }
        if provisioned.shards < load.neededShards {
            notes.append(
                "\(provisioned.shards) shards are too few: at the peak, writes are throttled or reads fall behind")
        }
        if parallelism > 10 {
            notes.append(
                "a shard runs at most 10 concurrent batches, and this load requires \(parallelism): use more shards, or make "
                    + "batches faster")
        }
        if FunctionLoad.maximumRecords(of: load.bytesPerRecord) < 1 {
            notes.append("a record of \(load.bytesPerRecord) bytes does not fit into the 6 MB of an invocation")
        }
        if load.sharedConsumers > 5 {
            notes.append(
                "a shard allows 5 reads per second: with more than 5 shared consumers, each one receives data late")
        }
        if load.neededShards > 4 {
            notes.append(
                "a new on-demand stream accepts 4 MB or 4,000 records per second, later twice the peak of the last 30 days"
            )
        }
        return notes
    }
}

/// The report as text.
extension CostReport {
    var text: String {
        let difference = (provisioned.total - onDemand.total).magnitude
        let (cheaper, other) = isProvisionedCheaper ? ("provisioned", "on-demand") : ("on-demand", "provisioned")
        let parts = [
            "Required by the load:\n" + demands, table.text,
            "\(cheaper) is cheaper than \(other) by \(difference.money) per month; " + crossover,
            "Recommended: \(load.neededShards) shard\(load.neededShards == 1 ? "" : "s"), "
                + "--batch-size \(recommendedBatchSize), --parallelization-factor \(min(10, parallelism))",
            notes.map { "Note: \($0)" }.joined(separator: "\n"),
            "Prices of \(Prices.date) in \(region), US dollars per month of 730 h, without free tiers and taxes.",
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var demands: String {
        var table = TextTable([">SHARDS", "FOR"])
        for demand in load.shardDemands { table.add([Decimal(demand.shards).text(), demand.reason]) }
        return table.text
    }

    private var crossover: String {
        let shards = shardsUntilOnDemand
        guard shards > 0 else { return "for this load, with any number of shards" }
        let many = "\(Decimal(shards).text()) shard\(shards == 1 ? "" : "s")"
        return isProvisionedCheaper
            ? "for this load, with up to \(many)" : "for this load, provisioned is cheaper with \(many) or fewer"
    }

    private var table: TextTable {
        var table = TextTable(["", "PROVISIONED", isAdvantage ? "ON-DEMAND ADVANTAGE" : "ON-DEMAND"])
        var items: [String] = []
        for line in provisioned.lines + onDemand.lines where !items.contains(line.item) {
            // Both modes have the lines of Lambda, which come last.
            let isShared = line.item.hasPrefix("Lambda")
            items.insert(
                line.item, at: isShared ? items.count : items.firstIndex { $0.hasPrefix("Lambda") } ?? items.count)
        }
        for item in items { table.add([item, Self.cell(item, of: provisioned), Self.cell(item, of: onDemand)]) }
        table.add(["Total", provisioned.total.money, onDemand.total.money])
        return table
    }

    private static func cell(_ item: String, of bill: Bill) -> String {
        guard let line = bill.lines.first(where: { $0.item == item }) else { return "-" }
        return "\(line.arithmetic) = \(line.amount.money)"
    }
}

/// The report as JSON.
extension CostReport {
    /// Returns the report as a document.
    ///
    /// - Parameter parts: Members that follow those of the report.
    func json(beside parts: [(String, JSONValue?)]) -> JSONValue {
        .object(
            ofPresent: [
                ("Region", .string(region)), ("PricesAsOf", .string(Prices.date)),
                ("RecordsPerDay", .integer(load.recordsPerDay)), ("BytesPerRecord", .integer(load.bytesPerRecord)),
                ("PeakFactor", .number(load.peakFactor.description)),
                ("RetentionPeriodHours", .integer(load.retentionHours)),
                ("RequiredShardCount", .integer(load.neededShards)),
                ("OnDemandMode", .string(isAdvantage ? "ADVANTAGE" : "STANDARD")),
                ("Provisioned", Self.json(of: provisioned)), ("OnDemand", Self.json(of: onDemand)),
                ("Cheaper", .string(isProvisionedCheaper ? "PROVISIONED" : "ON_DEMAND")),
                ("ProvisionedIsCheaperUpToShardCount", .integer(shardsUntilOnDemand)),
                (
                    "Recommended",
                    [
                        "ShardCount": .integer(load.neededShards), "BatchSize": .integer(recommendedBatchSize),
                        "ParallelizationFactor": .integer(min(10, parallelism)),
                    ]
                ),
                ("Notes", .array(notes.map { .string($0) })),
            ] + parts)
    }

    private static func json(of bill: Bill) -> JSONValue {
        [
            "ShardCount": .integer(bill.shards), "Lines": .array(bill.lines.map(\.json)),
            "Dollars": .number(bill.total.plainMoney),
        ]
    }
}

extension Bill.Line {
    var json: JSONValue {
        [
            "Item": .string(item), "Arithmetic": .string(arithmetic), "Dollars": .number(amount.plainMoney),
        ]
    }
}
