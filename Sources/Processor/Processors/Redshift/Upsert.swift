import Clients

/// The rows that one transaction writes, and the records that are done when it commits.
struct Upsert: Sendable {
    /// A record of the batch, with its row.
    struct Candidate: Sendable {
        /// Place in the batch's records.
        var index: Int
        var row: WarehouseRow
    }

    /// The rows of one table.
    private struct Group {
        /// Indexes in ``rows`` by key.
        private var indexes: [[UInt8]: Int] = [:]
        /// The first version of each key, in the order of the records.
        private var rows: [WarehouseRow] = []
        /// Further versions of keys that have several, in the order of the records, by index in ``rows``.
        private var later: [Int: [WarehouseRow]] = [:]

        mutating func add(_ row: WarehouseRow) {
            if let index = indexes[row.id] { return later[index, default: []].append(row) }
            indexes[row.id] = rows.count
            rows.append(row)
        }

        /// The newest version of each key.
        consuming func newest() -> [WarehouseRow] {
            for (index, versions) in later {
                let versions = [rows[index]] + versions
                guard let newest = RecordVersion.newest(of: versions.map(\.version)) else { continue }
                rows[index] = versions[newest]
                rows[index].setCreation(versions[0].version.arrival)
            }
            return rows
        }
    }

    /// The newest versions, in the order in which the records first name each key.
    let rows: [WarehouseTable: [WarehouseRow]]

    /// Keeps one row per key: the newest version, with the arrival of the first one as its creation.
    ///
    /// Redshift enforces no key, and a MERGE inserts each of several new rows with the same key.
    init(_ candidates: some Sequence<Candidate>) {
        var groups: [WarehouseTable: Group] = [:]
        for candidate in candidates { groups[candidate.row.table, default: Group()].add(candidate.row) }
        rows = groups.mapValues { $0.newest() }
    }

    /// The tables that are written to, in the order in which they are written.
    var tables: [WarehouseTable] {
        rows.keys.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

extension RecordBatch {
    /// The rows of all records; records with a value that does not fit in its column are marked as rejected.
    func candidates(rejectingOn outcomes: inout OutcomeSheet) -> [Upsert.Candidate] {
        var candidates: [Upsert.Candidate] = []
        candidates.reserveCapacity(records.count)
        let versions = versions()
        for (index, record) in records.enumerated() {
            do throws(PayloadError) {
                guard let row = try row(of: record, version: versions[index]) else {
                    outcomes[index] = .succeeded
                    continue
                }
                candidates.append(Upsert.Candidate(index: index, row: row))
            } catch {
                outcomes[index] = .rejected(error)
            }
        }
        return candidates
    }
}

/// The statements of one transaction.
///
/// `LOCK` of the table `write_lock` is the first statement, because it takes no snapshot: transactions of concurrent
/// environments run one after the other, and each one sees what its predecessor wrote. With a snapshot taken before the
/// lock, two of them could both insert the same new key, or end with a serialization failure. Nobody reads `write_lock`,
/// so queries and transactions do not wait for each other. The names of the staging tables contain a hash of the rows
/// and the tables are dropped with the transaction, so no session finds another's.
///
/// Sources: <https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html>,
/// <https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html>,
/// <https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html>
struct UpsertStatements: Sendable {
    /// Bytes of one statement, in which the Data API's limit of 100 KB is surely met.
    static let statementLimit = 100_000
    /// Statements of one `BatchExecuteStatement`.
    static let countLimit = 40

    /// As SQL names it: in quotes, in lower case.
    let schema: String

    /// - Parameter suffix: What tells this transaction's staging tables from all others.
    func text(of upsert: Upsert, suffix: String, filling stage: (WarehouseTable, String) -> [String]) -> [String] {
        let tables = upsert.tables
        let stages = tables.map { "stage_\($0.name)_\(suffix)" }
        var statements = ["LOCK \(schema).\(WarehouseSchema.writeLock)"]
        for (table, name) in zip(tables, stages) {
            statements.append(Self.creation(of: name, for: table))
            statements += stage(table, name)
            statements.append(staleRowsDropped(from: name, table))
            statements.append(merge(name, into: table))
        }
        statements.append("DROP TABLE \(stages.joined(separator: ", "))")
        return statements
    }

    /// Creates a staging table, distributed as its target.
    static func creation(of stage: String, for table: WarehouseTable) -> String {
        "CREATE TEMP TABLE \(stage) (\(table.columnDefinitions)) DISTSTYLE KEY DISTKEY (\(table.distributionKey))"
    }

    func name(_ table: WarehouseTable) -> String { "\(schema).\(table.name)" }

    /// Deletes staged rows of which the table has a newer version, by the rules of ``RecordVersion/isNewer(than:)``.
    ///
    /// MERGE supports no such condition. NULL in the stored row is older than any value.
    private func staleRowsDropped(from stage: String, _ table: WarehouseTable) -> String {
        let stored = table.name
        let hasHigherNumbers = """
            (LENGTH(\(stored).sequence_number) > LENGTH(\(stage).sequence_number) OR \
            (LENGTH(\(stored).sequence_number) = LENGTH(\(stage).sequence_number) AND \
            (\(stored).sequence_number > \(stage).sequence_number OR \
            (\(stored).sequence_number = \(stage).sequence_number AND \
            COALESCE(\(stored).sub_sequence_number, 0) > COALESCE(\(stage).sub_sequence_number, 0)))))
            """
        return """
            DELETE FROM \(stage) USING \(name(table)) WHERE \(stage).\(table.key) = \(stored).\(table.key) AND \
            (((\(stored).shard_id = \(stage).shard_id OR \(stored).updated_at = \(stage).updated_at OR \
            (\(stored).updated_at IS NULL AND \(stage).updated_at IS NULL)) AND \(hasHigherNumbers)) OR \
            ((\(stored).shard_id IS NULL OR \(stage).shard_id IS NULL OR \(stored).shard_id <> \(stage).shard_id) AND \
            (\(stored).updated_at > \(stage).updated_at OR \
            (\(stored).updated_at IS NOT NULL AND \(stage).updated_at IS NULL))))
            """
    }

    func merge(_ stage: String, into table: WarehouseTable) -> String {
        let columns = table.columns.map(\.name)
        let changed = columns.filter { $0 != table.key && $0 != WarehouseRow.createdAt }
        return """
            MERGE INTO \(name(table)) USING \(stage) ON \(table.name).\(table.key) = \(stage).\(table.key) \
            WHEN MATCHED THEN UPDATE SET \(changed.map { "\($0) = \(stage).\($0)" }.joined(separator: ", ")) \
            WHEN NOT MATCHED THEN INSERT (\(columns.joined(separator: ", "))) \
            VALUES (\(columns.map { "\(stage).\($0)" }.joined(separator: ", ")))
            """
    }
}
