import TestSupport
import XCTest

@testable import Processor

/// Functions of version 0.1.0, which lock the tables themselves and do not write the two newest columns.
final class RedshiftUpgradeTests: WarehouseTestCase {
    private static let oldColumns =
        "artist_id, name, genre, popularity_score, formation_date, members, spotify_id, followers, source, "
        + "ingestion_timestamp, created_at, updated_at, sequence_number"

    /// The statements of version 0.1.0 for one artist.
    private func oldStatements(id: String, name: String, sequence: Int, second: Int) -> [String] {
        let stage = "stage_artists_0123456789ab"
        let time = "'2026-11-09 04:20:0\(second)'"
        let columns = Self.oldColumns.split(separator: ", ").dropFirst()
        return [
            #"LOCK "concert_dw".artists"#,
            """
            CREATE TEMP TABLE \(stage) (artist_id VARCHAR(100), name VARCHAR(800), genre VARCHAR(2000), \
            popularity_score DECIMAL(5,2), formation_date DATE, members VARCHAR(4000), spotify_id VARCHAR(100), \
            followers BIGINT, source VARCHAR(100), ingestion_timestamp TIMESTAMP, created_at TIMESTAMP, \
            updated_at TIMESTAMP, sequence_number VARCHAR(128))
            """,
            """
            INSERT INTO \(stage) (\(Self.oldColumns)) VALUES
            ('\(id)','\(name)',NULL,0.00,NULL,NULL,NULL,NULL,NULL,NULL,\(time),\(time),'\(sequence)')
            """,
            """
            DELETE FROM \(stage) USING "concert_dw".artists WHERE \(stage).artist_id = artists.artist_id AND \
            (artists.updated_at > \(stage).updated_at OR \
            (artists.updated_at IS NOT NULL AND \(stage).updated_at IS NULL) OR \
            ((artists.updated_at = \(stage).updated_at OR \
            (artists.updated_at IS NULL AND \(stage).updated_at IS NULL)) AND \
            (LENGTH(artists.sequence_number) > LENGTH(\(stage).sequence_number) OR \
            (LENGTH(artists.sequence_number) = LENGTH(\(stage).sequence_number) AND \
            artists.sequence_number > \(stage).sequence_number))))
            """,
            """
            MERGE INTO "concert_dw".artists USING \(stage) ON artists.artist_id = \(stage).artist_id \
            WHEN MATCHED THEN UPDATE SET \
            \(columns.filter { $0 != "created_at" }.map { "\($0) = \(stage).\($0)" }.joined(separator: ", ")) \
            WHEN NOT MATCHED THEN INSERT (\(Self.oldColumns)) \
            VALUES (\(Self.oldColumns.split(separator: ", ").map { "\(stage).\($0)" }.joined(separator: ", ")))
            """,
            "DROP TABLE \(stage)",
        ]
    }

    private func runOld(id: String, name: String, sequence: Int, second: Int) throws {
        let statements = oldStatements(id: id, name: name, sequence: sequence, second: second)
        try warehouse.sql("BEGIN; \(statements.joined(separator: "; ")); COMMIT")
    }

    private func batch(id: String, name: String, sequence: Int, second: Int) throws -> RecordBatch {
        var record = EventText.Record(#"{"artist_id":"\#(id)","name":"\#(name)"}"#, "\(sequence)")
        record.arrival = "\(1_794_198_000 + second)"
        return try RecordBatch(decoding: EventText([record]))
    }

    private func writeNew(id: String, name: String, sequence: Int, second: Int) async throws -> [RecordOutcome] {
        try await Self.write(batch(id: id, name: name, sequence: sequence, second: second), by: writer())
    }

    private static func start(
        _ batch: RecordBatch, by writer: RedshiftWriter
    ) -> Task<[RecordOutcome], any Error> {
        Task.detached { try await WarehouseTestCase.write(batch, by: writer) }
    }

    private func rows() throws -> [[String?]] {
        try warehouse.sql(
            "SELECT artist_id, name, sequence_number, shard_id FROM concert_dw.artists ORDER BY artist_id, name")
    }

    func testOldFunctionsRunWithNewColumns() async throws {
        let schema = WarehouseSchema(try settings())
        for table in EntityCatalog.builtIn.tables {
            for column in table.columns.suffix(2) {
                try warehouse.sql("ALTER TABLE concert_dw.\(table.name) DROP COLUMN \(column.name)")
            }
        }
        try warehouse.sql("DROP TABLE concert_dw.write_lock")
        try runOld(id: "a", name: "old 5", sequence: 5, second: 5)
        // A new function fails until the columns exist, without losing records.
        let early = try await writeNew(id: "a", name: "new 6", sequence: 6, second: 6)
        XCTAssertTrue(early[0].isRetryable)

        try warehouse.sql(schema.writeLockCreation)
        for table in EntityCatalog.builtIn.tables {
            for column in table.columns.suffix(2) { try warehouse.sql(schema.addition(of: column, to: table)) }
        }
        try runOld(id: "a", name: "old 6", sequence: 6, second: 6)
        try runOld(id: "b", name: "old 6", sequence: 6, second: 6)
        XCTAssertEqual(try rows(), [["a", "old 6", "6", nil], ["b", "old 6", "6", nil]])

        let shard = "concerts/shardId-000000000007"
        let newer = try await writeNew(id: "a", name: "new 7", sequence: 7, second: 7)
        let older = try await writeNew(id: "b", name: "new 4", sequence: 4, second: 4)
        XCTAssertEqual(newer + older, [.succeeded, .succeeded])
        XCTAssertEqual(try rows(), [["a", "new 7", "7", shard], ["b", "old 6", "6", nil]])

        // Back to the old function, and forward again.
        try runOld(id: "a", name: "old 6", sequence: 6, second: 6)
        try runOld(id: "a", name: "old 8", sequence: 8, second: 8)
        XCTAssertEqual(try rows()[0], ["a", "old 8", "8", shard])
        for (sequence, name) in [(7, "old 8"), (9, "new 9")] {
            _ = try await writeNew(id: "a", name: "new \(sequence)", sequence: sequence, second: sequence)
            XCTAssertEqual(try rows()[0][1], name)
        }
    }

    func testConcurrentOldAndNewFunctionsLoseNothing() async throws {
        // The new function's transaction waits for the old one's, with a snapshot from before it.
        for isolation in ["serializable", "repeatable read"] {
            try setUpWithError()
            try warehouse.set(["isolation": isolation])
            try runOld(id: "a", name: "old 1", sequence: 1, second: 1)
            try warehouse.sql("BEGIN ISOLATION LEVEL \(isolation)", session: "old")
            for statement in oldStatements(id: "a", name: "old 3", sequence: 3, second: 3) {
                try warehouse.sql(statement, session: "old")
            }
            let (new, writer) = (try batch(id: "a", name: "new 2", sequence: 2, second: 2), try writer())
            let writing = Self.start(new, by: writer)
            try waitForAWaitingTransaction()
            try warehouse.sql("COMMIT", session: "old")
            let outcomes = try await writing.value
            XCTAssertEqual(outcomes, [.succeeded], isolation)
            XCTAssertEqual(try rows(), [["a", "old 3", "3", nil]], isolation)
        }
    }

    func testDuplicateKeyIsMergedByItsNextVersion() async throws {
        try warehouse.sql("BEGIN ISOLATION LEVEL REPEATABLE READ", session: "old")
        for statement in oldStatements(id: "a", name: "old 3", sequence: 3, second: 3) {
            try warehouse.sql(statement, session: "old")
        }
        let (new, writer) = (try batch(id: "a", name: "new 2", sequence: 2, second: 2), try writer())
        let writing = Self.start(new, by: writer)
        try waitForAWaitingTransaction()
        try warehouse.sql("COMMIT", session: "old")
        _ = try await writing.value
        XCTAssertEqual(try rows().map { $0[1] }, ["new 2", "old 3"])
        _ = try await writeNew(id: "a", name: "new 4", sequence: 4, second: 4)
        XCTAssertEqual(Set(try rows().map { $0[1] }), ["new 4"])
    }

    private func waitForAWaitingTransaction() throws {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        for _ in 0..<10_000 where try warehouse.sql(waiting) != [["0"]] { return }
        XCTFail("no transaction waits")
    }
}
