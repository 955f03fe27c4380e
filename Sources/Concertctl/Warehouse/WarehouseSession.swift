import Clients
import JSON
import Processor

/// The warehouse that `REDSHIFT_...` names, as commands speak to it.
struct WarehouseSession: Sendable {
    let settings: RedshiftSettings
    let session: AWSSession
    /// How long one statement may take: a new table waits for those who hold the schema.
    private static let patience = Duration.seconds(300)

    init(_ input: Input, inDryRun reach: AWSSession.DryRunReach = .nothing) throws {
        do throws(SettingsError) {
            settings = try RedshiftSettings(environment: input.environment)
        } catch {
            throw UsageError(description: error.description)
        }
        session = try AWSSession(input, inDryRun: reach)
    }

    /// Runs a statement to its end.
    func ending(of statement: String) async throws -> RedshiftDataClient.StatementResult {
        let token = "concertctl-\(UInt64.random(in: 0 ... .max))"
        return try await client.run([statement], token: token, name: "concertctl warehouse")
    }

    /// The error of a statement that failed for `reason`.
    func error(_ reason: String) -> CommandError {
        let advice = SQLFailure.advice(on: reason).map { "; " + $0 } ?? ""
        return CommandError(
            description: "\(settings.name), database \(settings.database): \(MessageText.escaped(reason))\(advice)")
    }

    /// Runs a query, and returns its rows.
    func rows(_ query: String) async throws -> [[JSONValue]] {
        switch try await ending(of: query) {
        case .finished(let id): return try await client.rows(of: id)
        case .failed(let reason, _): throw error(reason)
        }
    }

    private var client: RedshiftDataClient {
        RedshiftDataClient(session.client, settings: settings, deadline: .now + Self.patience)
    }

    /// Reads which tables and columns the schema has.
    func contents() async throws -> WarehouseContents {
        // The catalogue's own types are not among those that results have.
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

/// What a schema has of what the redshift processor needs.
struct WarehouseContents {
    private(set) var hasWriteLock = false
    private(set) var hasLoads = false
    /// Names in UTF-8; a table that does not exist has none.
    private var columns: [WarehouseTable: Set<[UInt8]>] = [:]

    /// Whether there is none of the tables; the schema itself may exist.
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

/// Fields of results.
extension JSONValue {
    /// Nil for NULL, and for what is no text.
    var fieldText: String? { self["stringValue"]?.string }

    var fieldNumber: Int? { self["longValue"]?.integer }
}
