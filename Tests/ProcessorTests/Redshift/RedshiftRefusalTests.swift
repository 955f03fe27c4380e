import TestSupport
import Transport
import XCTest

@testable import Clients
@testable import Processor

/// The errors of the warehouse that reject a record, and the responses that are accepted.
final class RedshiftRefusalTests: WarehouseTestCase {
    private func narrowName() throws {
        try warehouse.sql("ALTER TABLE concert_dw.artists ALTER COLUMN name TYPE VARCHAR(3)")
    }

    private func artist(_ id: Int, isRefused: Bool) -> String {
        #"{"artist_id":"a\#(id)","name":"\#(isRefused ? "too long" : "n")"}"#
    }

    private func counts(_ outcomes: [RecordOutcome]) -> (succeeded: Int, rejected: Int, failed: Int) {
        var counts = (succeeded: 0, rejected: 0, failed: 0)
        for outcome in outcomes {
            switch outcome {
            case .succeeded: counts.succeeded += 1
            case .rejected: counts.rejected += 1
            default: counts.failed += 1
            }
        }
        return counts
    }

    func testUpToTenRecordsWithOneReasonAreRejected() async throws {
        try narrowName()
        let payloads = (0..<200).map { artist($0, isRefused: $0.isMultiple(of: 20)) }
        let outcomes = try await write(EventText(payloads: payloads), by: writer())
        XCTAssertEqual(counts(outcomes).rejected, 10)
        XCTAssertEqual(counts(outcomes).succeeded, 190)
    }

    func testMoreThanTenRecordsWithOneReasonFailTransiently() async throws {
        for (refused, line) in [(11, #line), (60, #line), (300, #line)] as [(Int, UInt)] {
            try setUpWithError()
            try narrowName()
            let payloads = (0..<300).map { artist($0, isRefused: $0 % (300 / refused) == 0) }
            let outcomes = try await write(EventText(payloads: payloads), by: writer())
            XCTAssertEqual(counts(outcomes).rejected, 0, line: line)
            guard case .retryable(let reason) = outcomes[0] else { return XCTFail("\(outcomes[0])", line: line) }
            XCTAssertTrue(reason.contains("value too long for type"), reason, line: line)
            XCTAssertTrue(reason.contains("compare the table"), reason, line: line)
            // Detected after a few transactions, not after one per record.
            let calls = try warehouse.calls().calls["BatchExecuteStatement"] ?? 0
            XCTAssertLessThan(calls, 200, line: line)
            // After the table is fixed, the same records are accepted.
            try warehouse.sql("ALTER TABLE concert_dw.artists ALTER COLUMN name TYPE VARCHAR(800)")
            let again = try await write(EventText(payloads: payloads), by: writer())
            XCTAssertEqual(counts(again).succeeded, 300, line: line)
        }
    }

    func testSmallBatchesAreCountedTogether() async throws {
        try narrowName()
        let writer = try writer()
        for number in 0..<12 {
            let event = EventText(payloads: [artist(number, isRefused: true)], from: 1 + number)
            let outcomes = try await write(event, by: writer)
            let expected: (Int, Int, Int) = number < 10 ? (0, 1, 0) : (0, 0, 1)
            XCTAssertTrue(counts(outcomes) == expected, "\(number): \(outcomes)")
        }
        // One record of the table is accepted, so the records are the cause again.
        _ = try await write(EventText(payloads: [artist(20, isRefused: false)], from: 20), by: writer)
        let outcomes = try await write(EventText(payloads: [artist(21, isRefused: true)], from: 21), by: writer)
        XCTAssertEqual(counts(outcomes).rejected, 1, "\(outcomes)")
    }

    func testOneRecordRedeliveredManyTimesCountsOnce() async throws {
        try narrowName()
        let writer = try writer()
        for _ in 0..<13 {
            let outcomes = try await write(EventText(payloads: [artist(1, isRefused: true)]), by: writer)
            XCTAssertEqual(counts(outcomes).rejected, 1, "\(outcomes)")
        }
    }

    func testRedeliveredLettersAreNotCounted() async throws {
        try narrowName()
        let writer = try writer()
        for number in 0..<12 {
            let letter = EventText.Record(artist(number, isRefused: true), "\(1 + number)")
            let outcomes = try await write(EventText([letter], before: #""redelivery":true,"#), by: writer)
            XCTAssertEqual(counts(outcomes).rejected, 1, "\(number): \(outcomes)")
        }
        let outcomes = try await write(EventText(payloads: [artist(50, isRefused: true)], from: 50), by: writer)
        XCTAssertEqual(counts(outcomes).rejected, 1, "\(outcomes)")
    }

    func testReasonsAndTablesAreCountedSeparately() {
        let memory = RejectionHistory()
        func add(_ table: WarehouseTable, _ text: String, _ id: String) -> Int {
            let row = WarehouseRow(
                table: table, id: Array(id.utf8), version: RecordVersion(arrival: 1, sequenceNumber: .zero), values: [])
            return memory.add(row, cause: RejectionHistory.Cause(table: table, text: SQLFailure.cause(of: text)))
        }
        let texts = (0..<5).map { "ERROR: value too long for type character varying(\($0))" }
        for text in texts { XCTAssertEqual(add(.artists, text, "a"), 1) }
        XCTAssertEqual(add(.venues, texts[0], "a"), 1)
        for number in 1...20 { XCTAssertEqual(add(.artists, texts[0], "\(number)"), min(number + 1, 11)) }
        memory.forget([.concerts])
        XCTAssertEqual(add(.venues, texts[0], "b"), 2)
        memory.forget([.artists])
        XCTAssertEqual(add(.artists, texts[0], "z"), 1)
        XCTAssertEqual(add(.venues, texts[0], "c"), 3)
        for number in 0..<1000 { _ = add(.artists, "ERROR: value out of range for \(number)", "a") }
        XCTAssertEqual(add(.artists, "ERROR: value out of range for 999", "b"), 2)
    }

    func testUnknownTextsRejectNoRecord() async throws {
        for text in [
            "no such error", "violates a rule", "overflow", "value of column name too long", "internal error 17",
        ] {
            try warehouse.add(.fails, of: "BatchExecuteStatement", times: 2, message: text)
            let outcomes = try await write(EventText(payloads: [Sample.artist(text)]), by: writer())
            guard case .retryable(let reason) = outcomes[0] else { return XCTFail("\(text): \(outcomes)") }
            XCTAssertTrue(reason.contains(text), reason)
        }
    }

    func testResponsesAboutAnotherStatementAreIgnored() async throws {
        let other = "00000000-0000-4000-8000-000000000000"
        let cases: [(operation: String, members: [String: Any], words: String, line: UInt)] = [
            ("DescribeStatement", ["Id": other], "not about statement", #line),
            ("DescribeStatement", ["Id": other, "Status": "FINISHED"], "not about statement", #line),
            ("DescribeStatement", ["Id": other, "Status": "FAILED", "Error": "x"], "not about statement", #line),
            ("DescribeStatement", ["Id": NSNull(), "Status": "FINISHED"], "not about statement", #line),
            ("DescribeStatement", ["Id": 1, "Status": "FINISHED"], "not about statement", #line),
            ("BatchExecuteStatement", ["Id": NSNull(), "Status": "FINISHED"], "does not contain", #line),
            ("BatchExecuteStatement", ["Id": "", "Status": "FINISHED"], "does not contain", #line),
        ]
        for row in cases {
            try setUpWithError()
            try warehouse.set(["waits": false])
            try warehouse.sql("BEGIN", session: "other")
            try warehouse.sql("LOCK concert_dw.write_lock", session: "other")
            try warehouse.add(.alters, of: row.operation, members: row.members)
            let outcomes = try await write(EventText(payloads: [Sample.artist("a")]), by: writer())
            guard case .retryable(let reason) = outcomes[0] else { return XCTFail("\(outcomes)", line: row.line) }
            XCTAssertTrue(reason.contains(row.words), reason, line: row.line)
            try warehouse.sql("COMMIT", session: "other")
            let again = try await write(EventText(payloads: [Sample.artist("a")]), by: writer())
            XCTAssertEqual(again, [.succeeded], line: row.line)
        }
    }

    func testUnknownStatusIsNotFinal() async throws {
        for status in ["FINISHED\u{301}", "finished", "DONE"] {
            try setUpWithError()
            try warehouse.set(["waits": false])
            try warehouse.sql("BEGIN", session: "other")
            try warehouse.sql("LOCK concert_dw.write_lock", session: "other")
            try warehouse.add(.alters, of: "DescribeStatement", times: -1, members: ["Status": status])
            let outcomes = try await write(
                EventText(payloads: [Sample.artist("a")]), by: writer(), within: .milliseconds(300))
            XCTAssertTrue(outcomes[0].isRetryable, status)
        }
    }
}

/// Objects in the staging bucket.
extension RedshiftRefusalTests {
    func testAnObjectIsPutWithItsChecksum() throws {
        let object = StagedUpload.Object(key: "a/b.gz", body: Array("hello".utf8))
        let request = StagedUpload(bucket: "bucket", objects: [object]).request(object)
        let checksums = request.headers.filter { $0.name.lowercased() == "x-amz-checksum-sha256" }
        XCTAssertEqual(checksums.map(\.value), ["LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="])
    }

    func testPutIsConfirmedOnlyBy200AndAnETag() {
        let cases: [(status: Int, tag: String?, counts: Bool)] = [
            (200, "\"5d41402abc4b2a76b9719d911017c592\"", true), (200, nil, false), (200, "", false),
            (204, "\"x\"", false), (202, "\"x\"", false), (206, "\"x\"", false),
        ]
        for (status, tag, counts) in cases {
            var headers = HTTPHeaders()
            if let tag { headers.append("ETag", tag) }
            let response = AWSResponse(
                service: "s3", operation: "PutObject", status: status, headers: headers,
                body: Array("<html></html>".utf8))
            XCTAssertEqual((try? StagedUpload.check(response)) != nil, counts, "\(status) \(tag ?? "none")")
        }
    }
}
