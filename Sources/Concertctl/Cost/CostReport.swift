import Foundation
import JSON

/// Both modes side by side, and which to take.
struct CostReport: Sendable {
    let region: String
    let load: StreamLoad
    let function: FunctionLoad
    let provisioned: Bill
    let onDemand: Bill
    /// How many shards may be paid for before on-demand is cheaper for this load; zero when it always is.
    let shardsUntilOnDemand: Int
    /// Whether on-demand is on-demand Advantage.
    let isAdvantage: Bool

    /// - Parameter shards: Nil for as many as the load asks for.
    init(
        _ load: StreamLoad, _ function: FunctionLoad, shards: Int?, region: String, _ prices: Prices,
        isAdvantage: Bool = false
    ) {
        (self.load, self.function, self.region, self.isAdvantage) = (load, function, region, isAdvantage)
        let onDemand = Bill.onDemand(load, function, prices.onDemand(isAdvantage: isAdvantage))
        self.onDemand = onDemand
        provisioned = .provisioned(load, function, shards: shards ?? load.neededShards, prices)
        // More shards never cost less, and each costs its hours at least.
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

    /// What the figures alone do not say.
    var notes: [String] {
        var notes: [String] = []
        if isAdvantage {
            let least = Prices.committedMegabytesPerSecond
            notes.append(
                "on-demand Advantage is a setting of the whole account; its prices and the commitment of \(least) MB/s "
                    + "written and read were not verified: see https://aws.amazon.com/kinesis/data-streams/pricing/")
            notes.append("the commitment is counted as if this stream were the account's only on-demand stream")
            if load.fanOutConsumers > Prices.consumers {
                notes.append("a provisioned stream has \(Prices.consumers) fan-out consumers at most")
            }
        }
        if provisioned.shards < load.neededShards {
            notes.append(
                "\(provisioned.shards) shards are too few: at the peak writes are refused or reads fall behind")
        }
        if parallelism > 10 {
            notes.append(
                "a shard runs 10 batches at once at most, and this load wants \(parallelism): take more shards, or let "
                    + "batches take less time")
        }
        if FunctionLoad.mostRecords(of: load.bytesPerRecord) < 1 {
            notes.append("a record of \(load.bytesPerRecord) bytes does not fit into the 6 MB of an invocation")
        }
        if load.sharedConsumers > 5 {
            notes.append(
                "a shard answers 5 reads a second: with more than 5 consumers that share, each gets its data late")
        }
        if load.neededShards > 4 {
            notes.append(
                "a new on-demand stream takes 4 MB or 4,000 records a second, later twice its peak of the last 30 days"
            )
        }
        return notes
    }
}

/// Text.
extension CostReport {
    var text: String {
        let difference = (provisioned.total - onDemand.total).magnitude
        let (cheaper, dearer) = isProvisionedCheaper ? ("provisioned", "on-demand") : ("on-demand", "provisioned")
        let parts = [
            "Asked for by the load:\n" + demands, table.text,
            "\(cheaper) is cheaper than \(dearer) by \(difference.money) a month; " + crossover,
            "Recommended: \(load.neededShards) shard\(load.neededShards == 1 ? "" : "s"), "
                + "--batch-size \(recommendedBatchSize), --parallelization-factor \(min(10, parallelism))",
            notes.map { "Note: \($0)" }.joined(separator: "\n"),
            "Prices of \(Prices.date) in \(region), US dollars a month of 730 h, without free tiers and taxes.",
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
        guard shards > 0 else { return "for this load it is so with any number of shards" }
        let many = "\(Decimal(shards).text()) shard\(shards == 1 ? "" : "s")"
        return isProvisionedCheaper
            ? "for this load it is so up to \(many)" : "for this load provisioned would be with \(many) or fewer"
    }

    private var table: TextTable {
        var table = TextTable(["", "PROVISIONED", isAdvantage ? "ON-DEMAND ADVANTAGE" : "ON-DEMAND"])
        var items: [String] = []
        for line in provisioned.lines + onDemand.lines where !items.contains(line.item) {
            // Lambda's lines are in both, and come last.
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

/// JSON.
extension CostReport {
    /// - Parameter parts: Members that stand behind the report's own.
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
