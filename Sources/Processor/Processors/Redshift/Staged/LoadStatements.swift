import Basics
import Clients

/// The statements of one load of staged objects, which form one transaction.
///
/// As in ``UpsertStatements``, `LOCK` of `write_lock` comes first and takes no snapshot, so the transaction sees all rows
/// of earlier transactions.
struct LoadStatements: Sendable {
    /// The most tables of one load: of 40 statements, each table requires ``perTable``, and the load four.
    static let tableLimit = (UpsertStatements.countLimit - 4) / perTable
    private static let perTable = 4

    let settings: RedshiftSettings
    let roleARN: String
    private let upsert: UpsertStatements

    init(_ settings: RedshiftSettings, roleARN: String) {
        (self.settings, self.roleARN) = (settings, roleARN)
        upsert = UpsertStatements(schema: settings.quotedSchema)
    }

    private var loads: String { "\(settings.quotedSchema).\(WarehouseSchema.loads)" }

    /// - Parameters:
    ///   - load: The name of the load, of letters, digits and `-`.
    ///   - manifests: The URL of each table's manifest.
    ///   - time: The current time, in SQL syntax.
    func text(
        of load: String, _ manifests: [(table: WarehouseTable, url: String)], objectCount: Int, at time: String
    ) -> [String] {
        let suffix = SHA256.digest(of: Array(load.utf8)).hexadecimal.prefix(12)
        var statements = ["LOCK \(settings.quotedSchema).\(WarehouseSchema.writeLock)"]
        var (temporary, counts): ([String], [String]) = ([], [])
        for (table, url) in manifests {
            let (stage, newest) = ("stage_\(table.name)_\(suffix)", "newest_\(table.name)_\(suffix)")
            statements += [
                UpsertStatements.creation(of: stage, for: table), copy(url, into: stage, table),
                selection(of: newest, from: stage, table), upsert.merge(newest, into: table),
            ]
            temporary += [stage, newest]
            counts.append("SELECT COUNT(*) AS row_count FROM \(stage)")
        }
        statements.append(
            """
            INSERT INTO \(loads) (load_id, loaded_at, object_count, row_count) \
            SELECT '\(load)', CAST('\(time)' AS TIMESTAMP), \(objectCount), CAST(SUM(row_count) AS BIGINT) \
            FROM (\(counts.joined(separator: " UNION ALL "))) AS counts
            """)
        statements.append("DROP TABLE \(temporary.joined(separator: ", "))")
        statements.append("SELECT row_count FROM \(loads) WHERE load_id = '\(load)'")
        return statements
    }

    /// Returns the table that a statement of ``text(of:_:objectCount:at:)`` is about; nil for statements about all or none.
    ///
    /// - Parameter number: Counted from 1.
    static func table(ofStatement number: Int, of tables: [WarehouseTable]) -> WarehouseTable? {
        let index = (number - 2) / perTable
        return number >= 2 && tables.indices.contains(index) ? tables[index] : nil
    }

    /// Returns the statements that select those of `loads` that have committed.
    ///
    /// They first wait for the lock, so that the row of a load that is still running is not missed.
    func committed(_ loads: some Sequence<String>) -> [String] {
        [
            "LOCK \(settings.quotedSchema).\(WarehouseSchema.writeLock)",
            """
            SELECT load_id FROM \(self.loads) WHERE load_id IN (\(loads.map { "'\($0)'" }.joined(separator: ", ")))
            """,
        ]
    }

    /// Returns the statement that fills a staging table from the objects of a manifest.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html>
    private func copy(_ url: String, into stage: String, _ table: WarehouseTable) -> String {
        """
        COPY \(stage) (\(table.columns.map(\.name).joined(separator: ", "))) FROM '\(url)' IAM_ROLE '\(roleARN)' \
        MANIFEST FORMAT AS JSON 'auto' GZIP DATEFORMAT 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF
        """
    }

    /// Returns the statement that creates a table with the newest version of each staged key that is not stored already.
    ///
    /// The rules are those of ``RecordVersion/newest(of:)``, over staged and stored rows together: first the highest numbers
    /// of each shard, then the latest arrival. Each row without a shard counts as a shard of its own.
    private func selection(of newest: String, from stage: String, _ table: WarehouseTable) -> String {
        let names = table.columns.map(\.name)
        let columns = names.joined(separator: ", ")
        let numbers = """
            LENGTH(sequence_number) DESC NULLS LAST, sequence_number DESC NULLS LAST, \
            COALESCE(sub_sequence_number, 0) DESC, is_stored DESC
            """
        let created = names.map { $0 == WarehouseRow.createdAt ? "first_created AS \($0)" : $0 }
        return """
            CREATE TEMP TABLE \(newest) DISTSTYLE KEY DISTKEY (\(table.distributionKey)) AS \
            SELECT \(created.joined(separator: ", ")) FROM (\
            SELECT \(columns), is_stored, first_created, \
            ROW_NUMBER() OVER (PARTITION BY \(table.key) ORDER BY updated_at DESC NULLS LAST, \(numbers)) AS rank_of_key FROM (\
            SELECT \(columns), is_stored, \
            MIN(CASE WHEN is_stored = 0 THEN created_at END) OVER (PARTITION BY \(table.key)) AS first_created, \
            ROW_NUMBER() OVER (PARTITION BY \(table.key), shard_id ORDER BY \(numbers)) AS rank_in_shard FROM (\
            SELECT \(columns), 0 AS is_stored FROM \(stage) UNION ALL \
            SELECT \(columns), 1 AS is_stored FROM \(upsert.name(table)) \
            WHERE \(table.key) IN (SELECT \(table.key) FROM \(stage))\
            ) AS versions) AS ranked WHERE rank_in_shard = 1 OR shard_id IS NULL\
            ) AS candidates WHERE rank_of_key = 1 AND is_stored = 0
            """
    }
}
