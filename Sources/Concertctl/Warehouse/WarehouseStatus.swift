import Clients
import Foundation
import JSON
import Processor

/// The command that shows the contents of the warehouse and its lag behind the stream.
struct WarehouseStatus: Command {
    static let description = CommandDescription(
        name: "warehouse status", summary: "show row counts, the lag behind the stream, and staged objects",
        discussion: """
            The lag is the time between the arrival of the newest row and that of the newest record on the stream. Without a \
            stream, it is the age of the newest row. With a staging bucket, the command also shows staged objects, unfinished loads, and the last loads. Tables of an earlier version are read as they are; a note lists their missing columns.
            """,
        options: [SharedOption.streamName, SharedOption.output] + SharedOption.aws,
        examples: ["concertctl warehouse status", "concertctl warehouse status --stream-name concert-data-stream"])

    private let warehouse: WarehouseSession
    private let stream: StreamReference?

    init(_ input: Input) throws {
        let name = try input[SharedOption.streamName] ?? ""
        stream = try name.isEmpty ? nil : StreamReference(name)
        warehouse = try WarehouseSession(input)
    }

    private struct Row {
        var table: WarehouseTable
        var rows: Int
        /// The arrival time of the newest version, in seconds since the Unix epoch.
        var newest: Double?
        /// The number of keys with more than one row.
        var duplicates: Int
    }

    func run() async throws -> ExitStatus {
        let contents = try await warehouse.contents()
        let missing = Self.missing(contents)
        let problem =
            "schema \(warehouse.settings.schema) lacks \(missing.joined(separator: ", ")); run concertctl warehouse init"
        guard EntityCatalog.builtIn.tables.allSatisfy({ contents.has(Self.arrival, of: $0) }) else {
            throw CommandError(description: problem)
        }
        if !missing.isEmpty { Console.note("\(problem)") }
        let rows = try await Self.rows(warehouse)
        let newest = rows.compactMap(\.newest).max()
        let behind: Double? =
            if let stream { try await StreamLag(stream).seconds(warehouse.session, since: newest) } else { nil }
        let staged = try await StagedState.read(warehouse.settings, warehouse.session.client)
        let loads = contents.hasLoads ? try await Self.loads(warehouse) : []
        show(
            rows, lag: behind ?? newest.map { max(0, Date().timeIntervalSince1970 - $0) }, stream: stream,
            missing: missing, staged: staged, loads: loads)
        return .done
    }

    /// The column that counting requires.
    private static let arrival = "updated_at"

    private static func missing(_ found: WarehouseContents) -> [String] {
        let missing = EntityCatalog.builtIn.tables.flatMap { table -> [String] in
            guard found.has(table) else { return ["table \(table.name)"] }
            return table.columns.map(\.name).filter { !found.has($0, of: table) }
                .map { "column \(table.name).\($0)" }
        }
        return missing + (found.hasWriteLock ? [] : ["table \(WarehouseSchema.writeLock)"])
    }

    /// Returns the last loads, newest first: name, time, objects, rows.
    private static func loads(_ warehouse: WarehouseSession) async throws -> [[String]] {
        let name = "\(warehouse.settings.quotedSchema).\(WarehouseSchema.loads)"
        return try await warehouse.rows(
            """
            SELECT load_id, CAST(loaded_at AS VARCHAR(26)), object_count, row_count FROM \(name) \
            ORDER BY loaded_at DESC LIMIT \(loadCount)
            """
        ).map { fields in fields.map { $0.fieldText ?? $0.fieldNumber.map { "\($0)" } ?? "" } }.filter { $0.count == 4 }
    }

    private static let loadCount = 5

    private static func rows(_ warehouse: WarehouseSession) async throws -> [Row] {
        let schema = WarehouseSchema(warehouse.settings)
        let counts = EntityCatalog.builtIn.tables.map { table in
            """
            SELECT CAST('\(table.name)' AS VARCHAR(20)), CAST(COUNT(*) AS BIGINT), \
            CAST(EXTRACT(EPOCH FROM MAX(\(arrival))) AS BIGINT), \
            CAST((SELECT COUNT(*) FROM (SELECT \(table.key) FROM \(schema.name(of: table)) GROUP BY \(table.key) \
            HAVING COUNT(*) > 1) AS duplicates) AS BIGINT) FROM \(schema.name(of: table))
            """
        }
        return try await warehouse.rows(counts.joined(separator: " UNION ALL ")).compactMap { fields in
            guard fields.count == 4,
                let table = fields[0].fieldText.flatMap({ EntityCatalog.builtIn.table(named: $0.utf8) })
            else {
                return nil
            }
            return Row(
                table: table, rows: fields[1].fieldNumber ?? 0,
                newest: fields[2].fieldNumber.map { Double(min(max($0, 0), 1_000_000_000_000)) },
                duplicates: fields[3].fieldNumber ?? 0)
        }.sorted { $0.table.name < $1.table.name }
    }

    private func show(
        _ rows: [Row], lag: Double?, stream: StreamReference?, missing: [String], staged: StagedState?,
        loads: [[String]]
    ) {
        let tables = rows.map { row in
            JSONValue.object(ofPresent: [
                ("table", .string(row.table.name)), ("rows", .integer(row.rows)),
                ("newestUpdatedAt", row.newest.map { .string(TimestampText.text($0)) }),
                ("duplicateKeys", .integer(row.duplicates)),
            ])
        }
        let lastLoads = loads.map { load in
            JSONValue.object(ofPresent: [
                ("load", .string(load[0])), ("loadedAt", .string(load[1])), ("objects", .number(load[2])),
                ("rows", .number(load[3])),
            ])
        }
        warehouse.session.show(
            text: text(rows, lag: lag, stream: stream, staged: staged, loads: loads),
            json: .object(ofPresent: [
                ("tables", .array(tables)), ("lagSeconds", lag.map { .decimal($0) }),
                ("stream", stream.map { .string($0.name) }), ("staged", staged?.json(listing: false)),
                ("loads", .array(lastLoads)),
                ("missing", missing.isEmpty ? nil : .array(missing.map { .string($0) })),
            ]))
    }

    private func text(
        _ rows: [Row], lag: Double?, stream: StreamReference?, staged: StagedState?, loads: [[String]]
    ) -> TerminalText {
        var table = TextTable(["TABLE", ">ROWS", "NEWEST"])
        for row in rows {
            table.add([row.table.name, "\(row.rows)", row.newest.map { TimestampText.text($0) } ?? "none"])
        }
        var lines: [TerminalText] = [.lines(table.text)]
        let seconds = lag.map { "\(Int($0.rounded())) s" }
        switch (seconds, stream) {
        case (let seconds?, let stream?): lines.append("\(seconds) behind stream \(stream.name)")
        case (let seconds?, nil): lines.append("the newest row is \(seconds) old")
        case (nil, _): lines.append("no row has arrived yet")
        }
        for row in rows where row.duplicates > 0 {
            lines.append("\(row.duplicates) keys of \(row.table.name) have more than one row")
        }
        lines += staged?.lines ?? []
        guard !loads.isEmpty else { return lines.joined(separator: "\n") }
        var last = TextTable(["LOAD", "LOADED AT", ">OBJECTS", ">ROWS"])
        for load in loads { last.add(load) }
        return (lines + [.lines(last.text)]).joined(separator: "\n")
    }
}
