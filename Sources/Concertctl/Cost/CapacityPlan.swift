import Foundation
import JSON

/// What a load asks of each part on its way, beside what the part gives: the one that is used most binds first.
struct CapacityPlan: Sendable {
    /// What else decides, beside stream and function.
    struct Sinks: Sendable {
        /// `redshift`, `cache`, `notifier`.
        var processors: Set<String> = []
        var warehouse = WarehouseDemand()
        var warehouseMode = WarehouseMode.direct
        /// Commands a second that the cache carries out, all its nodes together.
        var cacheCommands = 100_000
        /// Share of the records that subscribers are told of.
        var notifiedShare: Decimal = 0.01
        /// Invocations that the account may have at once.
        var concurrency = 1000
        /// Messages a second that the topic takes.
        var topicMessages = 30_000

        /// Whether a batch is a transaction of the warehouse.
        var isDirect: Bool { processors.contains("redshift") && warehouseMode == .direct }
        /// Whether rows are staged.
        var isStaged: Bool { processors.contains("redshift") && warehouseMode == .staged }
    }

    /// One part that may be used up.
    struct Limit: Sendable {
        var name: String
        var wanted: Decimal
        var most: Decimal
        /// How ``wanted`` and ``most`` come about.
        var arithmetic: String
        /// What moves it.
        var remedy: String

        /// Nothing is left at 1.
        var use: Decimal { most > 0 ? wanted / most : wanted }
    }

    /// Data API statements a second of an account and Region.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html>
    static let statementsPerSecond = 30

    let load: StreamLoad
    let shards: Int
    let parallelism: Int
    /// At the peak.
    let recordsPerSecond: Decimal
    let recordsPerBatch: Decimal
    /// Of one invocation, with the time that the slowest sink takes.
    let milliseconds: Decimal
    let sinks: Sinks
    let limits: [Limit]

    /// - Parameter parallelism: Batches of a shard at once.
    init(_ load: StreamLoad, _ function: FunctionLoad, shards: Int, parallelism: Int, sinks: Sinks) {
        (self.load, self.shards, self.parallelism, self.sinks) = (load, shards, parallelism, sinks)
        recordsPerSecond = load.rate(ofShards: 1, factor: load.peakFactor)
        let lanes = Decimal(shards * parallelism)
        let most = Decimal(min(function.batchSize, max(1, FunctionLoad.mostRecords(of: load.bytesPerRecord))))
        // What a window brings; a lane that is busy for longer than that finds more waiting.
        let filled = recordsPerSecond / lanes * Decimal(max(1, function.batchingWindow))
        let isWriting = sinks.isDirect
        func time(_ records: Decimal) -> Decimal {
            let own = function.milliseconds(forBatchOf: records)
            return isWriting ? max(own, sinks.warehouse.transaction(records)) : own
        }
        let busy = recordsPerSecond / lanes * time(most) / 1000
        recordsPerBatch = min(most, max(1, filled, min(busy, most)))
        milliseconds = time(recordsPerBatch)
        limits = Self.limits(
            load, shards: shards, parallelism: parallelism, rate: recordsPerSecond, batch: recordsPerBatch,
            milliseconds: milliseconds, sinks)
    }

    /// The part that is used most; nil where nothing comes.
    var binding: Limit? { limits.filter { $0.use > 0 }.max { $0.use < $1.use } }

    private static func limits(
        _ load: StreamLoad, shards: Int, parallelism: Int, rate: Decimal, batch: Decimal, milliseconds: Decimal,
        _ sinks: Sinks
    ) -> [Limit] {
        let count = Decimal(shards)
        let calls = rate / batch
        let bytes = rate * Decimal(load.bytesPerRecord) / 1_048_576
        let busy = calls * milliseconds / 1000
        var limits = [
            Limit(
                name: "records written", wanted: rate, most: count * 1000,
                arithmetic: "\(rate.text()) records/s, 1,000 a shard x \(count.text())", remedy: "more shards"),
            Limit(
                name: "bytes written", wanted: bytes, most: count,
                arithmetic: "\(bytes.text()) MB/s, 1 a shard x \(count.text())",
                remedy: "more shards, or records aggregated or compressed by the producer"),
            Limit(
                name: "bytes read", wanted: bytes * Decimal(load.sharedConsumers), most: count * 2,
                arithmetic: "\(bytes.text()) MB/s x \(load.sharedConsumers) consumers, 2 a shard x \(count.text())",
                remedy: "enhanced fan-out"),
            Limit(
                name: "batches at once", wanted: busy, most: Decimal(shards * parallelism),
                arithmetic:
                    "\(calls.text()) batches/s x \(milliseconds.text(places: 0)) ms, \(parallelism) a shard x \(count.text())",
                remedy: parallelism < 10
                    ? "--parallelization-factor up to 10, or larger batches" : "more shards, or larger batches"),
            Limit(
                name: "Lambda concurrency", wanted: busy, most: Decimal(sinks.concurrency),
                arithmetic: "\(busy.text()) invocations at once, \(Decimal(sinks.concurrency).text()) of the account",
                remedy: "a higher quota, or larger batches"),
        ]
        if sinks.isStaged { limits += staged(sinks.warehouse, batches: calls, of: batch) }
        if sinks.isDirect {
            let transaction = sinks.warehouse.transaction(batch)
            let held = calls * transaction / 1000
            limits += [
                Limit(
                    name: "Data API calls", wanted: calls, most: Decimal(statementsPerSecond),
                    arithmetic: "\(calls.text()) transactions/s, \(statementsPerSecond) of the account",
                    remedy: "larger batches and a longer window; the quota is fixed"),
                Limit(
                    name: "warehouse's tables", wanted: held, most: 1,
                    arithmetic:
                        "\(calls.text()) transactions/s x \(transaction.text(places: 0)) ms, one at a time",
                    remedy: "staged loads (--warehouse-load staged), or larger batches by way of the staging bucket"),
            ]
        }
        if sinks.processors.contains("cache") {
            limits.append(
                Limit(
                    name: "cache commands", wanted: rate, most: Decimal(sinks.cacheCommands),
                    arithmetic:
                        "\(rate.text()) records/s, a command each, \(Decimal(sinks.cacheCommands).text()) of the nodes",
                    remedy: "more nodes: keys spread over a cluster's slots"))
        }
        if sinks.processors.contains("notifier") {
            let told = rate * sinks.notifiedShare
            limits.append(
                Limit(
                    name: "topic's messages", wanted: told, most: Decimal(sinks.topicMessages),
                    arithmetic:
                        "\(rate.text()) records/s x \(sinks.notifiedShare.text(places: 6)) told, \(Decimal(sinks.topicMessages).text())/s of the Region",
                    remedy: "a higher quota, or fewer events in NOTIFY_ON"))
        }
        return limits
    }
}

/// Text and JSON.
extension CapacityPlan {
    /// The limits of staged mode alone, beside a plan for direct mode.
    var stagedText: String {
        let names = WarehouseDemand.limitNames
        let parts = [
            "With staged loads instead (--warehouse-load staged):",
            table(of: limits.filter { names.contains($0.name) }).text,
            verdict,
        ]
        return parts.compactMap { $0 }.joined(separator: "\n\n")
    }

    private func table(of limits: [Limit]) -> TextTable {
        var table = TextTable(["LIMIT", ">USED", ">RECORDS/S AT 100 %", "WHY"])
        for limit in limits.sorted(by: { $0.use > $1.use }) {
            table.add([limit.name, Self.percent(limit.use), reach(of: limit).text(places: 0), limit.arithmetic])
        }
        return table
    }

    var text: String {
        let lines = [
            "Plan for the peak: \(recordsPerSecond.text()) records/s on \(Decimal(shards).text()) shard\(shards == 1 ? "" : "s"), batches of "
                + "\(recordsPerBatch.text(places: 0)) in \(milliseconds.text(places: 0)) ms, \(parallelism) at once a shard:",
            table(of: limits).text, verdict,
        ]
        return lines.compactMap { $0 }.joined(separator: "\n\n")
    }

    private var verdict: String? {
        binding.map { binding in
            binding.use > 1
                ? "\(binding.name) does not suffice, and records wait: \(binding.remedy)."
                : "\(binding.name) binds first, at \(reach(of: binding).text(places: 0)) records/s: \(binding.remedy)."
        }
    }

    /// How many records a second there may be before this one is used up, all else being equal.
    func reach(of limit: Limit) -> Decimal { limit.use > 0 ? recordsPerSecond / limit.use : 0 }

    private static func percent(_ share: Decimal) -> String { (share * 100).text(places: 1) + " %" }

    var json: JSONValue {
        [
            "RecordsPerSecond": .number(recordsPerSecond.rounded(toPlaces: 3).description),
            "ShardCount": .integer(shards), "ParallelizationFactor": .integer(parallelism),
            "RecordsPerBatch": .number(recordsPerBatch.rounded(toPlaces: 3).description),
            "MillisecondsPerBatch": .number(milliseconds.rounded(toPlaces: 3).description),
            "Limits": .array(
                limits.map { limit in
                    [
                        "Name": .string(limit.name), "Wanted": .number(limit.wanted.rounded(toPlaces: 3).description),
                        "Most": .number(limit.most.rounded(toPlaces: 3).description),
                        "Use": .number(limit.use.rounded(toPlaces: 4).description),
                        "Arithmetic": .string(limit.arithmetic), "Remedy": .string(limit.remedy),
                    ]
                }),
            "BindsFirst": binding.map { .string($0.name) } ?? .null,
        ]
    }
}
