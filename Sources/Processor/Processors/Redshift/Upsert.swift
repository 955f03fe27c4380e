import Clients

/// The rows that one transaction writes, and the records that are done when it commits.
struct Upsert: Sendable {
    /// A record of the batch, with its row.
    struct Candidate: Sendable {
        /// Place in the batch's records.
        var index: Int
        var row: WarehouseRow
    }

    /// Where a key's row stands, and the oldest of its versions.
    private struct Place {
        var index: Int
        var first: WarehouseRow.Version
    }

    /// Last versions in the order of the tables, then of the records.
    private(set) var rows: [WarehouseTable: [WarehouseRow]] = [:]

    /// Leaves one row a key: the newest version, which says when the first of them arrived.
    ///
    /// Redshift keeps no key unique, and a MERGE writes each of several new rows with one key.
    init(_ candidates: some Sequence<Candidate>) {
        var places: [WarehouseTable: [[UInt8]: Place]] = [:]
        for candidate in candidates {
            let row = candidate.row
            guard var place = places[row.table]?[row.id] else {
                places[row.table, default: [:]][row.id] = Place(
                    index: rows[row.table, default: []].count, first: row.version)
                rows[row.table, default: []].append(row)
                continue
            }
            place.first = min(place.first, row.version)
            var newest = rows[row.table, default: []][place.index]
            if row.version >= newest.version { newest = row }
            newest.setCreation(place.first.arrival)
            rows[row.table, default: []][place.index] = newest
            places[row.table, default: [:]][row.id] = place
        }
    }

    /// The tables that are written to, in the order in which they are locked.
    var tables: [WarehouseTable] { WarehouseTable.allCases.filter { rows[$0] != nil } }
}

extension RecordBatch {
    /// The rows of all records, but of those that no column holds: they are marked as rejected.
    func candidates(rejectingOn outcomes: inout OutcomeSheet) -> [Upsert.Candidate] {
        var candidates: [Upsert.Candidate] = []
        candidates.reserveCapacity(records.count)
        for (index, record) in records.enumerated() {
            do throws(PayloadError) {
                candidates.append(Upsert.Candidate(index: index, row: try row(of: record)))
            } catch {
                outcomes[index] = .rejected(error)
            }
        }
        return candidates
    }
}

/// What a transaction does, statement by statement.
///
/// `LOCK` comes first, before the transaction has a snapshot, and names all tables in one fixed order: transactions of
/// concurrent environments then follow each other, each sees what the one before wrote, and none waits for another in
/// a circle. Without it two of them could both insert one new key, or end with a serialization failure. The staging
/// tables' names hold a hash of the rows and the tables go with the transaction, so no session ever finds another's.
///
/// Sources: <https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html>,
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
        let stages = tables.map { "stage_\($0.rawValue)_\(suffix)" }
        var statements = ["LOCK \(tables.map(name).joined(separator: ", "))"]
        for (table, name) in zip(tables, stages) {
            let columns = table.columns.map { "\($0.name) \($0.sqlType)" }.joined(separator: ", ")
            statements.append("CREATE TEMP TABLE \(name) (\(columns))")
            statements += stage(table, name)
            statements.append(staleRowsDropped(from: name, table))
            statements.append(merge(name, into: table))
        }
        statements.append("DROP TABLE \(stages.joined(separator: ", "))")
        return statements
    }

    private func name(_ table: WarehouseTable) -> String { "\(schema).\(table.rawValue)" }

    /// Rows of which the warehouse holds a newer version; MERGE itself knows no such condition.
    private func staleRowsDropped(from stage: String, _ table: WarehouseTable) -> String {
        let stored = table.rawValue
        return """
            DELETE FROM \(stage) USING \(name(table)) WHERE \(stage).\(table.key) = \(stored).\(table.key) AND \
            (\(stored).updated_at > \(stage).updated_at OR \
            (\(stored).updated_at IS NOT NULL AND \(stage).updated_at IS NULL) OR \
            ((\(stored).updated_at = \(stage).updated_at OR \
            (\(stored).updated_at IS NULL AND \(stage).updated_at IS NULL)) AND \
            (LENGTH(\(stored).sequence_number) > LENGTH(\(stage).sequence_number) OR \
            (LENGTH(\(stored).sequence_number) = LENGTH(\(stage).sequence_number) AND \
            \(stored).sequence_number > \(stage).sequence_number))))
            """
    }

    private func merge(_ stage: String, into table: WarehouseTable) -> String {
        let columns = table.columns.map(\.name)
        let changed = columns.filter { $0 != table.key && $0 != WarehouseRow.createdAt }
        return """
            MERGE INTO \(name(table)) USING \(stage) ON \(table.rawValue).\(table.key) = \(stage).\(table.key) \
            WHEN MATCHED THEN UPDATE SET \(changed.map { "\($0) = \(stage).\($0)" }.joined(separator: ", ")) \
            WHEN NOT MATCHED THEN INSERT (\(columns.joined(separator: ", "))) \
            VALUES (\(columns.map { "\(stage).\($0)" }.joined(separator: ", ")))
            """
    }
}
