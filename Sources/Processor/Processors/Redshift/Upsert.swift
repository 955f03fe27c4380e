import Clients

/// The rows that one transaction writes.
struct Upsert: Sendable {
    /// A record of the batch and its row.
    struct Candidate: Sendable {
        /// The index in the batch's records.
        var index: Int
        var row: WarehouseRow
    }

    /// The rows of one table.
    private struct Group {
        /// The index in ``rows`` of each key.
        private var indexes: [[UInt8]: Int] = [:]
        /// The first version of each key, in the order of the records.
        private var rows: [WarehouseRow] = []
        /// The other versions of keys with several, in the order of the records, by index in ``rows``.
        private var later: [Int: [WarehouseRow]] = [:]

        mutating func add(_ row: WarehouseRow) {
            if let index = indexes[row.id] { return later[index, default: []].append(row) }
            indexes[row.id] = rows.count
            rows.append(row)
        }

        /// Returns the newest version of each key.
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

    /// The newest versions, in the order in which each key first occurs.
    let rows: [WarehouseTable: [WarehouseRow]]

    /// Selects one row per key: the newest version, with the arrival of the first one as its creation time.
    ///
    /// Redshift does not enforce keys, and a MERGE would insert several new rows with the same key.
    init(_ candidates: some Sequence<Candidate>) {
        var groups: [WarehouseTable: Group] = [:]
        for candidate in candidates { groups[candidate.row.table, default: Group()].add(candidate.row) }
        rows = groups.mapValues { $0.newest() }
    }

    /// The tables to write to, in the order of the statements.
    var tables: [WarehouseTable] {
        rows.keys.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

extension RecordBatch {
    /// Returns the rows of all records; records with a value that does not fit in its column are marked as rejected.
    func candidates(rejectingOn outcomes: inout RecordOutcomes) -> [Upsert.Candidate] {
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
/// lock, two of them could insert the same new key, or fail with a serialization error. Queries do not read `write_lock`,
/// so queries and transactions do not block each other. The names of the staging tables contain a hash of the rows, and
/// the transaction drops the tables, so sessions do not access each other's tables.
///
/// Sources: <https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html>,
/// <https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html>,
/// <https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html>
struct UpsertStatements: Sendable {
    /// The most bytes of one statement, which is within the Data API's limit of 100 KB by either definition of KB.
    static let statementLimit = 100_000
    /// The most statements of one `BatchExecuteStatement`.
    static let countLimit = 40

    /// The schema's name in SQL: in quotes, in lower case.
    let schema: String

    /// Returns the statements.
    ///
    /// - Parameter suffix: Makes the names of this transaction's staging tables unique.
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

    /// Returns the statement that creates a staging table, with the distribution of its target.
    static func creation(of stage: String, for table: WarehouseTable) -> String {
        "CREATE TEMP TABLE \(stage) (\(table.columnDefinitions)) DISTSTYLE KEY DISTKEY (\(table.distributionKey))"
    }

    func name(_ table: WarehouseTable) -> String { "\(schema).\(table.name)" }

    /// Returns the statement that deletes staged rows of which the table has a newer version, by the rules of
    /// ``RecordVersion/isNewer(than:)``.
    ///
    /// MERGE does not support such a condition. NULL in the stored row is older than any value.
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
