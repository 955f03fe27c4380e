import Basics
import Clients

/// One `BatchExecuteStatement`, whose statements take effect together or not at all.
struct Transaction: Sendable {
    /// The number of candidates, from the first on, that are written when the transaction commits.
    var recordCount: Int
    var statements: [String]
    /// A hash of the whole content, which is the same for the same records in every process.
    var digest: String
    /// The objects to upload first; nil if the statements contain the rows.
    var upload: StagedUpload?
}

/// A planner of transactions whose `INSERT` statements contain the rows.
struct InsertPlanner: Sendable {
    let statements: UpsertStatements

    /// Returns a transaction of as many candidates, from the first on, as the Data API's limits allow; at least one.
    ///
    /// The next transaction has the following candidates, so the records written at any time are a prefix of the batch.
    func transaction(of candidates: ArraySlice<Upsert.Candidate>) -> Transaction {
        var budget = StatementBudget()
        var tuples: [[UInt8]] = []
        let fitting = candidates.prefix { candidate in
            let tuple = Self.tuple(candidate.row)
            guard budget.take(tuple.count, candidate.row.table, id: candidate.row.id) else { return false }
            tuples.append(tuple)
            return true
        }
        let upsert = Upsert(fitting)
        let content = SHA256.digest(of: tuples.flatMap(\.self)).hexadecimal
        let statements = statements.text(of: upsert, suffix: String(content.prefix(12))) { table, stage in
            Self.inserts(upsert.rows[table] ?? [], into: stage, table)
        }
        return Transaction(
            recordCount: fitting.count, statements: statements,
            digest: SHA256.digest(of: Array(statements.joined(separator: ";\n").utf8)).hexadecimal)
    }

    /// Returns a row in the syntax of `VALUES`.
    static func tuple(_ row: WarehouseRow) -> [UInt8] {
        var bytes = [UInt8(ascii: "(")]
        for (index, value) in row.values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            value.appendSQL(to: &bytes)
        }
        bytes.append(UInt8(ascii: ")"))
        return bytes
    }

    private static func inserts(_ rows: [WarehouseRow], into stage: String, _ table: WarehouseTable) -> [String] {
        let columns = table.columns.map(\.name).joined(separator: ", ")
        let head = Array("INSERT INTO \(stage) (\(columns)) VALUES\n".utf8)
        var statements: [String] = []
        var bytes = head
        for row in rows {
            let tuple = tuple(row)
            if bytes.count > head.count, bytes.count + 2 + tuple.count > UpsertStatements.statementLimit {
                statements.append(String(decoding: bytes, as: UTF8.self))
                bytes = head
            }
            if bytes.count > head.count { bytes.append(contentsOf: ",\n".utf8) }
            bytes.append(contentsOf: tuple)
        }
        statements.append(String(decoding: bytes, as: UTF8.self))
        return statements
    }
}

/// The upper bound of the number of statements that the rows added so far require.
struct StatementBudget {
    private struct Table {
        /// The size of the longest version of each key; only one version is written.
        private var bytes: [[UInt8]: Int] = [:]
        private var total = 0
        private var longest = 0

        mutating func add(_ size: Int, id: [UInt8]) {
            let before = bytes[id] ?? 0
            // It is not known yet which version is newer, so the longer one counts.
            let longer = max(before, size)
            bytes[id] = longer
            total += longer - before
            longest = max(longest, longer)
        }

        /// The number of `INSERT` statements, if each but the last has too little room left for the longest row.
        var inserts: Int { total / (UpsertStatements.statementLimit - headRoom - longest) + 1 }
    }

    /// An upper bound of the size of an `INSERT` without its rows.
    private static let headRoom = 1000
    /// The statements per table: `CREATE`, `DELETE` and `MERGE`.
    private static let perTable = 3
    /// The statements per transaction: `LOCK` of one table, and `DROP`.
    private static let perTransaction = 2
    private var tables: [WarehouseTable: Table] = [:]

    /// Adds a row.
    ///
    /// The budget must not be used after it returned false.
    ///
    /// - Parameter size: The size of the row in bytes.
    /// - Returns: Whether the row fits; the first row always does.
    mutating func take(_ size: Int, _ table: WarehouseTable, id: [UInt8]) -> Bool {
        let isFirst = tables.isEmpty
        // A row also has a comma, and may get the arrival of another version.
        tables[table, default: Table()].add(size + 32, id: id)
        let count = tables.values.reduce(Self.perTransaction) { $0 + Self.perTable + $1.inserts }
        return isFirst || count <= UpsertStatements.countLimit
    }
}
