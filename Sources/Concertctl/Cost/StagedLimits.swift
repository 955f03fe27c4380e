import Foundation

/// The limits of staged mode.
extension CapacityPlan {
    static func staged(_ warehouse: WarehouseDemand, batches: Decimal, of records: Decimal) -> [Limit] {
        let loads = StagedLoads(warehouse, batches: batches, recordsPerBatch: records)
        let objects = batches * warehouse.objects(ofBatch: records)
        let full = Decimal(warehouse.objectLimit)
        let fullSeconds = warehouse.copy(full) / 1000
        let copySeconds = loads.copyMilliseconds / 1000
        let mergeSeconds = loads.mergeMilliseconds / 1000
        // The time of the loader that remains for rows; none if the rest of the load takes longer.
        let left = WarehouseDemand.loaderSeconds * 1000 - loads.copyMilliseconds - warehouse.mergeMilliseconds
        let each = warehouse.mergeMillisecondsPerRow
        let most = each > 0 ? max(0, left) / each : left > 0 ? 1_000_000_000_000_000 : 0
        let puts = Decimal(WarehouseDemand.putsPerSecond)
        let mark = warehouse.isLoadMeasured ? "" : ", not measured"
        let every = "\(warehouse.loadInterval) min"
        return [
            Limit(
                name: "staged PUTs", wanted: objects, most: puts,
                arithmetic: "\(objects.text()) objects/s, \(puts.text()) per prefix",
                remedy: "larger batches and a longer window, for fewer objects"),
            Limit(
                name: "objects per load", wanted: objects, most: fullSeconds > 0 ? full / fullSeconds : full * 1000,
                arithmetic: "\(loads.objects.text(decimals: 0)) in \(every); \(full.text()) take "
                    + "\(fullSeconds.text()) s without MERGE\(mark)",
                remedy: "larger batches and a longer window, for fewer objects"),
            Limit(
                name: "rows per load", wanted: loads.rowsPerLoad, most: most,
                arithmetic:
                    "\(loads.rowsPerLoad.text(decimals: 0)) in a load, \(most.text(decimals: 0)) in the loader's "
                    + "\(WarehouseDemand.loaderSeconds.text()) s\(mark)",
                remedy: "a lower LOAD_OBJECT_LIMIT or a shorter LoadInterval, for smaller loads"),
            Limit(
                name: "MERGE time", wanted: loads.seconds, most: warehouse.intervalSeconds,
                arithmetic: "\(loads.loads.text()) x (\(copySeconds.text()) s + MERGE \(mergeSeconds.text()) s) in "
                    + "\(every)\(mark)",
                remedy: "a larger base capacity, measured and given as --merge-per-row-ms; or a longer LoadInterval"),
        ]
    }
}

extension WarehouseDemand {
    /// The names of the limits in ``CapacityPlan/staged(_:batches:of:)``.
    static let limitNames = ["staged PUTs", "objects per load", "rows per load", "MERGE time"]
}
