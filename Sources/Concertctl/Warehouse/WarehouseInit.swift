import Clients
import JSON
import Processor

/// Makes the warehouse what the redshift processor expects: what is there already stays as it is.
struct WarehouseInit: Command {
    static let description = CommandDescription(
        name: "warehouse init", summary: "create the schema and the tables, and add missing columns",
        discussion: """
            Reads the processor's own variables: REDSHIFT_WORKGROUP_NAME or REDSHIFT_CLUSTER_IDENTIFIER, REDSHIFT_DATABASE, \
            REDSHIFT_SCHEMA and so on. Whatever is there is left as it is; a second run changes nothing.
            """,
        options: [.dryRun, .output] + OptionDescription.aws,
        examples: [
            "REDSHIFT_WORKGROUP_NAME=dev REDSHIFT_DATABASE=dev concertctl warehouse init",
            "concertctl warehouse init --dry-run > warehouse.sql",
        ])

    private let arguments: Arguments
    private let output: OutputFormat
    private let isDryRun: Bool

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        isDryRun = arguments.flag(.dryRun)
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let warehouse = try WarehouseSession(arguments, environment: environment, isDryRun: isDryRun, output: output)
        let schema = WarehouseSchema(warehouse.settings)
        guard !isDryRun else {
            try plan(schema, warehouse)
            return .done
        }
        let found = try await warehouse.columns()
        let changes = Self.changes(schema, found)
        // One at a time: a run that is cut short has left whole tables, and the next one goes on from there.
        for change in changes {
            do {
                try await warehouse.run(change.sql)
            } catch let error as CommandError where error.description.contains("already exists") {
                Console.note("\(change.what): somebody else was faster")
            }
        }
        tell(changes, warehouse.settings)
        return .done
    }

    private struct Change {
        var what: String
        var sql: String
    }

    private static func changes(_ schema: WarehouseSchema, _ found: [WarehouseTable: Set<String>]) -> [Change] {
        var changes: [Change] = []
        for table in WarehouseTable.allCases {
            guard let columns = found[table] else {
                changes.append(Change(what: "table \(table.rawValue)", sql: schema.creation(of: table)))
                continue
            }
            for column in table.columns where !columns.contains(column.name) {
                changes.append(
                    Change(
                        what: "column \(table.rawValue).\(column.name)",
                        sql: schema.addition(of: column, to: table)))
            }
        }
        // A schema that may be there without a table of ours.
        if found.isEmpty { changes.insert(Change(what: "schema", sql: schema.creation), at: 0) }
        return changes
    }

    /// Prints a script that any SQL client can run; which columns are missing, only the warehouse knows.
    private func plan(_ schema: WarehouseSchema, _ warehouse: WarehouseSession) throws {
        let statements = [schema.creation] + WarehouseTable.allCases.map(schema.creation)
        guard output == .text else {
            for statement in statements {
                try warehouse.session.planned(RedshiftDataClient.request([statement], settings: warehouse.settings))
            }
            warehouse.session.finishDryRun()
            return
        }
        let settings = warehouse.settings
        print("-- redshift-data ExecuteStatement, \(settings.name), database \(settings.database), for each of these:")
        for statement in statements { print("\n\(statement);") }
        print("\n-- and for each column that a table lacks, such as:")
        for table in WarehouseTable.allCases {
            for column in table.columns.suffix(1) { print("-- \(schema.addition(of: column, to: table));") }
        }
    }

    private func tell(_ changes: [Change], _ settings: RedshiftSettings) {
        guard output == .text else {
            let made = JSONValue.array(changes.map { .string($0.what) })
            print(JSONValue.object(ofPresent: [("schema", .string(settings.schema)), ("created", made)]).prettyText)
            return
        }
        for change in changes { print("created \(change.what)") }
        if changes.isEmpty { print("schema \(settings.schema) is complete already") }
    }
}
