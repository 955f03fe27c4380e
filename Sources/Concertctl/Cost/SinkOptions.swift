import Foundation

/// The options of `cost` about sinks, which require `--plan`.
enum SinkOptions {
    private static let names = ["redshift", "cache", "notifier"]
    private static let standard = CapacityPlan.Sinks()

    fileprivate static let processors = Option<[String]>(
        "--processors", value: "NAME", choices: names, default: [], "with --plan: processors of the function")
    fileprivate static let cacheCommands = Option<Int>(
        "--cache-commands", 1...1_000_000_000, default: standard.cacheCommands,
        "with --plan: commands per second that the cache executes")
    fileprivate static let notifiedShare = Option<Decimal>(
        "--notified-share", 0...1, default: standard.notifiedShare,
        "with --plan: share of records that cause a notification")
    fileprivate static let concurrency = Option<Int>(
        "--concurrency", 1...1_000_000, default: standard.concurrency,
        "with --plan: concurrency quota of the account")
    fileprivate static let warehouseMode = Option<WarehouseMode>(
        "--warehouse-load", default: standard.warehouseMode, "with --plan: the value of REDSHIFT_LOAD")

    static let all: [any CommandOption] = [processors, cacheCommands, notifiedShare, concurrency, warehouseMode]

    fileprivate static func checkedNames(_ input: Input) throws(UsageError) -> Set<String> {
        let given = try input[processors]
        if let name = given.first(where: { !names.contains($0) }) {
            throw UsageError(description: "--processors names \"\(name)\"; expected redshift, cache or notifier")
        }
        return Set(given)
    }
}

extension CapacityPlan.Sinks {
    init(_ input: Input, _ warehouse: WarehouseDemand) throws(UsageError) {
        self.init()
        processors = try SinkOptions.checkedNames(input)
        self.warehouse = warehouse
        warehouseMode = try input[SinkOptions.warehouseMode]
        cacheCommands = try input[SinkOptions.cacheCommands]
        notifiedShare = try input[SinkOptions.notifiedShare]
        concurrency = try input[SinkOptions.concurrency]
    }
}
