import Foundation
import JSON

/// The utilization of each limit at the peak load.
///
/// The limit with the highest utilization is reached first.
struct CapacityPlan: Sendable {
    /// The capacity of the sinks and the account.
    struct Sinks: Sendable {
        /// The names of the processors: `redshift`, `cache`, `notifier`.
        var processors: Set<String> = []
        var warehouse = WarehouseDemand()
        var warehouseMode = WarehouseMode.direct
        /// The commands per second that all nodes of the cache execute together.
        var cacheCommands = 100_000
        /// The share of records that cause a notification.
        var notifiedShare: Decimal = 0.01
        /// The concurrency quota of the account.
        var concurrency = 1000
        /// The messages per second that the topic accepts.
        var topicMessages = 30_000

        /// Whether each batch is a transaction in the warehouse.
        var isDirect: Bool { processors.contains("redshift") && warehouseMode == .direct }
        /// Whether rows are staged.
        var isStaged: Bool { processors.contains("redshift") && warehouseMode == .staged }
    }

    /// A limit and its utilization.
    struct Limit: Sendable {
        var name: String
        var wanted: Decimal
        var most: Decimal
        /// The calculation of ``wanted`` and ``most``.
        var arithmetic: String
        /// How to raise the limit or lower the load.
        var remedy: String

        /// The utilization, which is 1 at the limit.
        var use: Decimal { most > 0 ? wanted / most : wanted }
    }

    /// The Data API statements per second of an account and Region.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html>
    static let statementsPerSecond = 30

    let load: StreamLoad
    let shards: Int
    let parallelism: Int
    /// The records per second at the peak.
    let recordsPerSecond: Decimal
    let recordsPerBatch: Decimal
    /// The duration of one invocation, including the slowest sink.
    let milliseconds: Decimal
    let sinks: Sinks
    let limits: [Limit]

    /// Calculates the plan.
    ///
    /// - Parameter parallelism: The number of concurrent batches per shard.
    init(_ load: StreamLoad, _ function: FunctionLoad, shards: Int, parallelism: Int, sinks: Sinks) {
        (self.load, self.shards, self.parallelism, self.sinks) = (load, shards, parallelism, sinks)
        recordsPerSecond = load.rate(ofShards: 1, factor: load.peakFactor)
        let lanes = Decimal(shards * parallelism)
        let most = Decimal(min(function.batchSize, max(1, FunctionLoad.maximumRecords(of: load.bytesPerRecord))))
        // The records of one window; a lane that is busy for longer finds more records waiting.
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

    /// The limit that is reached first, or nil without load.
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
                arithmetic: "\(rate.text()) records/s, 1,000 per shard x \(count.text())", remedy: "more shards"),
            Limit(
                name: "bytes written", wanted: bytes, most: count,
                arithmetic: "\(bytes.text()) MB/s, 1 per shard x \(count.text())",
                remedy: "more shards, or aggregation or compression by the producer"),
            Limit(
                name: "bytes read", wanted: bytes * Decimal(load.sharedConsumers), most: count * 2,
                arithmetic: "\(bytes.text()) MB/s x \(load.sharedConsumers) consumers, 2 per shard x \(count.text())",
                remedy: "enhanced fan-out"),
            Limit(
                name: "concurrent batches", wanted: busy, most: Decimal(shards * parallelism),
                arithmetic:
                    "\(calls.text()) batches/s x \(milliseconds.text(decimals: 0)) ms, \(parallelism) per shard x \(count.text())",
                remedy: parallelism < 10
                    ? "--parallelization-factor up to 10, or larger batches" : "more shards, or larger batches"),
            Limit(
                name: "Lambda concurrency", wanted: busy, most: Decimal(sinks.concurrency),
                arithmetic: "\(busy.text()) concurrent invocations, account quota \(Decimal(sinks.concurrency).text())",
                remedy: "a higher quota, or larger batches"),
        ]
        if sinks.isStaged { limits += staged(sinks.warehouse, batches: calls, of: batch) }
        if sinks.isDirect {
            let transaction = sinks.warehouse.transaction(batch)
            let held = calls * transaction / 1000
            limits += [
                Limit(
                    name: "Data API calls", wanted: calls, most: Decimal(statementsPerSecond),
                    arithmetic: "\(calls.text()) transactions/s, account quota \(statementsPerSecond)",
                    remedy: "larger batches and a longer window; the quota is fixed"),
                Limit(
                    name: "warehouse tables", wanted: held, most: 1,
                    arithmetic:
                        "\(calls.text()) transactions/s x \(transaction.text(decimals: 0)) ms, one at a time",
                    remedy: "staged loads (--warehouse-load staged), or larger batches through the staging bucket"),
            ]
        }
        if sinks.processors.contains("cache") {
            limits.append(
                Limit(
                    name: "cache commands", wanted: rate, most: Decimal(sinks.cacheCommands),
                    arithmetic:
                        "\(rate.text()) records/s, one command each, all nodes \(Decimal(sinks.cacheCommands).text())",
                    remedy: "more nodes; keys are spread over the cluster's slots"))
        }
        if sinks.processors.contains("notifier") {
            let notified = rate * sinks.notifiedShare
            limits.append(
                Limit(
                    name: "topic messages", wanted: notified, most: Decimal(sinks.topicMessages),
                    arithmetic:
                        "\(rate.text()) records/s x \(sinks.notifiedShare.text(decimals: 6)) notified, Region quota \(Decimal(sinks.topicMessages).text())/s",
                    remedy: "a higher quota, or fewer events in NOTIFY_ON"))
        }
        return limits
    }
}

/// The plan as text and JSON.
extension CapacityPlan {
    /// The limits of staged mode only, for comparison with a plan for direct mode.
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
            table.add([limit.name, Self.percent(limit.use), reach(of: limit).text(decimals: 0), limit.arithmetic])
        }
        return table
    }

    var text: String {
        let lines = [
            "Plan at the peak: \(recordsPerSecond.text()) records/s on \(Decimal(shards).text()) shard\(shards == 1 ? "" : "s"), batches of "
                + "\(recordsPerBatch.text(decimals: 0)) in \(milliseconds.text(decimals: 0)) ms, \(parallelism) concurrent per shard:",
            table(of: limits).text, verdict,
        ]
        return lines.compactMap { $0 }.joined(separator: "\n\n")
    }

    private var verdict: String? {
        binding.map { binding in
            binding.use > 1
                ? "Limit exceeded: \(binding.name); records wait. To fix it: \(binding.remedy)."
                : "First limit: \(binding.name), at \(reach(of: binding).text(decimals: 0)) records/s. To raise it: \(binding.remedy)."
        }
    }

    /// Returns the records per second at which a limit is reached if nothing else changes.
    func reach(of limit: Limit) -> Decimal { limit.use > 0 ? recordsPerSecond / limit.use : 0 }

    private static func percent(_ share: Decimal) -> String { (share * 100).text(decimals: 1) + " %" }

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
