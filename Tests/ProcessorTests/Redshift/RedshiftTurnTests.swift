import TestSupport
import XCTest

@testable import Processor

/// Writers run one after the other; queries and batches do not block each other.
final class RedshiftTurnTests: WarehouseTestCase {
    private func event(_ number: Int) -> EventText {
        EventText(
            payloads: (0..<10).flatMap { key in
                [
                    #"{"artist_id":"a\#(key)","name":"\#(number)"}"#,
                    #"{"concert_id":"c\#((key * number) % 17)","event_date":"2026-11-08","name":"\#(number)"}"#,
                ]
            }, from: 1 + number * 100)
    }

    private func writeConcurrently(_ count: Int) async throws -> [[RecordOutcome]] {
        let writer = try writer()
        let batches = try (1...count).map { try RecordBatch(decoding: event($0)) }
        return try await withThrowingTaskGroup(of: [RecordOutcome].self) { group in
            for batch in batches { group.addTask { try await Self.write(batch, by: writer) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    func testLongQueriesNeitherBlockNorSeeBatches() async throws {
        _ = try await write(event(0), by: writer())
        try warehouse.sql("BEGIN ISOLATION LEVEL REPEATABLE READ", session: "report")
        let report = "SELECT (SELECT count(*) FROM concert_dw.artists), (SELECT max(name) FROM concert_dw.concerts)"
        XCTAssertEqual(try warehouse.sql(report, session: "report"), [["10", "0"]])
        // All of these commit while the query is open.
        let outcomes = try await writeConcurrently(30)
        XCTAssertEqual(outcomes, Array(repeating: Array(repeating: .succeeded, count: 20), count: 30))
        XCTAssertEqual(try warehouse.sql(report, session: "report"), [["10", "0"]])
        try warehouse.sql("COMMIT", session: "report")
        XCTAssertEqual(Set(try column("name", of: .artists)), ["30"])
        XCTAssertEqual(try column("concert_id", of: .concerts).count, 17)
    }

    func testQueriesDoNotWaitForATransactionThatHasWritten() throws {
        let batch = try RecordBatch(decoding: event(1))
        let versions = batch.versions()
        let rows = try batch.records.enumerated().map {
            Upsert.Candidate(index: $0, row: try XCTUnwrap(batch.row(of: $1, version: versions[$0])))
        }
        let planner = InsertPlanner(statements: UpsertStatements(schema: "\"concert_dw\""))
        try warehouse.sql("BEGIN", session: "writer")
        for statement in planner.transaction(of: rows[...]).statements {
            try warehouse.sql(statement.replacing(#/DISTSTYLE KEY DISTKEY \(\w+\)/#, with: ""), session: "writer")
        }
        // A statement that would have to wait fails.
        try warehouse.sql("SET lock_timeout = 1", session: "reader")
        for table in EntityCatalog.builtIn.tables {
            let count = "SELECT count(*) FROM concert_dw.\(table.name)"
            XCTAssertEqual(try warehouse.sql(count, session: "reader"), [["0"]])
        }
        XCTAssertThrowsError(try warehouse.sql("LOCK concert_dw.write_lock", session: "reader"))
        try warehouse.sql("COMMIT", session: "writer")
        XCTAssertEqual(try column("artist_id", of: .artists).count, 10)
    }

    func testWaitingBatchIsFoundByTheRetry() async throws {
        try warehouse.sql("BEGIN", session: "other")
        try warehouse.sql("LOCK concert_dw.write_lock", session: "other")
        let first = try await write(event(1), by: writer(), within: .milliseconds(300))
        XCTAssertTrue(first.allSatisfy(\.isRetryable), "\(first)")
        XCTAssertEqual(try column("artist_id", of: .artists), [])
        try warehouse.sql("COMMIT", session: "other")
        let second = try await write(event(1), by: writer())
        XCTAssertEqual(second, Array(repeating: .succeeded, count: 20))
        XCTAssertEqual(try warehouse.calls().calls["BatchExecuteStatement"], 2)
    }

    func testConcurrentWritersNeverConflictUnderEitherIsolation() async throws {
        for isolation in ["repeatable read", "serializable"] {
            try setUpWithError()
            try warehouse.set(["isolation": isolation])
            let outcomes = try await writeConcurrently(8)
            XCTAssertEqual(outcomes, Array(repeating: Array(repeating: .succeeded, count: 20), count: 8), isolation)
            // One transaction per batch: none was aborted and repeated.
            XCTAssertEqual(try warehouse.calls().calls["BatchExecuteStatement"], 8, isolation)
            XCTAssertEqual(Set(try column("name", of: .artists)), ["8"], isolation)
            XCTAssertEqual(try column("artist_id", of: .artists).count, 10, isolation)
            let ids = try column("concert_id", of: .concerts)
            XCTAssertEqual(ids.count, Set(ids).count, isolation)
        }
    }

    func testMissingTableFailsRecordsAndNamesTheCommand() async throws {
        try warehouse.sql("DROP TABLE concert_dw.write_lock")
        let outcomes = try await write(event(1), by: writer())
        for outcome in outcomes {
            guard case .retryable(let reason) = outcome else { return XCTFail("\(outcome)") }
            XCTAssertTrue(reason.contains("concert_dw.write_lock"), reason)
            XCTAssertTrue(reason.contains("run concertctl warehouse init"), reason)
        }
        XCTAssertEqual(try column("artist_id", of: .artists), [])
    }

    func testDocumentedGrantsSuffice() async throws {
        try warehouse.sql("CREATE ROLE writer LOGIN")
        try warehouse.set(["user": "writer"])
        let refused = try await write(event(1), by: writer())
        guard case .retryable(let reason) = refused[0] else { return XCTFail("\(refused)") }
        XCTAssertTrue(reason.contains("permission denied"), reason)
        XCTAssertTrue(reason.contains("write_lock"), reason)
        for grant in try Self.documentedGrants() { try warehouse.sql(grant) }
        let outcomes = try await write(event(2), by: writer())
        XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 20))
        let again = try await write(event(3), by: writer())
        XCTAssertEqual(again, Array(repeating: .succeeded, count: 20))
    }

    /// Returns the statements in the SQL block of docs/configuration.md, for the user `writer` of this database.
    private static func documentedGrants() throws -> [String] {
        let page = try String(
            contentsOf: Repository.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        let block = try XCTUnwrap(page.components(separatedBy: "```sql\n").dropFirst().first)
        let grants = try XCTUnwrap(block.components(separatedBy: "```").first)
            .replacingOccurrences(of: "\"IAMR:ROLE\"", with: "writer").replacingOccurrences(
                of: "dev ", with: "postgres "
            )
            .split(separator: ";").map { String($0).trimmingCharacters(in: .whitespacesAndNewlines) }
            .filter { !$0.isEmpty }
        XCTAssertEqual(grants.count, 3)
        return grants
    }
}
