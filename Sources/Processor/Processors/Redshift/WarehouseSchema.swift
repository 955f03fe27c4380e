/// The statements that create the schema and tables of the `redshift` processor.
package struct WarehouseSchema: Sendable {
    /// The table that serializes writers; see decision 0020.
    package static let writeLock = "write_lock"

    /// The table that has a row for each load of staged objects.
    package static let loads = "loads"

    /// The schema's name in SQL.
    private let schema: String

    package init(_ settings: RedshiftSettings) { schema = settings.quotedSchema }

    package var creation: String { "CREATE SCHEMA IF NOT EXISTS \(schema)" }

    /// The statement that creates the table that every transaction locks first.
    ///
    /// The table has no rows, and its column is never read.
    package var writeLockCreation: String {
        "CREATE TABLE IF NOT EXISTS \(schema).\(Self.writeLock) (unused INTEGER)"
    }

    /// The statement that creates the table with a row for each load of staged objects.
    package var loadsCreation: String {
        """
        CREATE TABLE IF NOT EXISTS \(schema).\(Self.loads) (load_id VARCHAR(64), loaded_at TIMESTAMP, \
        object_count INTEGER, row_count BIGINT)
        """
    }

    /// Returns the statement that creates a table, distributed and sorted by the columns that queries join and filter by.
    ///
    /// The table has no PRIMARY KEY: Redshift does not enforce it, but its query planner relies on it.
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

    /// Returns the statement that adds a column: Redshift adds one per statement, and does not support `IF NOT EXISTS`.
    package func addition(of column: WarehouseColumn, to table: WarehouseTable) -> String {
        "ALTER TABLE \(name(of: table)) ADD COLUMN \(column.name) \(column.sqlType)"
    }

    /// Returns the table's name in SQL.
    package func name(of table: WarehouseTable) -> String { "\(schema).\(table.name)" }
}
