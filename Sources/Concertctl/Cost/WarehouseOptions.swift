import Foundation

/// The options of `cost` about the warehouse.
enum WarehouseOptions {
    private static let standard = WarehouseDemand()
    private static let milliseconds: ClosedRange<Decimal> = 0...900_000
    private static let assumed = "not measured"

    fileprivate static let baseCapacity = Option<Int>(
        "--base-capacity", 4...1024, default: standard.baseCapacity, "RPUs of the serverless warehouse")
    fileprivate static let rpuHour = Option<Decimal>(
        "--rpu-hour-price", value: "DOLLARS", 0...100, default: Prices.rpuHour, note: "not verified",
        "price of an RPU-hour")
    fileprivate static let loadInterval = Option<Int>(
        "--load-interval", value: "MINUTES", 1...1440, default: standard.loadInterval, "minutes between staged loads")
    fileprivate static let tablesPerBatch = Option<Int>(
        "--tables-per-batch", 1...100, default: standard.tablesPerBatch,
        "number of tables that one batch writes to, with one object each in staged mode")
    fileprivate static let objectLimit = Option<Int>(
        "--load-object-limit", 1...50_000, default: standard.objectLimit, "maximum number of objects per load")

    /// The options about durations, each with its property.
    fileprivate static let times: [Time] =
        [
            time(
                "--transaction-ms", \.transactionMilliseconds,
                "time that a transaction of direct mode locks the tables"),
            time("--transaction-per-record-ms", \.transactionMillisecondsPerRecord, "additional time per record"),
            time("--load-ms", \.loadMilliseconds, "duration of a load without MERGE"),
            time("--load-per-object-ms", \.loadMillisecondsPerObject, "additional duration per object"),
            time("--merge-ms", \.mergeMilliseconds, "duration of MERGE for the rows that are already stored"),
            time("--merge-per-row-ms", \.mergeMillisecondsPerRow, "duration of COPY and MERGE per row"),
        ]

    private typealias Path = any WritableKeyPath<WarehouseDemand, Decimal> & Sendable
    fileprivate typealias Time = (
        option: Option<Decimal>, path: any WritableKeyPath<WarehouseDemand, Decimal> & Sendable
    )

    private static func time(_ name: String, _ path: Path, _ help: String) -> Time {
        (Option<Decimal>(name, milliseconds, default: standard[keyPath: path], note: assumed, help), path)
    }

    static let all: [any CommandOption] =
        [baseCapacity, rpuHour, loadInterval, tablesPerBatch, objectLimit] + times.map(\.option)
}

extension WarehouseDemand {
    init(_ input: Input) throws(UsageError) {
        self.init()
        baseCapacity = try input[WarehouseOptions.baseCapacity]
        rpuHour = input.has(WarehouseOptions.rpuHour) ? try input[WarehouseOptions.rpuHour] : nil
        loadInterval = try input[WarehouseOptions.loadInterval]
        tablesPerBatch = try input[WarehouseOptions.tablesPerBatch]
        objectLimit = try input[WarehouseOptions.objectLimit]
        for (option, path) in WarehouseOptions.times {
            self[keyPath: path] = try input[option]
            if !input.has(option) { assumptions.append("\(option.name) \(self[keyPath: path])") }
        }
    }
}
