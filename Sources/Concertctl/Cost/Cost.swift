import Foundation
import JSON

/// Tells how many shards a load asks for, and what it costs in either mode.
struct Cost: Command {
    private static let recordsPerDay = OptionDescription(
        "--records-per-day", .value("N"), "records written a day, 0...10^15")
    private static let bytesPerRecord = OptionDescription(
        "--bytes-per-record", .value("N"), "data and partition key of one record, 1...10485760")
    private static let peakFactor = OptionDescription(
        "--peak-factor", .value("X"), "the busiest second against the average one, 1...1000 (default 1)")
    private static let retention = OptionDescription(
        "--retention-period-hours", .value("N"), "how long records are kept, 24...8760 (default 24)")
    private static let consumers = OptionDescription(
        "--consumers", .value("N"),
        "consumers with enhanced fan-out, 0...20, with on-demand Advantage 0...50 (default 0)")
    private static let advantage = OptionDescription(
        "--on-demand-advantage", .flag, "compare with on-demand Advantage, an account's setting, instead of Standard")
    private static let sharedConsumers = OptionDescription(
        "--shared-consumers", .value("N"), "consumers that share the reads, the function included, 0...1000 (default 1)"
    )
    private static let shardCount = OptionDescription(
        "--shard-count", .value("N"), "shards to pay for, 1...1000000 (default: what the load asks for)")
    private static let shardMetrics = OptionDescription(
        "--shard-level-metrics", .list("NAME"), "metrics of enhanced monitoring that are on, or ALL",
        choices: StreamMonitor.metrics + ["ALL"])
    private static let batchSize = OptionDescription(
        "--batch-size", .value("N"), "the most records in one invocation, 1...10000 (default 100)")
    private static let window = OptionDescription(
        "--maximum-batching-window-in-seconds", .value("N"), "how long a batch may fill, 0...300 (default 5)")
    private static let memory = OptionDescription(
        "--memory-size", .value("MB"), "the function's memory, 128...10240 (default 256)")
    private static let duration = OptionDescription(
        "--duration-ms", .value("X"), "what a batch takes, 0...900000 (default 100)")
    private static let recordDuration = OptionDescription(
        "--duration-per-record-ms", .value("X"), "what each record of it adds, 0...900000 (default 0)")
    private static let architecture = OptionDescription(
        "--architecture", oneOf: Architecture.self, "the function's processor (default x86_64)")
    private static let plan = OptionDescription(
        "--plan", .flag, "tell, too, which limit binds first at the peak, of stream, function and sinks")
    private static let simulate = OptionDescription(
        "--simulate", .value("SECONDS"), "play the plan through for so long, 1...3600; with --plan")
    private static let parallelism = OptionDescription(
        "--parallelization-factor", .value("N"),
        "with --plan: batches of a shard at once, 1...10 (default: what the load asks for)")
    private static let processors = OptionDescription(
        "--processors", .list("NAME"), "with --plan: the sinks", choices: ["redshift", "cache", "notifier"])
    private static let transaction = OptionDescription(
        "--transaction-ms", .value("X"),
        "how long a transaction of direct mode locks the warehouse's tables, 0...900000 (default 500, not measured)")
    private static let transactionRecord = OptionDescription(
        "--transaction-per-record-ms", .value("X"),
        "what each record adds to it, 0...900000 (default 0.2, not measured)")
    private static let warehouseMode = OptionDescription(
        "--warehouse-load", oneOf: WarehouseMode.self, "with --plan: as REDSHIFT_LOAD (default direct)")
    private static let baseCapacity = OptionDescription(
        "--base-capacity", .value("N"), "RPUs of the serverless warehouse, 4...1024 (default 8)")
    private static let rpuHour = OptionDescription(
        "--rpu-hour-price", .value("DOLLARS"), "price of an RPU-hour, 0...100 (default 0.375, not checked)")
    private static let loadInterval = OptionDescription(
        "--load-interval", .value("MINUTES"), "minutes between staged loads, 1...1440 (default 5)")
    private static let tablesPerBatch = OptionDescription(
        "--tables-per-batch", .value("N"),
        "tables that the records of one batch belong to, each an object in staged mode, 1...100 (default 4)")
    private static let objectLimit = OptionDescription(
        "--load-object-limit", .value("N"), "the most objects in one load, 1...100000 (default 10000)")
    private static let loadTime = OptionDescription(
        "--load-ms", .value("X"), "what a load takes without MERGE, 0...900000 (default 2000, not measured)")
    private static let loadObjectTime = OptionDescription(
        "--load-per-object-ms", .value("X"), "what each object adds to it, 0...900000 (default 1, not measured)")
    private static let mergeTime = OptionDescription(
        "--merge-ms", .value("X"),
        "what MERGE takes for the rows that are stored already, 0...900000 (default 0, not measured)")
    private static let mergeRowTime = OptionDescription(
        "--merge-per-row-ms", .value("X"),
        "what COPY and MERGE take for each row, 0...900000 (default 0.035, not measured)")
    private static let cacheCommands = OptionDescription(
        "--cache-commands", .value("N"), "with --plan: commands a second of the cache, 1...10^9 (default 100000)")
    private static let notifiedShare = OptionDescription(
        "--notified-share", .value("X"), "with --plan: share of records that are told of, 0...1 (default 0.01)")
    private static let concurrency = OptionDescription(
        "--concurrency", .value("N"), "with --plan: invocations at once of the account, 1...1000000 (default 1000)")
    private static let region = OptionDescription(
        "--region", .value("REGION"),
        "whose prices: \(Prices.knownRegions.joined(separator: ", ")) (default us-east-1, whatever AWS_REGION says)")

    static let description = CommandDescription(
        name: "cost", summary: "shards and dollars a month of a load, provisioned beside on-demand",
        discussion: """
            Calls nothing and needs no credentials. Each figure shows how it comes about. Money is counted in decimal.
            On-demand is the standard mode unless --on-demand-advantage is given, whose prices were not verified; Lambda's batches are as full as the average rate of a shard makes them.
            Left out: free tiers, discounts for volume, taxes, logs, other sinks than the warehouse, and keys of KMS. Prices are a table in this program: compare it with AWS's pages before it decides anything.

            A serverless warehouse is shown separately, with one transaction per batch (direct) and with staged loads every 1, 5, and 15 minutes. Its RPU-hours follow from the base capacity and the time that it is active, with the minimum of 60 s. Times that are marked as not measured come from tests with PostgreSQL: measure them on your warehouse, and give them.

            --plan puts what the peak asks of each part beside what the part gives, the one that binds first at the top; --simulate plays it through, batch by batch, with shards and invocations that differ, and load by load in staged mode. With redshift among the processors, the limits of staged mode are shown, too. Measure the times of your own sinks first, and give them.
            """,
        options: [
            recordsPerDay, bytesPerRecord, peakFactor, retention, consumers, sharedConsumers, advantage, shardCount,
            shardMetrics, batchSize, window, memory, duration, recordDuration, architecture, plan, simulate,
            parallelism,
            processors, cacheCommands, notifiedShare, concurrency, warehouseMode, baseCapacity, rpuHour, loadInterval,
            transaction,
            transactionRecord, tablesPerBatch, objectLimit, loadTime, loadObjectTime, mergeTime, mergeRowTime, region,
            .output,
        ],
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

    init(_ arguments: Arguments) throws {
        guard let records = try arguments.integer(Self.recordsPerDay, in: 0...1_000_000_000_000_000),
            let bytes = try arguments.integer(Self.bytesPerRecord, in: 1...10_485_760)
        else { throw UsageError(description: "--records-per-day and --bytes-per-record are needed") }
        isAdvantage = arguments.flag(Self.advantage)
        let consumers = isAdvantage ? Prices.advantageConsumers : Prices.consumers
        load = StreamLoad(
            recordsPerDay: records, bytesPerRecord: bytes,
            peakFactor: try Self.decimal(arguments, Self.peakFactor, in: 1...1000) ?? 1,
            retentionHours: try arguments.integer(Self.retention, in: 24...8760) ?? 24,
            sharedConsumers: try arguments.integer(Self.sharedConsumers, in: 0...1000) ?? 1,
            fanOutConsumers: try arguments.integer(Self.consumers, in: 0...consumers) ?? 0,
            shardMetrics: try Self.metrics(arguments))
        function = FunctionLoad(
            batchSize: try arguments.integer(Self.batchSize, in: 1...10_000) ?? 100,
            batchingWindow: try arguments.integer(Self.window, in: 0...300) ?? 5,
            memory: try arguments.integer(Self.memory, in: 128...10_240) ?? 256,
            architecture: try arguments.choice(Self.architecture, of: Architecture.self) ?? .x86,
            millisecondsPerBatch: try Self.decimal(arguments, Self.duration, in: 0...900_000) ?? 100,
            millisecondsPerRecord: try Self.decimal(arguments, Self.recordDuration, in: 0...900_000) ?? 0)
        shards = try arguments.integer(Self.shardCount, in: 1...1_000_000)
        factor = try arguments.integer(Self.parallelism, in: 1...10)
        simulatedSeconds = try arguments.integer(Self.simulate, in: 1...3600)
        warehouse = try Self.warehouse(arguments)
        sinks = try Self.sinks(arguments, warehouse)
        region = arguments.string(Self.region) ?? "us-east-1"
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
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
        switch output {
        case .json:
            let parts: [(String, JSONValue?)] = [
                ("Warehouse", warehouse.json),
                ("Plan", plan?.json), ("StagedPlan", staged?.json),
                ("Simulation", outcome.map { $0.json(seconds: simulatedSeconds ?? 0) }),
            ]
            Output.print(.json(report.json(beside: parts)))
        case .text:
            let parts = [
                report.text, warehouse.text, plan?.text, outcome.map { $0.text(seconds: simulatedSeconds ?? 0) },
                staged?.stagedText,
            ]
            Output.print(.lines(parts.compactMap { $0 }.joined(separator: "\n\n")))
        }
        return .done
    }

    private static func warehouse(_ arguments: Arguments) throws -> WarehouseDemand {
        var warehouse = WarehouseDemand()
        if let value = try arguments.integer(baseCapacity, in: 4...1024) { warehouse.baseCapacity = value }
        warehouse.rpuHour = try decimal(arguments, rpuHour, in: 0...100)
        if let value = try arguments.integer(loadInterval, in: 1...1440) { warehouse.loadInterval = value }
        if let value = try arguments.integer(tablesPerBatch, in: 1...100) { warehouse.tablesPerBatch = value }
        if let value = try arguments.integer(objectLimit, in: 1...100_000) { warehouse.objectLimit = value }
        let times: [(option: OptionDescription, path: WritableKeyPath<WarehouseDemand, Decimal>)] = [
            (transaction, \.transactionMilliseconds), (transactionRecord, \.transactionMillisecondsPerRecord),
            (loadTime, \.loadMilliseconds), (loadObjectTime, \.loadMillisecondsPerObject),
            (mergeTime, \.mergeMilliseconds), (mergeRowTime, \.mergeMillisecondsPerRow),
        ]
        for (option, path) in times {
            if let value = try decimal(arguments, option, in: 0...900_000) {
                warehouse[keyPath: path] = value
            } else {
                warehouse.assumptions.append("\(option.name) \(warehouse[keyPath: path])")
            }
        }
        return warehouse
    }

    private static func sinks(_ arguments: Arguments, _ warehouse: WarehouseDemand) throws -> CapacityPlan.Sinks? {
        guard arguments.flag(plan) else {
            let others = [
                simulate, parallelism, processors, cacheCommands, notifiedShare, concurrency,
                warehouseMode,
            ]
            if let option = others.first(where: { arguments.has($0) }) {
                throw UsageError(description: "\(option.name) goes with --plan")
            }
            return nil
        }
        var sinks = CapacityPlan.Sinks()
        sinks.processors = Set(arguments.list(processors) ?? [])
        if let name = sinks.processors.first(where: { !processors.choices.contains($0) }) {
            throw UsageError(description: "--processors names \"\(name)\"; expected redshift, cache or notifier")
        }
        sinks.warehouse = warehouse
        sinks.warehouseMode = try arguments.choice(warehouseMode, of: WarehouseMode.self) ?? .direct
        if let value = try arguments.integer(cacheCommands, in: 1...1_000_000_000) { sinks.cacheCommands = value }
        if let value = try decimal(arguments, notifiedShare, in: 0...1) { sinks.notifiedShare = value }
        if let value = try arguments.integer(concurrency, in: 1...1_000_000) { sinks.concurrency = value }
        return sinks
    }

    private static func decimal(
        _ arguments: Arguments, _ option: OptionDescription, in bounds: ClosedRange<Decimal>
    ) throws(UsageError) -> Decimal? {
        guard let text = arguments.string(option) else { return nil }
        guard let value = Decimal(digits: text), bounds.contains(value) else {
            throw UsageError(
                description: "\(option.name) is \"\(text)\"; expected a number in \(bounds.lowerBound)..."
                    + "\(bounds.upperBound), with at most six decimals")
        }
        return value
    }

    private static func metrics(_ arguments: Arguments) throws(UsageError) -> Int {
        StreamMonitor.expanded(try StreamMonitor.metrics(arguments, shardMetrics) ?? []).count
    }
}
