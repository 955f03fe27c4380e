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
        "--consumers", .value("N"), "consumers with enhanced fan-out, 0...20 (default 0)")
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
    private static let region = OptionDescription(
        "--region", .value("REGION"),
        "whose prices: \(Prices.knownRegions.joined(separator: ", ")) (default us-east-1, whatever AWS_REGION says)")

    static let description = CommandDescription(
        name: "cost", summary: "shards and dollars a month of a load, provisioned beside on-demand",
        discussion: """
            Calls nothing and needs no credentials. Each figure shows how it comes about. Money is counted in decimal.
            On-demand is the standard mode; Lambda's batches are as full as the average rate of a shard makes them.
            Left out: free tiers, discounts for volume, taxes, logs, sinks, and keys of KMS.
            """,
        options: [
            recordsPerDay, bytesPerRecord, peakFactor, retention, consumers, sharedConsumers, shardCount, shardMetrics,
            batchSize, window, memory, duration, recordDuration, architecture, region, .output,
        ],
        examples: [
            "concertctl cost --records-per-day 1000000 --bytes-per-record 1024",
            "concertctl cost --records-per-day 200000000 --bytes-per-record 700 --peak-factor 3 --architecture arm64",
            "concertctl cost --records-per-day 1000000 --bytes-per-record 1024 --output json | jq .Provisioned.Dollars",
        ])

    private let load: StreamLoad
    private let function: FunctionLoad
    private let shards: Int?
    private let region: String
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        guard let records = try arguments.integer(Self.recordsPerDay, in: 0...1_000_000_000_000_000),
            let bytes = try arguments.integer(Self.bytesPerRecord, in: 1...10_485_760)
        else { throw UsageError(description: "--records-per-day and --bytes-per-record are needed") }
        load = StreamLoad(
            recordsPerDay: records, bytesPerRecord: bytes,
            peakFactor: try Self.decimal(arguments, Self.peakFactor, in: 1...1000) ?? 1,
            retentionHours: try arguments.integer(Self.retention, in: 24...8760) ?? 24,
            sharedConsumers: try arguments.integer(Self.sharedConsumers, in: 0...1000) ?? 1,
            fanOutConsumers: try arguments.integer(Self.consumers, in: 0...20) ?? 0,
            shardMetrics: try Self.metrics(arguments))
        function = FunctionLoad(
            batchSize: try arguments.integer(Self.batchSize, in: 1...10_000) ?? 100,
            batchingWindow: try arguments.integer(Self.window, in: 0...300) ?? 5,
            memory: try arguments.integer(Self.memory, in: 128...10_240) ?? 256,
            architecture: try arguments.choice(Self.architecture, of: Architecture.self) ?? .x86,
            millisecondsPerBatch: try Self.decimal(arguments, Self.duration, in: 0...900_000) ?? 100,
            millisecondsPerRecord: try Self.decimal(arguments, Self.recordDuration, in: 0...900_000) ?? 0)
        shards = try arguments.integer(Self.shardCount, in: 1...1_000_000)
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
        let report = CostReport(load, function, shards: shards, region: region, prices)
        print(output == .json ? report.json.prettyText : report.text)
        return .done
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
