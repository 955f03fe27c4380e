import Clients
import JSON
import Processor

/// The warehouse that `REDSHIFT_...` names, as commands speak to it.
struct WarehouseSession {
    let settings: RedshiftSettings
    let session: AWSSession
    /// How long one statement may take: a new table waits for those who hold the schema.
    private static let patience = Duration.seconds(300)

    init(
        _ arguments: Arguments, environment: [String: String], isDryRun: Bool = false, output: OutputFormat
    ) throws {
        do throws(SettingsError) {
            settings = try RedshiftSettings(environment: environment)
        } catch {
            throw UsageError(description: error.description)
        }
        session = try AWSSession(arguments, environment: environment, isDryRun: isDryRun, output: output)
    }

    /// Runs a statement to its end, and returns its ID.
    @discardableResult func run(_ statement: String) async throws -> String {
        let token = "concertctl-\(UInt64.random(in: 0 ... .max))"
        switch try await client.run([statement], token: token, name: "concertctl warehouse") {
        case .finished(let id): return id
        case .failed(let reason, _):
            let advice = SQLFailure.advice(on: reason).map { "; " + $0 } ?? ""
            throw CommandError(
                description: "\(settings.name), database \(settings.database): \(MessageText.escaped(reason))\(advice)")
        }
    }

    /// Runs a query, and returns its rows.
    func rows(_ query: String) async throws -> [[JSONValue]] { try await client.rows(of: run(query)) }

    private var client: RedshiftDataClient {
        RedshiftDataClient(session.client, settings: settings, deadline: .now + Self.patience)
    }

    /// The columns that there are, by table; a table that is not there has none.
    func columns() async throws -> [WarehouseTable: Set<String>] {
        // The catalogue's own types are not among those that results have.
        let rows = try await rows(
            """
            SELECT CAST(table_name AS VARCHAR(128)), CAST(column_name AS VARCHAR(128)) \
            FROM information_schema.columns WHERE table_schema = '\(settings.schema)'
            """)
        var columns: [WarehouseTable: Set<String>] = [:]
        for row in rows {
            guard let table = row.first?.fieldText.flatMap(WarehouseTable.init), let column = row.last?.fieldText else {
                continue
            }
            columns[table, default: []].insert(column)
        }
        return columns
    }
}

/// Fields of results.
extension JSONValue {
    /// Nil for NULL, and for what is no text.
    var fieldText: String? { self["stringValue"]?.string }

    var fieldNumber: Int? { self["longValue"]?.integer }
}
