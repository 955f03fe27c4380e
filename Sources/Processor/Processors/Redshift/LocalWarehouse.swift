import Synchronization
import Telemetry

/// A processor that stores in memory the SQL of each transaction that would be sent to the warehouse.
final class LocalWarehouse: RecordProcessor {
    let name = "redshift"
    private let transactions = Mutex<[[String]]>([])

    /// Returns the stand-in for direct writes or, in staged mode, for staging.
    static func standIn(_ reader: inout SettingsReader, log: Logger) -> LocalStandIn {
        if reader.read(RedshiftSettings.load) == .staged, let staging = LocalStaging(reader) {
            return LocalStandIn(staging.writer) { staging.objects }
        }
        let warehouse = LocalWarehouse()
        return LocalStandIn(warehouse) { [("warehouse.sql", warehouse.script)] }
    }

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        let made = WarehouseScript().transactions(of: batch, outcomes: &outcomes)
        transactions.withLock { $0 += made }
    }

    /// The SQL of all transactions, as a script for a SQL client.
    private var script: [UInt8] {
        transactions.withLock { transactions in
            transactions.flatMap { transaction in
                (["BEGIN;"] + transaction.map { $0 + ";" } + ["COMMIT;", ""]).flatMap { Array(($0 + "\n").utf8) }
            }
        }
    }
}
