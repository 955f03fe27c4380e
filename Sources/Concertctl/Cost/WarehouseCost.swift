import Foundation
import JSON

/// The monthly cost of a serverless warehouse in direct and in staged mode.
///
/// It is separate from the cost of stream and function, because only deployments with the redshift processor incur it.
struct WarehouseCost: Sendable {
    /// The cost of staged mode with one load interval.
    struct Staged: Sendable {
        /// The load interval in minutes.
        var interval: Int
        var usage: Usage
    }

    /// The line items and their RPU-hours.
    struct Usage: Sendable {
        var rpuHours: Decimal
        var lines: [Bill.Line]

        var total: Decimal { lines.reduce(0) { $0 + $1.amount } }
    }

    /// The load intervals that are always compared, in minutes.
    static let intervals = [1, 5, 15]
    private static let secondsPerMonth = Decimal(Prices.hoursPerMonth * 3600)

    let warehouse: WarehouseDemand
    let direct: Usage
    let staged: Usage
    let comparison: [Staged]
    /// Whether the transactions of direct mode, one at a time, take longer than the month.
    let isTooMuchForDirect: Bool

    init(
        _ load: StreamLoad, _ function: FunctionLoad, shards: Int, warehouse: WarehouseDemand, _ prices: Prices
    ) {
        self.warehouse = warehouse
        let records = function.recordsPerBatch(load, shards: shards)
        let batches = load.recordsPerMonth / records
        isTooMuchForDirect = batches * warehouse.transaction(records) / 1000 > Self.secondsPerMonth
        direct = Self.direct(batches, of: records, warehouse, prices)
        func usage(_ interval: Int) -> Usage {
            var warehouse = warehouse
            warehouse.loadInterval = interval
            let loads = StagedLoads(warehouse, batches: batches / Self.secondsPerMonth, recordsPerBatch: records)
            return Self.staged(loads, function, prices)
        }
        staged = usage(warehouse.loadInterval)
        comparison = Set(Self.intervals + [warehouse.loadInterval]).sorted().map {
            Staged(interval: $0, usage: usage($0))
        }
    }

    private static func direct(
        _ batches: Decimal, of records: Decimal, _ warehouse: WarehouseDemand, _ prices: Prices
    ) -> Usage {
        let seconds = max(WarehouseDemand.minimumSeconds, warehouse.transaction(records) / 1000)
        return usage(min(secondsPerMonth, batches * seconds), warehouse, prices, [])
    }

    private static func staged(_ loads: StagedLoads, _ function: FunctionLoad, _ prices: Prices) -> Usage {
        let warehouse = loads.warehouse
        let intervals = secondsPerMonth / warehouse.intervalSeconds
        let active = loads.share * min(warehouse.intervalSeconds, max(WarehouseDemand.minimumSeconds, loads.seconds))
        let objects = intervals * loads.objects
        // Each load writes a manifest per table, and COPY reads it.
        let manifests =
            intervals * loads.share * loads.loads * min(Decimal(warehouse.tablesPerBatch), loads.objects.ceiling)
        let lists = intervals * max(1, loads.share * loads.loads) * Decimal(WarehouseDemand.listsPerLoad)
        let writes = (objects + manifests + lists + objects / 500).ceiling
        let reads = (objects + manifests).ceiling
        // An invocation without staged objects takes a few milliseconds.
        let seconds = loads.share * min(WarehouseDemand.loaderSeconds, loads.seconds)
        let gigabyteSecond = prices.gigabyteSecond[function.architecture] ?? .nan
        let memory = Decimal(function.memory)
        return usage(
            intervals * active, warehouse, prices,
            [
                Bill.Line(
                    "S3 PUT and LIST", "\(writes.text()) x \(prices.millionWrites.price)/million",
                    writes / 1_000_000 * prices.millionWrites),
                Bill.Line(
                    "S3 GET", "\(reads.text()) x \(prices.millionReads.price)/million",
                    reads / 1_000_000 * prices.millionReads),
                Bill.Line(
                    "Loader",
                    "\(intervals.text(decimals: 0)) x \(seconds.text()) s x \(memory.text())/1024 GB x "
                        + gigabyteSecond.price,
                    intervals * seconds * memory * gigabyteSecond / 1024),
            ])
    }

    private static func usage(
        _ seconds: Decimal, _ warehouse: WarehouseDemand, _ prices: Prices, _ lines: [Bill.Line]
    ) -> Usage {
        let price = warehouse.rpuHour ?? prices.rpuHour
        let capacity = Decimal(warehouse.baseCapacity)
        let hours = (seconds / 3600).rounded(toPlaces: 3)
        let line = Bill.Line(
            "Warehouse", "\(capacity.text()) RPUs x \(hours.text()) h x \(price.price)", capacity * hours * price)
        return Usage(rpuHours: capacity * hours, lines: [line] + lines)
    }

    var notes: [String] {
        let pages = "https://aws.amazon.com/s3/pricing/ and https://aws.amazon.com/redshift/pricing/"
        let unchecked =
            warehouse.rpuHour == nil ? "the prices of RPU-hours and S3 requests" : "the prices of S3 requests"
        var notes = [
            "\(unchecked) were not verified: see \(pages)",
            "assumes that no other query keeps the warehouse active, that batches and loads are evenly spread, and that the "
                + "capacity stays at its base; storage is not included",
        ]
        if isTooMuchForDirect {
            notes.append("direct mode does not keep up: its transactions run one at a time")
        }
        if !warehouse.assumptions.isEmpty {
            notes.append("assumed, not measured on Redshift: " + warehouse.assumptions.joined(separator: ", "))
        }
        return notes
    }
}

/// The report as text and JSON.
extension WarehouseCost {
    var text: String {
        let minutes = warehouse.loadInterval
        var table = TextTable(["", "DIRECT", "STAGED, EVERY \(minutes) MIN"])
        for line in staged.lines {
            table.add([line.item, Self.cell(line.item, of: direct), Self.cell(line.item, of: staged)])
        }
        table.add(["Total", direct.total.money, staged.total.money])
        var intervals = TextTable(["MODE", ">RPU-HOURS", ">PER MONTH"])
        intervals.add(["direct", direct.rpuHours.text(decimals: 0), direct.total.money])
        for row in comparison {
            intervals.add([
                "staged, every \(row.interval) min", row.usage.rpuHours.text(decimals: 0), row.usage.total.money,
            ])
        }
        return [
            "Additional cost of a serverless warehouse of \(warehouse.baseCapacity) RPUs with the redshift processor (a query "
                + "is billed for at least 60 s):\n" + table.text,
            intervals.text, notes.map { "Note: \($0)" }.joined(separator: "\n"),
        ].joined(separator: "\n\n")
    }

    private static func cell(_ item: String, of usage: Usage) -> String {
        guard let line = usage.lines.first(where: { $0.item == item }) else { return "-" }
        return "\(line.arithmetic) = \(line.amount.money)"
    }

    var json: JSONValue {
        [
            "BaseCapacity": .integer(warehouse.baseCapacity), "Direct": Self.json(of: direct),
            "Staged": .array(
                comparison.map { row in
                    [
                        "LoadIntervalMinutes": .integer(row.interval), "Cost": Self.json(of: row.usage),
                    ]
                }),
            "Notes": .array(notes.map { .string($0) }),
        ]
    }

    private static func json(of usage: Usage) -> JSONValue {
        [
            "RPUHours": .number(usage.rpuHours.rounded(toPlaces: 3).description),
            "Lines": .array(usage.lines.map(\.json)), "Dollars": .number(usage.total.plainMoney),
        ]
    }
}
