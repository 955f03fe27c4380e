import Foundation

/// The load mode of the warehouse: one transaction per batch, or objects in S3 that one loader merges.
enum WarehouseMode: String, CaseIterable, Sendable {
    case direct, staged
}

/// The warehouse and the duration of its operations.
struct WarehouseDemand: Sendable {
    /// The base capacity of the serverless workgroup in RPUs.
    var baseCapacity = 8
    /// The price of an RPU-hour, or nil for the built-in price.
    var rpuHour: Decimal?
    /// The load interval in minutes.
    var loadInterval = 5
    /// The time in milliseconds that a transaction of direct mode locks the tables, and the additional time per record.
    var transactionMilliseconds: Decimal = 500
    var transactionMillisecondsPerRecord: Decimal = 0.2
    /// The number of tables that one batch writes to, with one object each.
    var tablesPerBatch = 4
    /// The value of `LOAD_OBJECT_LIMIT`.
    var objectLimit = 10_000
    /// The duration of a load without MERGE: a fixed part, and a part per object to list, copy, and delete.
    var loadMilliseconds: Decimal = 2000
    var loadMillisecondsPerObject: Decimal = 1
    /// The duration of MERGE: a part for the stored rows, and a part per loaded row.
    var mergeMilliseconds: Decimal = 0
    var mergeMillisecondsPerRow = Decimal(35) / 1000
    /// The options about durations that have their default, such as `--load-ms 2000`.
    var assumptions: [String] = []

    /// The minimum billed time of a serverless warehouse in seconds.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-billing-on-demand.html>
    static let minimumSeconds: Decimal = 60
    /// The loader's timeout in the template, in seconds.
    static let loaderSeconds: Decimal = 900
    /// The PUT requests per second that S3 accepts for one prefix before it splits the prefix.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>
    static let putsPerSecond = 3500
    /// An estimate of the LIST requests of one load, which lists tables, layouts, and hours as prefixes.
    static let listsPerLoad = 10

    /// Whether all durations of a load were given.
    var isLoadMeasured: Bool { !assumptions.contains { $0.hasPrefix("--load-") || $0.hasPrefix("--merge-") } }

    var intervalSeconds: Decimal { Decimal(loadInterval * 60) }

    /// Returns the duration of a direct transaction in milliseconds.
    func transaction(_ records: Decimal) -> Decimal {
        transactionMilliseconds + transactionMillisecondsPerRecord * records
    }

    /// Returns the duration of a load without MERGE in milliseconds.
    func copy(_ objects: Decimal) -> Decimal { loadMilliseconds + loadMillisecondsPerObject * objects }

    /// Returns the duration of MERGE in milliseconds.
    func merge(_ rows: Decimal) -> Decimal { mergeMilliseconds + mergeMillisecondsPerRow * rows }

    func objects(ofBatch records: Decimal) -> Decimal { min(Decimal(tablesPerBatch), max(1, records)) }
}

/// The staged objects and rows of one load interval, and the loads that they require.
struct StagedLoads: Sendable {
    let warehouse: WarehouseDemand
    /// The average number of objects and rows per interval, with every record counted as a row.
    let objects: Decimal
    let rows: Decimal
    /// The share of the intervals in which something is staged.
    let share: Decimal
    /// The number of loads in an interval in which something is staged.
    let loads: Decimal

    /// Calculates the loads.
    ///
    /// - Parameter batches: The number of batches per second.
    init(_ warehouse: WarehouseDemand, batches: Decimal, recordsPerBatch: Decimal) {
        self.warehouse = warehouse
        let staged = batches * warehouse.intervalSeconds
        objects = staged * warehouse.objects(ofBatch: recordsPerBatch)
        rows = staged * recordsPerBatch
        share = min(1, staged)
        loads = max(1, (objects / Decimal(warehouse.objectLimit)).ceiling)
    }

    var objectsPerLoad: Decimal { share > 0 ? objects / (share * loads) : 0 }
    var rowsPerLoad: Decimal { share > 0 ? rows / (share * loads) : 0 }

    /// The duration of one load without MERGE.
    var copyMilliseconds: Decimal { warehouse.copy(objectsPerLoad) }
    var mergeMilliseconds: Decimal { warehouse.merge(rowsPerLoad) }

    /// The duration of all loads of an interval in which something is staged.
    var seconds: Decimal { loads * (copyMilliseconds + mergeMilliseconds) / 1000 }
}
