import Synchronization
import Telemetry

/// Keeps the SQL that the warehouse would be sent, transaction by transaction.
final class LocalWarehouse: RecordProcessor {
    let name = "redshift"
    private let transactions = Mutex<[[String]]>([])

    /// Stands in for direct writes or, where the environment asks for it, for staging.
    static func standIn(_ reader: inout SettingsReader, log: Logger) -> LocalStandIn {
        if reader.read(RedshiftSettings.load) == .staged, let staging = LocalStaging(reader) {
            return LocalStandIn(staging.writer) { staging.objects }
        }
        let warehouse = LocalWarehouse()
        return LocalStandIn(warehouse) { [("warehouse.sql", warehouse.script)] }
    }

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        let made = WarehouseScript().transactions(of: batch, outcomes: &outcomes)
        transactions.withLock { $0 += made }
    }

    /// A script for a SQL client.
    private var script: [UInt8] {
        transactions.withLock { transactions in
            transactions.flatMap { transaction in
                (["BEGIN;"] + transaction.map { $0 + ";" } + ["COMMIT;", ""]).flatMap { Array(($0 + "\n").utf8) }
            }
        }
    }
}
