import Foundation

/// How rows get into the warehouse: one transaction per batch, or objects in S3 that one loader merges.
enum WarehouseMode: String, CaseIterable, Sendable {
    case direct, staged
}

/// The warehouse and the times that it takes.
struct WarehouseDemand: Sendable {
    /// In RPUs, of a serverless workgroup.
    var baseCapacity = 8
    /// Nil for the table's price.
    var rpuHour: Decimal?
    /// In minutes.
    var loadInterval = 5
    /// How long a transaction of direct mode locks the tables, and what each record adds, in ms.
    var transactionMilliseconds: Decimal = 500
    var transactionMillisecondsPerRecord: Decimal = 0.2
    /// Tables that the records of one batch belong to: each gets an object.
    var tablesPerBatch = 4
    /// `LOAD_OBJECT_LIMIT`.
    var objectLimit = 10_000
    /// What a load takes without MERGE: for itself, and for each object that it lists, copies, and deletes.
    var loadMilliseconds: Decimal = 2000
    var loadMillisecondsPerObject: Decimal = 1
    /// What MERGE takes: for the rows that are stored already, and for each row of the load.
    var mergeMilliseconds: Decimal = 0
    var mergeMillisecondsPerRow = Decimal(35) / 1000
    /// Options about times that were left at their defaults, with the default: `--load-ms 2000`.
    var assumptions: [String] = []

    /// What a serverless warehouse is billed for at least when a query wakes it, in s.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-billing-on-demand.html>
    static let leastSeconds: Decimal = 60
    /// The loader's timeout in the template, in s.
    static let loaderSeconds: Decimal = 900
    /// PUTs per second that S3 takes for one prefix before it splits the prefix.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>
    static let putsPerSecond = 3500
    /// An estimate of the LIST requests of one load: tables, layouts, and hours are folders.
    static let listsPerLoad = 10

    /// Whether all times of a load were given.
    var isLoadMeasured: Bool { !assumptions.contains { $0.hasPrefix("--load-") || $0.hasPrefix("--merge-") } }

    var intervalSeconds: Decimal { Decimal(loadInterval * 60) }

    /// In ms.
    func transaction(_ records: Decimal) -> Decimal {
        transactionMilliseconds + transactionMillisecondsPerRecord * records
    }

    /// Without MERGE, in ms.
    func copy(_ objects: Decimal) -> Decimal { loadMilliseconds + loadMillisecondsPerObject * objects }

    /// In ms.
    func merge(_ rows: Decimal) -> Decimal { mergeMilliseconds + mergeMillisecondsPerRow * rows }

    func objects(ofBatch records: Decimal) -> Decimal { min(Decimal(tablesPerBatch), max(1, records)) }
}

/// What one load interval brings, and the loads that it takes.
struct StagedLoads: Sendable {
    let warehouse: WarehouseDemand
    /// Objects and rows of one interval on average; every record is counted as a row.
    let objects: Decimal
    let rows: Decimal
    /// The share of the intervals in which something is staged.
    let share: Decimal
    /// Loads of an interval in which something is staged.
    let loads: Decimal

    /// - Parameter batches: Per second.
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

    /// Of one load.
    var copyMilliseconds: Decimal { warehouse.copy(objectsPerLoad) }
    var mergeMilliseconds: Decimal { warehouse.merge(rowsPerLoad) }

    /// Of all loads of an interval in which something is staged.
    var seconds: Decimal { loads * (copyMilliseconds + mergeMilliseconds) / 1000 }
}
