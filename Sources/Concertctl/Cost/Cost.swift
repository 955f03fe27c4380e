import Foundation
import JSON

/// The command that estimates the shards and the cost of a load in both capacity modes.
struct Cost: Command {
    private static let recordsPerDay = Option<Int>(
        "--records-per-day", required: 0...1_000_000_000_000_000, "records written per day")
    private static let bytesPerRecord = Option<Int>(
        "--bytes-per-record", required: 1...10_485_760, "size of one record's data and partition key")
    private static let peakFactor = Option<Decimal>(
        "--peak-factor", 1...1000, default: 1, "load in the busiest second, relative to the average")
    private static let retention = Option<Int>(
        "--retention-period-hours", StreamRetention.range, default: 24, "retention period of the stream")
    private static let consumers = Option<Int>(
        "--consumers", 0...Prices.advantageConsumers, default: 0,
        "consumers with enhanced fan-out, up to \(Prices.consumers) without on-demand Advantage")
    private static let advantage = Option<Bool>(
        "--on-demand-advantage", "compare with on-demand Advantage, a setting of the account, instead of Standard")
    private static let sharedConsumers = Option<Int>(
        "--shared-consumers", 0...1000, default: 1, "consumers with shared throughput, including the function")
    private static let shardCount = Option<Int?>(
        "--shard-count", 1...1_000_000, otherwise: "what the load requires", "shards to pay for")
    private static let shardMetrics = Option<[String]?>(
        "--shard-level-metrics", value: "NAME", choices: StreamMonitor.metrics + ["ALL"],
        "enabled metrics of enhanced monitoring, or ALL")
    private static let batchSize = Option<Int>(
        "--batch-size", 1...10_000, default: FunctionLoad().batchSize,
        "maximum number of records per invocation; the template's default is 1,000 with Redshift")
    private static let window = Option<Int>(
        "--maximum-batching-window-in-seconds", 0...300, default: FunctionLoad().batchingWindow,
        "maximum time to gather a batch; the template's default is 10 with Redshift")
    private static let memory = Option<Int>(
        "--memory-size", value: "MB", 128...10_240, default: FunctionLoad().memory, "memory of the function")
    private static let duration = Option<Decimal>(
        "--duration-ms", 0...900_000, default: FunctionLoad().millisecondsPerBatch, "duration of a batch")
    private static let recordDuration = Option<Decimal>(
        "--duration-per-record-ms", 0...900_000, default: FunctionLoad().millisecondsPerRecord,
        "additional duration per record")
    private static let architecture = Option<Architecture>(
        "--architecture", default: FunctionLoad().architecture, "architecture of the function")
    private static let region = Option<String>(
        "--region", value: "REGION", default: "us-east-1", note: "AWS_REGION is ignored",
        "Region of the prices: \(Prices.knownRegions.joined(separator: ", "))")

    private static let plan = Option<Bool>(
        "--plan", "also show which limit of stream, function, and sinks is reached first at the peak")
    private static let simulate = Option<Int?>(
        "--simulate", value: "SECONDS", 1...3600, "with --plan: simulate the plan for this time")
    private static let parallelism = Option<Int?>(
        "--parallelization-factor", 1...10, otherwise: "what the load requires",
        "with --plan: concurrent batches per shard")

    private static let options: [any CommandOption] =
        [
            recordsPerDay, bytesPerRecord, peakFactor, retention, consumers, sharedConsumers, advantage, shardCount,
            shardMetrics, batchSize, window, memory, duration, recordDuration, architecture, plan, simulate,
            parallelism,
        ] + SinkOptions.all + WarehouseOptions.all + [region, SharedOption.output]

    static let description = CommandDescription(
        name: "cost", summary: "estimate shards and dollars per month, provisioned and on-demand side by side",
        discussion: """
            Calls nothing and requires no credentials. Each amount is printed with its calculation, in decimal arithmetic.
            On-demand is the standard mode unless --on-demand-advantage is given, whose prices were not verified. The size of Lambda's batches follows from the average rate of a shard.
            Not included: free tiers, volume discounts, taxes, logs, custom metrics, alarms, the dashboard, sinks other than the warehouse, and KMS keys. The prices are built in: verify them on the AWS pricing pages before you rely on them.

            A serverless warehouse is shown separately, with one transaction per batch (direct) and with staged loads every 1, 5, and 15 minutes. Its RPU-hours follow from the base capacity and the time that it is active, with a minimum of 60 s. Times that are marked as not measured come from tests with PostgreSQL: measure them on your warehouse and pass them as options.

            --plan lists the utilization of each limit at the peak, highest first. --simulate simulates the plan batch by batch, with varying shards and invocations, and load by load in staged mode. With redshift among the processors, the limits of staged mode are also listed. Measure the times of your sinks first and pass them as options.
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
    /// The sinks of the plan, or nil without `--plan`.
    private let sinks: CapacityPlan.Sinks?
    /// The number of concurrent batches per shard, or nil for what the load requires.
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
            throw UsageError(description: "\(option.name) requires --plan")
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
                    "no prices for Region \"\(region)\"; expected one of \(known); for others, see "
                    + "https://aws.amazon.com/kinesis/data-streams/pricing/")
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
