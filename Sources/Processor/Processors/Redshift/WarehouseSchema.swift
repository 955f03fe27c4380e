/// The statements that create what the redshift processor expects.
public struct WarehouseSchema: Sendable {
    /// The table on which writers take turns; see decision 0020.
    public static let writeLock = "write_lock"

    /// The table that has a row for each load of staged objects.
    public static let loads = "loads"

    /// As SQL names it.
    private let schema: String

    public init(_ settings: RedshiftSettings) { schema = settings.quotedSchema }

    public var creation: String { "CREATE SCHEMA IF NOT EXISTS \(schema)" }

    /// Creates the table that every transaction locks first.
    ///
    /// It has no rows, and its column is never read.
    public var writeLockCreation: String {
        "CREATE TABLE IF NOT EXISTS \(schema).\(Self.writeLock) (unused INTEGER)"
    }

    /// Creates the table that has a row for each load of staged objects.
    public var loadsCreation: String {
        """
        CREATE TABLE IF NOT EXISTS \(schema).\(Self.loads) (load_id VARCHAR(64), loaded_at TIMESTAMP, \
        object_count INTEGER, row_count BIGINT)
        """
    }

    /// Creates a table, distributed and sorted by the columns that queries join and filter by.
    ///
    /// There is no PRIMARY KEY: Redshift would not enforce it, and would trust it all the same.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html>
    package func creation(of table: WarehouseTable) -> String {
        let columns = table.columns.map { "    \($0.name) \($0.sqlType)" + ($0.name == table.key ? " NOT NULL" : "") }
        return """
            CREATE TABLE IF NOT EXISTS \(name(of: table)) (
            \(columns.joined(separator: ",\n"))
            ) DISTSTYLE KEY DISTKEY (\(table.distributionKey)) SORTKEY (\(table.sortKey))
            """
    }

    /// Adds a column: Redshift adds one per statement, and has no `IF NOT EXISTS` for it.
    package func addition(of column: WarehouseColumn, to table: WarehouseTable) -> String {
        "ALTER TABLE \(name(of: table)) ADD COLUMN \(column.name) \(column.sqlType)"
    }

    /// The table as SQL names it.
    package func name(of table: WarehouseTable) -> String { "\(schema).\(table.name)" }
}
