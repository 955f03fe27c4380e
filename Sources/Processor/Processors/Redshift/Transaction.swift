import Clients

/// One `BatchExecuteStatement`: all of its statements take effect, or none does.
struct Transaction: Sendable {
    /// The records that are done when it commits: so many of those it was made from, from the first on.
    var recordCount: Int
    var statements: [String]
    /// A hash of all that it does: the same for the same records, in whichever process.
    var digest: String
    /// The object that has to be there first, where the rows do not stand in the statements.
    var upload: StagedUpload?
}

/// Makes transactions whose rows stand in their `INSERT` statements.
struct InsertPlanner: Sendable {
    let statements: UpsertStatements

    /// A transaction of as many of the first of `candidates` as the Data API's limits allow; at least of one.
    ///
    /// What it leaves comes in the next one, so what was done at any time is a prefix of the batch.
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

    /// A row as it stands behind `VALUES`.
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

/// How many statements the rows taken so far can need at most.
struct StatementBudget {
    private struct Table {
        /// Of the longest version of each key; only one of them is written.
        private var bytes: [[UInt8]: Int] = [:]
        private var total = 0
        private var longest = 0

        mutating func add(_ size: Int, id: [UInt8]) {
            let before = bytes[id] ?? 0
            // The new version may turn out to be the older one, so the longer of the two counts.
            let longer = max(before, size)
            bytes[id] = longer
            total += longer - before
            longest = max(longest, longer)
        }

        /// Every `INSERT` but the last has no room left for the longest row.
        var inserts: Int { total / (UpsertStatements.statementLimit - headRoom - longest) + 1 }
    }

    /// More than the head of an `INSERT` takes.
    private static let headRoom = 1000
    /// `CREATE`, `DELETE` and `MERGE`.
    private static let perTable = 3
    /// `LOCK` and `DROP`; `LOCK` names one table, however many are written to.
    private static let perTransaction = 2
    private var tables: [WarehouseTable: Table] = [:]

    /// Adds a row; to be given up once there was no room for one.
    ///
    /// - Parameter size: The row's bytes.
    /// - Returns: Whether there is room; a first row always has it.
    mutating func take(_ size: Int, _ table: WarehouseTable, id: [UInt8]) -> Bool {
        let isFirst = tables.isEmpty
        // Beside a comma, a row may get the time when another version of it arrived.
        tables[table, default: Table()].add(size + 32, id: id)
        let count = tables.values.reduce(Self.perTransaction) { $0 + Self.perTable + $1.inserts }
        return isFirst || count <= UpsertStatements.countLimit
    }
}
