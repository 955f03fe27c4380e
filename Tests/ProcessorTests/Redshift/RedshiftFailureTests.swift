import TestSupport
import XCTest

@testable import Processor

/// Faults of the connection and of the warehouse, and their outcomes.
final class RedshiftFailureTests: WarehouseTestCase {
    private static let execute = "BatchExecuteStatement"

    private func artists(_ ids: String...) -> EventText {
        EventText(payloads: ids.map { #"{"artist_id":"\#($0)","name":"n"}"# })
    }

    private func reasons(_ outcomes: [RecordOutcome]) -> [String] {
        outcomes.map { outcome in
            if case .retryable(let reason) = outcome { return reason }
            return "\(outcome)"
        }
    }

    func testTransientFaultsAreRetriedWithinTheInvocation() async throws {
        let faults: [(kind: Warehouse.Fault, code: String?, times: Int, line: UInt)] = [
            (.throttle, nil, 5, #line), (.internalError, nil, 2, #line), (.drop, nil, 2, #line), (.lost, nil, 2, #line),
            (.error, "ActiveStatementsExceededException", 4, #line),
            (.error, "ActiveSessionsExceededException", 4, #line),
            (.error, "DatabaseConnectionException", 2, #line), (.error, "BatchExecuteStatementException", 2, #line),
        ]
        for fault in faults {
            try setUpWithError()
            try warehouse.add(fault.kind, of: Self.execute, times: fault.times, code: fault.code, message: "no")
            let outcomes = try await write(artists("a"), by: writer())
            XCTAssertEqual(outcomes, [.succeeded], "\(fault)", line: fault.line)
            XCTAssertEqual(try column("artist_id", of: .artists), ["a"], line: fault.line)
        }
    }

    func testConflictsAreRetriedWithAnotherToken() async throws {
        for message in [
            "1023 DETAIL: Serializable isolation violation on table - 1",
            "could not complete because of conflict with concurrent transaction", "deadlock detected",
        ] {
            try warehouse.add(.fails, of: Self.execute, times: 3, message: message)
            let outcomes = try await write(artists(message), by: writer())
            XCTAssertEqual(outcomes, [.succeeded], message)
        }
        try warehouse.add(.fails, of: Self.execute, times: 99, message: "1023 Serializable isolation violation")
        let outcomes = try await write(artists("x"), by: writer())
        XCTAssertTrue(reasons(outcomes)[0].contains("1023 Serializable isolation violation"), "\(outcomes)")
    }

    func testNextInvocationUsesAnotherTokenAfterADefiniteFailure() async throws {
        try warehouse.add(.fails, of: Self.execute, times: 2, message: "disk full")
        let first = try await write(artists("a"), by: writer())
        XCTAssertTrue(first[0].isRetryable)
        XCTAssertEqual(try column("artist_id", of: .artists), [])
        let second = try await write(artists("a"), by: writer())
        XCTAssertEqual(second, [.succeeded])
        XCTAssertEqual(try column("artist_id", of: .artists), ["a"])
    }

    func testRunThatOutlastsTheDeadlineIsFoundByTheRetry() async throws {
        try warehouse.add(.slow, of: Self.execute, milliseconds: 1500)
        let start = ContinuousClock.now
        let first = try await write(artists("a"), by: writer(), within: .milliseconds(300))
        XCTAssertLessThan(ContinuousClock.now - start, .milliseconds(1400))
        XCTAssertTrue(reasons(first)[0].contains("deadline"), "\(first)")
        let second = try await write(artists("a"), by: writer())
        XCTAssertEqual(second, [.succeeded])
        // Both calls refer to the same run, which was neither cancelled nor started again.
        XCTAssertEqual(try warehouse.calls().calls[Self.execute], 2)
        XCTAssertEqual(try column("artist_id", of: .artists), ["a"])
    }

    func testRejectedRowIsIsolated() async throws {
        // A foreign table with a narrower column.
        try warehouse.sql("ALTER TABLE concert_dw.artists ALTER COLUMN name TYPE VARCHAR(5)")
        var payloads = (0..<50).map { #"{"artist_id":"a\#($0 + 10)","name":"n\#($0)"}"# }
        payloads[17] = #"{"artist_id":"a27","name":"too long"}"#
        payloads[31] = #"{"artist_id":"a12","name":"too long, too"}"#
        let outcomes = try await write(EventText(payloads: payloads), by: writer())
        for (index, outcome) in outcomes.enumerated() where index != 17 && index != 31 {
            XCTAssertEqual(outcome, .succeeded, "\(index)")
        }
        for index in [17, 31] {
            guard case .rejected(let error) = outcomes[index] else {
                XCTFail("\(outcomes[index])")
                continue
            }
            XCTAssertEqual(error.reason, .range)
            XCTAssertTrue(error.message.contains("value too long for type"), error.message)
        }
        let ids = try column("artist_id", of: .artists)
        // Two of the fifty rows are missing, one because of a second version.
        XCTAssertEqual(ids.count, 48)
        XCTAssertFalse(ids.contains("a27"))
        // Of a key whose last version is rejected, the previous version is stored.
        XCTAssertEqual(try warehouse.sql("SELECT name FROM concert_dw.artists WHERE artist_id = 'a12'"), [["n2"]])
    }

    func testForeignRequiredColumnRejectsNoRecord() async throws {
        try warehouse.sql("ALTER TABLE concert_dw.artists ADD COLUMN mine INTEGER NOT NULL")
        let outcomes = try await write(artists("a", "b"), by: writer())
        for reason in reasons(outcomes) { XCTAssertTrue(reason.contains("give that column a default"), reason) }
    }

    func testWarehouseFaultsRejectNoRecord() async throws {
        try warehouse.sql("DROP TABLE concert_dw.concerts")
        let event = EventText(payloads: [
            #"{"artist_id":"a","name":"n"}"#, #"{"concert_id":"c","event_date":"2026-11-08"}"#,
        ])
        let outcomes = try await write(event, by: writer())
        for reason in reasons(outcomes) {
            XCTAssertTrue(reason.contains("workgroup wg, database dev"), reason)
            XCTAssertTrue(reason.contains("concertctl warehouse init"), reason)
        }
        XCTAssertEqual(try column("artist_id", of: .artists), [])
    }

    func testMissingWarehouseFailsTheBatchWithOneLogLine() throws {
        let cases: [(endpoint: String?, code: String?, words: String, line: UInt)] = [
            ("http://127.0.0.1:9", nil, "could not complete the request to 127.0.0.1:9", #line),
            (nil, "ResourceNotFoundException", "that workgroup wg exists and is running", #line),
            (nil, "ValidationException", "Cluster is paused", #line),
            (nil, "AccessDeniedException", "allow the function's role redshift-data:* calls", #line),
            (nil, "DatabaseConnectionException", "Cluster is paused", #line),
        ]
        for row in cases {
            if let code = row.code {
                try warehouse.add(.error, of: Self.execute, times: 20, code: code, message: "Cluster is paused.")
            }
            var pipeline = TestPipeline([try writer(endpoint: row.endpoint)])
            let (response, report) = try pipeline.respond(to: artists("a", "b", "c"))
            XCTAssertEqual(response, TestPipeline.failure("1"), line: row.line)
            XCTAssertEqual(report.total(.failed), 3, line: row.line)
            XCTAssertEqual(pipeline.logLines.objects.count, 1, "\(pipeline.logLines.all)", line: row.line)
            let line = try XCTUnwrap(pipeline.logLines.objects.first)
            XCTAssertEqual(line["message"] as? String, "processor failed", line: row.line)
            let reason = line["reason"] as? String ?? ""
            XCTAssertTrue(reason.contains(row.words), reason, line: row.line)
            try setUpWithError()
        }
    }
}
