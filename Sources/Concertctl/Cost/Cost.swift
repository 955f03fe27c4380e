import Foundation
import JSON

/// Tells how many shards a load asks for, and what it costs in either mode.
struct Cost: Command {
    private static let recordsPerDay = Option<Int>(
        "--records-per-day", required: 0...1_000_000_000_000_000, "records written a day")
    private static let bytesPerRecord = Option<Int>(
        "--bytes-per-record", required: 1...10_485_760, "data and partition key of one record")
    private static let peakFactor = Option<Decimal>(
        "--peak-factor", 1...1000, default: 1, "the busiest second against the average one")
    private static let retention = Option<Int>(
        "--retention-period-hours", StreamRetention.range, default: 24, "how long records are kept")
    private static let consumers = Option<Int>(
        "--consumers", 0...Prices.advantageConsumers, default: 0,
        "consumers with enhanced fan-out, without on-demand Advantage up to \(Prices.consumers)")
    private static let advantage = Option<Bool>(
        "--on-demand-advantage", "compare with on-demand Advantage, an account's setting, instead of Standard")
    private static let sharedConsumers = Option<Int>(
        "--shared-consumers", 0...1000, default: 1, "consumers that share the reads, the function included")
    private static let shardCount = Option<Int?>(
        "--shard-count", 1...1_000_000, otherwise: "what the load asks for", "shards to pay for")
    private static let shardMetrics = Option<[String]?>(
        "--shard-level-metrics", value: "NAME", choices: StreamMonitor.metrics + ["ALL"],
        "metrics of enhanced monitoring that are on, or ALL")
    private static let batchSize = Option<Int>(
        "--batch-size", 1...10_000, default: FunctionLoad().batchSize, "the most records in one invocation")
    private static let window = Option<Int>(
        "--maximum-batching-window-in-seconds", 0...300, default: FunctionLoad().batchingWindow,
        "how long a batch may fill")
    private static let memory = Option<Int>(
        "--memory-size", value: "MB", 128...10_240, default: FunctionLoad().memory, "the function's memory")
    private static let duration = Option<Decimal>(
        "--duration-ms", 0...900_000, default: FunctionLoad().millisecondsPerBatch, "what a batch takes")
    private static let recordDuration = Option<Decimal>(
        "--duration-per-record-ms", 0...900_000, default: FunctionLoad().millisecondsPerRecord,
        "what each record of it adds")
    private static let architecture = Option<Architecture>(
        "--architecture", default: FunctionLoad().architecture, "the function's processor")
    private static let region = Option<String>(
        "--region", value: "REGION", default: "us-east-1", note: "whatever AWS_REGION says",
        "whose prices: \(Prices.knownRegions.joined(separator: ", "))")

    private static let plan = Option<Bool>(
        "--plan", "show, too, which limit binds first at the peak, of stream, function and sinks")
    private static let simulate = Option<Int?>(
        "--simulate", value: "SECONDS", 1...3600, "play the plan through for so long; with --plan")
    private static let parallelism = Option<Int?>(
        "--parallelization-factor", 1...10, otherwise: "what the load asks for",
        "with --plan: batches of a shard at once")

    private static let options: [any CommandOption] =
        [
            recordsPerDay, bytesPerRecord, peakFactor, retention, consumers, sharedConsumers, advantage, shardCount,
            shardMetrics, batchSize, window, memory, duration, recordDuration, architecture, plan, simulate,
            parallelism,
        ] + SinkOptions.all + WarehouseOptions.all + [region, SharedOption.output]

    static let description = CommandDescription(
        name: "cost", summary: "shards and dollars a month of a load, provisioned beside on-demand",
        discussion: """
            Calls nothing and needs no credentials. Each figure shows how it comes about. Money is counted in decimal.
            On-demand is the standard mode unless --on-demand-advantage is given, whose prices were not verified; Lambda's batches are as full as the average rate of a shard makes them.
            Left out: free tiers, discounts for volume, taxes, logs, other sinks than the warehouse, and keys of KMS. Prices are a table in this program: compare it with AWS's pages before it decides anything.

            A serverless warehouse is shown separately, with one transaction per batch (direct) and with staged loads every 1, 5, and 15 minutes. Its RPU-hours follow from the base capacity and the time that it is active, with the minimum of 60 s. Times that are marked as not measured come from tests with PostgreSQL: measure them on your warehouse, and give them.

            --plan puts what the peak asks of each part beside what the part gives, the one that binds first at the top; --simulate plays it through, batch by batch, with shards and invocations that differ, and load by load in staged mode. With redshift among the processors, the limits of staged mode are shown, too. Measure the times of your own sinks first, and give them.
            """,
        options: options,
        examples: [
            "concertctl cost --records-per-day 1000000 --bytes-per-record 1024",
            "concertctl cost --records-per-day 200000000 --bytes-per-record 700 --peak-factor 3 --architecture arm64",
            "concertctl cost --records-per-day 86400000000 --bytes-per-record 700 --plan --simulate 60 --batch-size 5000",
            "concertctl cost --records-per-day 1000000 --bytes-per-record 1024 --base-capacity 32 --load-interval 15",
            "concertctl cost --records-per-day 1000000 --bytes-per-record 1024 --output json | jq .Provisioned.Dollars",
        ])

    private let load: StreamLoad
    private let function: FunctionLoad
    private let warehouse: WarehouseDemand
    private let shards: Int?
    /// Nil when no plan is asked for.
    private let sinks: CapacityPlan.Sinks?
    /// Batches of a shard at once; nil for what the load asks for.
    private let factor: Int?
    private let simulatedSeconds: Int?
    private let isAdvantage: Bool
    private let region: String
    private let output: OutputFormat

    init(_ input: Input) throws {
        isAdvantage = try input[Self.advantage]
        let consumers = try input[Self.consumers]
        guard isAdvantage || consumers <= Prices.consumers else {
            throw UsageError(
                description: "--consumers is \"\(consumers)\"; expected a whole number in 0...\(Prices.consumers), "
                    + "or up to \(Prices.advantageConsumers) with \(Self.advantage.name)")
        }
        load = StreamLoad(
            recordsPerDay: try input[Self.recordsPerDay], bytesPerRecord: try input[Self.bytesPerRecord],
            peakFactor: try input[Self.peakFactor], retentionHours: try input[Self.retention],
            sharedConsumers: try input[Self.sharedConsumers], fanOutConsumers: consumers,
            shardMetrics: StreamMonitor.expanded(try StreamMonitor.metrics(input, Self.shardMetrics) ?? []).count)
        function = FunctionLoad(
            batchSize: try input[Self.batchSize], batchingWindow: try input[Self.window],
            memory: try input[Self.memory], architecture: try input[Self.architecture],
            millisecondsPerBatch: try input[Self.duration], millisecondsPerRecord: try input[Self.recordDuration])
        shards = try input[Self.shardCount]
        factor = try input[Self.parallelism]
        simulatedSeconds = try input[Self.simulate]
        warehouse = try WarehouseDemand(input)
        if try !input[Self.plan], let option = input.first(of: [Self.simulate, Self.parallelism] + SinkOptions.all) {
            throw UsageError(description: "\(option.name) goes with --plan")
        }
        sinks = try input[Self.plan] ? CapacityPlan.Sinks(input, warehouse) : nil
        region = try input[Self.region]
        output = try input[SharedOption.output]
    }

    func run() async throws -> ExitStatus {
        guard let prices = Prices(region: region) else {
            let known = Prices.knownRegions.joined(separator: ", ")
            throw CommandError(
                description:
                    "prices of \"\(region)\" are not known here, only those of \(known); give one of these, and "
                    + "look up the difference at https://aws.amazon.com/kinesis/data-streams/pricing/")
        }
        let report = CostReport(
            load, function, shards: shards, region: region, prices, isAdvantage: isAdvantage)
        let warehouse = WarehouseCost(
            load, function, shards: report.provisioned.shards, warehouse: warehouse, prices)
        func planned(_ sinks: CapacityPlan.Sinks) -> CapacityPlan {
            CapacityPlan(
                load, function, shards: report.provisioned.shards, parallelism: factor ?? min(10, report.parallelism),
                sinks: sinks)
        }
        let plan = sinks.map(planned)
        var staged: CapacityPlan?
        if var sinks, sinks.isDirect {
            sinks.warehouseMode = .staged
            staged = planned(sinks)
        }
        let outcome = try plan.flatMap { plan in
            try simulatedSeconds.map { try StreamSimulation(plan, function, seconds: $0).run() }
        }
        let parts: [(String, JSONValue?)] = [
            ("Warehouse", warehouse.json), ("Plan", plan?.json), ("StagedPlan", staged?.json),
            ("Simulation", outcome.map { $0.json(seconds: simulatedSeconds ?? 0) }),
        ]
        let texts = [
            report.text, warehouse.text, plan?.text, outcome.map { $0.text(seconds: simulatedSeconds ?? 0) },
            staged?.stagedText,
        ]
        Output.show(
            as: output, text: .lines(texts.compactMap { $0 }.joined(separator: "\n\n")),
            json: report.json(beside: parts))
        return .done
    }
}
