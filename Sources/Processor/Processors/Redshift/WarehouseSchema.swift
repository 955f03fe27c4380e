/// The statements that make the warehouse what the writer expects.
public struct WarehouseSchema: Sendable {
    /// As SQL names it.
    private let schema: String

    public init(_ settings: RedshiftSettings) { schema = settings.quotedSchema }

    public var creation: String { "CREATE SCHEMA IF NOT EXISTS \(schema)" }

    /// Rows lie and are sorted by what they are joined and asked for by.
    ///
    /// There is no PRIMARY KEY: Redshift would not enforce it, and would trust it all the same.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html>
    public func creation(of table: WarehouseTable) -> String {
        let columns = table.columns.map { "    \($0.name) \($0.sqlType)" + ($0.name == table.key ? " NOT NULL" : "") }
        return """
            CREATE TABLE IF NOT EXISTS \(name(of: table)) (
            \(columns.joined(separator: ",\n"))
            ) DISTSTYLE KEY DISTKEY (\(table.distributionKey)) SORTKEY (\(table.sortKey))
            """
    }

    /// Redshift adds one column a statement, and knows no `IF NOT EXISTS` for it.
    public func addition(of column: WarehouseColumn, to table: WarehouseTable) -> String {
        "ALTER TABLE \(name(of: table)) ADD COLUMN \(column.name) \(column.sqlType)"
    }

    /// The table as SQL names it.
    public func name(of table: WarehouseTable) -> String { "\(schema).\(table.rawValue)" }
}
