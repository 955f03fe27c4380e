import Clients
import JSON
import Processor

/// The command that creates the schema, tables, and columns of the redshift processor that do not exist yet.
struct WarehouseInit: Command {
    static let description = CommandDescription(
        name: "warehouse init", summary: "create the schema and tables, and add missing columns",
        discussion: """
            Reads the processor's own variables: REDSHIFT_WORKGROUP_NAME or REDSHIFT_CLUSTER_IDENTIFIER, REDSHIFT_DATABASE, \
            REDSHIFT_SCHEMA, and so on. Existing tables and columns are not changed; a second run changes nothing. Run it \
            before each update of the function: earlier versions of the function work with the tables of later versions.
            """,
        options: [SharedOption.dryRun, SharedOption.output] + SharedOption.aws,
        examples: [
            "REDSHIFT_WORKGROUP_NAME=dev REDSHIFT_DATABASE=dev concertctl warehouse init",
            "concertctl warehouse init --dry-run > warehouse.sql",
        ])

    private let warehouse: WarehouseSession

    init(_ input: Input) throws { warehouse = try WarehouseSession(input) }

    func run() async throws -> ExitStatus {
        let schema = WarehouseSchema(warehouse.settings)
        guard !warehouse.session.isDryRun else {
            try await plan(schema)
            return .done
        }
        let changes = Self.changes(schema, try await warehouse.contents())
        var made: [SchemaChange] = []
        // One change at a time: an interrupted run leaves complete tables, and the next run continues.
        for change in changes {
            if try await Self.make(change, in: warehouse) {
                made.append(change)
            } else {
                Console.note("\(change.what): already created concurrently")
            }
        }
        show(made, warehouse.settings)
        return .done
    }

    private struct SchemaChange {
        var what: String
        var sql: String
        var isMade: (WarehouseContents) -> Bool
    }

    /// The most attempts of a statement that fails transiently, for example because another run makes the same change.
    private static let attemptLimit = 3

    /// Makes a change.
    ///
    /// - Returns: False if another run made the change first.
    private static func make(_ change: SchemaChange, in warehouse: WarehouseSession) async throws -> Bool {
        var attempt = 1
        while case .failed(let reason, _) = try await warehouse.result(of: change.sql) {
            if change.isMade(try await warehouse.contents()) { return false }
            guard attempt < attemptLimit else { throw warehouse.error(reason) }
            attempt += 1
        }
        return true
    }

    private static func changes(_ schema: WarehouseSchema, _ found: WarehouseContents) -> [SchemaChange] {
        var changes: [SchemaChange] = []
        // The schema may exist without tables.
        if found.isEmpty { changes.append(SchemaChange(what: "schema", sql: schema.creation, isMade: { !$0.isEmpty })) }
        for table in EntityCatalog.builtIn.tables {
            guard found.has(table) else {
                changes.append(
                    SchemaChange(
                        what: "table \(table.name)", sql: schema.creation(of: table), isMade: { $0.has(table) }))
                continue
            }
            for column in table.columns where !found.has(column.name, of: table) {
                changes.append(
                    SchemaChange(
                        what: "column \(table.name).\(column.name)", sql: schema.addition(of: column, to: table),
                        isMade: { $0.has(column.name, of: table) }))
            }
        }
        if !found.hasLoads {
            changes.append(
                SchemaChange(what: "table \(WarehouseSchema.loads)", sql: schema.loadsCreation, isMade: { $0.hasLoads })
            )
        }
        // Created last: if it exists, all columns exist, too.
        if !found.hasWriteLock {
            changes.append(
                SchemaChange(
                    what: "table \(WarehouseSchema.writeLock)", sql: schema.writeLockCreation,
                    isMade: { $0.hasWriteLock }))
        }
        return changes
    }

    /// Prints a script for any SQL client; it cannot know which columns are missing.
    private func plan(_ schema: WarehouseSchema) async throws {
        let statements =
            [schema.creation] + EntityCatalog.builtIn.tables.map(schema.creation)
            + [schema.loadsCreation, schema.writeLockCreation]
        guard warehouse.session.output == .text else {
            for statement in statements {
                _ = try await warehouse.session.send(
                    RedshiftDataClient.request([statement], settings: warehouse.settings))
            }
            return warehouse.session.show(text: nil, json: .null)
        }
        let settings = warehouse.settings
        Output.print(
            "-- redshift-data ExecuteStatement, \(settings.name), database \(settings.database), for each of these:")
        for statement in statements { Output.print(.lines("\n\(statement);")) }
        Output.print("\n-- and for each missing column of a table, such as:")
        for table in EntityCatalog.builtIn.tables {
            for column in table.columns.suffix(2) { Output.print("-- \(schema.addition(of: column, to: table));") }
        }
        warehouse.session.show(text: nil, json: .null)
    }

    private func show(_ changes: [SchemaChange], _ settings: RedshiftSettings) {
        warehouse.session.show(
            text: changes.isEmpty
                ? "schema \(settings.schema) is already complete"
                : changes.map { "created \($0.what)" }.joined(separator: "\n"),
            json: [
                "schema": .string(settings.schema), "created": .array(changes.map { .string($0.what) }),
            ])
    }
}
