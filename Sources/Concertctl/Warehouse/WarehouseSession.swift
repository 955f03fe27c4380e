import Clients
import JSON
import Processor

/// A connection of a command to the warehouse that the `REDSHIFT_...` variables configure.
struct WarehouseSession: Sendable {
    let settings: RedshiftSettings
    let session: AWSSession
    /// The time limit of one statement; creating a table waits for locks on the schema.
    private static let statementTimeout = Duration.seconds(300)

    init(_ input: Input, inDryRun reach: AWSSession.DryRunReach = .nothing) throws {
        do throws(SettingsError) {
            settings = try RedshiftSettings(environment: input.environment)
        } catch {
            throw UsageError(description: error.description)
        }
        session = try AWSSession(input, inDryRun: reach)
    }

    /// Runs a statement and returns its result.
    func result(of statement: String) async throws -> RedshiftDataClient.StatementResult {
        let token = "concertctl-\(UInt64.random(in: 0 ... .max))"
        return try await client.run([statement], token: token, name: "concertctl warehouse")
    }

    /// Returns the error for a statement that failed.
    func error(_ reason: String) -> CommandError {
        let advice = SQLFailure.advice(on: reason).map { "; " + $0 } ?? ""
        return CommandError(
            description: "\(settings.name), database \(settings.database): \(MessageText.escaped(reason))\(advice)")
    }

    /// Runs a query, and returns its rows.
    func rows(_ query: String) async throws -> [[JSONValue]] {
        switch try await result(of: query) {
        case .finished(let id): return try await client.rows(of: id)
        case .failed(let reason, _): throw error(reason)
        }
    }

    private var client: RedshiftDataClient {
        RedshiftDataClient(session.client, settings: settings, deadline: .now + Self.statementTimeout)
    }

    /// Reads the schema's tables and columns.
    func contents() async throws -> WarehouseContents {
        // The Data API does not support the catalog's own types in results.
        let rows = try await rows(
            """
            SELECT CAST(table_name AS VARCHAR(128)), CAST(column_name AS VARCHAR(128)) \
            FROM information_schema.columns WHERE table_schema = '\(settings.schema)'
            """)
        var contents = WarehouseContents()
        for row in rows {
            guard let table = row.first?.fieldText, let column = row.last?.fieldText else { continue }
            contents.add(column, of: table)
        }
        return contents
    }
}

/// The tables and columns of the redshift processor that exist in a schema.
struct WarehouseContents {
    private(set) var hasWriteLock = false
    private(set) var hasLoads = false
    /// The column names by table, in UTF-8; empty if the table does not exist.
    private var columns: [WarehouseTable: Set<[UInt8]>] = [:]

    /// Whether none of the tables exists; the schema itself may exist.
    var isEmpty: Bool { columns.isEmpty && !hasWriteLock && !hasLoads }

    func has(_ table: WarehouseTable) -> Bool { columns[table] != nil }

    func has(_ column: String, of table: WarehouseTable) -> Bool {
        columns[table]?.contains(Array(column.utf8)) == true
    }

    fileprivate mutating func add(_ column: String, of table: String) {
        if table.utf8.elementsEqual(WarehouseSchema.writeLock.utf8) {
            hasWriteLock = true
        } else if table.utf8.elementsEqual(WarehouseSchema.loads.utf8) {
            hasLoads = true
        } else if let table = EntityCatalog.builtIn.table(named: table.utf8) {
            columns[table, default: []].insert(Array(column.utf8))
        }
    }
}

/// Fields of a query result.
extension JSONValue {
    /// The text of a field; nil for NULL and other types.
    var fieldText: String? { self["stringValue"]?.string }

    var fieldNumber: Int? { self["longValue"]?.integer }
}
