import TestSupport
import XCTest

@testable import Processor

/// Tests of the statements, without a server.
final class InsertPlannerTests: XCTestCase {
    private let planner = InsertPlanner(statements: UpsertStatements(schema: "\"concert_dw\""))

    private func candidates(_ event: EventText) throws -> [Upsert.Candidate] {
        let batch = try RecordBatch(decoding: event)
        let versions = batch.versions()
        return try batch.records.enumerated().map {
            Upsert.Candidate(index: $0, row: try XCTUnwrap(batch.row(of: $1, version: versions[$0])))
        }
    }

    /// A record with texts of the maximum length, of characters that are longest in SQL.
    private func longest(_ id: Int, _ kind: Int) throws -> String {
        let text = { (count: Int) in String(repeating: "\\", count: count) }
        let members: [String: Any] =
            switch kind {
            case 0: ["artist_id": "\(id)", "name": text(200), "genres": [text(996)], "members": [text(1996)]]
            case 1:
                [
                    "concert_id": "\(id)", "event_date": "2026-11-08", "name": text(2000), "url": text(2000),
                    "artist_id": text(100), "venue_id": text(100), "ticketmaster_id": text(100),
                ]
            case 2:
                [
                    "venue_id": "\(id)", "name": text(800), "address": text(1200), "city": text(400),
                    "country": text(400),
                    "state": text(200), "amenities": [text(1996)],
                ]
            default:
                [
                    "sale_id": "\(id)", "concert_id": text(100), "ticket_tier": text(50), "quantity": 1,
                    "unit_price": 1,
                    "purchase_timestamp": "2026-11-08", "customer_id": text(100),
                ]
            }
        return try RedshiftRoundTripTests.json(members)
    }

    func testTransactionsKeepTheLimitsAndFollowEachOther() throws {
        var random = SeededGenerator(seed: 4)
        for round in 0..<4 {
            let kinds = [[0], [1], [2], [3], [0, 1, 2, 3]].randomElement(using: &random) ?? [0]
            let keys = [3, 400, 4000].randomElement(using: &random) ?? 3
            let payloads = try (0..<1200).map { _ in
                let id = Int.random(in: 0..<keys, using: &random)
                let kind = kinds.randomElement(using: &random) ?? 0
                return Bool.random(using: &random) ? try longest(id, kind) : #"{"artist_id":"\#(id)","name":"n"}"#
            }
            var rest = try candidates(EventText(payloads: payloads))[...]
            var transactions = 0
            while !rest.isEmpty {
                let transaction = planner.transaction(of: rest)
                let context = "round \(round), transaction \(transactions)"
                XCTAssertTrue((1...40).contains(transaction.statements.count), context)
                XCTAssertLessThanOrEqual(transaction.statements.map(\.utf8.count).max() ?? 0, 100_000, context)
                XCTAssertGreaterThan(transaction.recordCount, 0, context)
                rest = rest.dropFirst(transaction.recordCount)
                transactions += 1
            }
            // Rows of minimum size need few transactions, which are not split unnecessarily.
            XCTAssertLessThan(transactions, 30, "round \(round)")
        }
    }

    func testLocksOnlyTheWriteLockAndFirst() throws {
        let rows = try candidates(
            EventText(payloads: [Sample.venue, Sample.sale, Sample.concert, Sample.artist("a")]))
        let statements = planner.transaction(of: rows[...]).statements
        XCTAssertEqual(statements.first, #"LOCK "concert_dw".write_lock"#)
        XCTAssertFalse(statements.dropFirst().contains { $0.contains("LOCK") })
        XCTAssertEqual(statements.count, 4 * 4 + 2)
    }

    func testStagingTablesHaveTheDistributionOfTheirTables() throws {
        let rows = try candidates(
            EventText(payloads: [Sample.venue, Sample.sale, Sample.concert, Sample.artist("a")]))
        let stages = planner.transaction(of: rows[...]).statements.filter { $0.hasPrefix("CREATE TEMP TABLE") }
        XCTAssertEqual(
            stages.map { String($0.split(separator: ")) ").last ?? "") },
            ["artist_id", "concert_id", "concert_id", "venue_id"].map { "DISTSTYLE KEY DISTKEY (\($0))" })
        let schema = WarehouseSchema(
            try RedshiftSettings(environment: ["REDSHIFT_WORKGROUP_NAME": "w", "REDSHIFT_DATABASE": "d"]))
        for (table, stage) in zip(EntityCatalog.builtIn.tables, stages) {
            XCTAssertTrue(stage.hasPrefix("CREATE TEMP TABLE stage_\(table.name)_"), stage)
            XCTAssertTrue(
                schema.creation(of: table).contains(String(stage.split(separator: ")) ").last ?? "none")), stage)
        }
    }

    func testTokenDependsOnlyOnTheContent() throws {
        let event = EventText(payloads: [Sample.artist("a"), Sample.artist("b")])
        let digest = planner.transaction(of: try candidates(event)[...]).digest
        XCTAssertEqual(planner.transaction(of: try candidates(event)[...]).digest, digest)
        // The same in every process, regardless of the order of dictionaries.
        XCTAssertEqual(digest, "d18ad5a2f5a31951e7dd0bc3cb3b2b15ad6ae5fbf32b5e1b74bc3405c59e40c8")
        var other = event
        other.records[1].arrival = "1794198257.238"
        XCTAssertNotEqual(planner.transaction(of: try candidates(other)[...]).digest, digest)
    }

    func testKeepsTheNewestVersionWithTheFirstArrival() throws {
        let event = EventText(payloads: [
            #"{"artist_id":"a","name":"1"}"#, #"{"artist_id":"b","name":"2"}"#, #"{"artist_id":"a","name":"3"}"#,
            #"{"venue_id":"a","name":"V","city":"Bern","country":"CH"}"#, #"{"artist_id":"a","name":"5"}"#,
        ])
        let upsert = Upsert(try candidates(event))
        XCTAssertEqual(upsert.tables, [.artists, .venues])
        let names = upsert.rows[.artists]?.map { [$0.values[1], $0.values[10], $0.values[11]] }
        let time = { (second: Int) in WarehouseValue.moment("2026-11-09 04:20:0\(second).5") }
        XCTAssertEqual(names, [[.text("5"), time(1), time(5)], [.text("2"), time(2), time(2)]])
    }

    func testLiteralsEscapeBackslashesAndQuotes() {
        let cases: [(text: String, sql: String, line: UInt)] = [
            ("plain", "'plain'", #line), ("it's", "'it''s'", #line), ("\\", "REPLACE('<0>','<0>',CHR(92))", #line),
            ("<0>", "'<0>'", #line), ("<0>\\", "REPLACE('<0><1>','<1>',CHR(92))", #line),
            ("<1>\\<00>'", "REPLACE('<1><2><00>''','<2>',CHR(92))", #line),
            ("<99999999999999999999>\\", "REPLACE('<99999999999999999999><0>','<0>',CHR(92))", #line),
        ]
        for (text, sql, line) in cases {
            var bytes: [UInt8] = []
            WarehouseValue.text(text).appendSQL(to: &bytes)
            XCTAssertEqual(String(decoding: bytes, as: UTF8.self), sql, line: line)
        }
    }

    func testRoundsToAColumnsDecimals() {
        let cases: [(number: String, digits: Int, scale: Int, text: String?, line: UInt)] = [
            ("0", 3, 2, "0.00", #line), ("-0.0", 3, 2, "0.00", #line), ("0e999999999999", 3, 2, "0.00", #line),
            ("85.125", 3, 2, "85.13", #line), ("85.1249999", 3, 2, "85.12", #line), ("-85.125", 3, 2, "-85.13", #line),
            ("999.994", 3, 2, "999.99", #line), ("999.995", 3, 2, nil, #line), ("1000", 3, 2, nil, #line),
            ("0.004", 3, 2, "0.00", #line), ("-0.004", 3, 2, "0.00", #line), ("0.005", 3, 2, "0.01", #line),
            ("0.0005", 3, 2, "0.00", #line), ("9.995", 3, 2, "10.00", #line), ("0.995", 3, 2, "1.00", #line),
            ("1e2", 3, 2, "100.00", #line), ("1e-400", 3, 2, "0.00", #line), ("1e400", 3, 2, nil, #line),
            ("12.5e-1", 3, 2, "1.25", #line), ("0.00000004", 3, 7, "0.0000000", #line),
            ("0.00000005", 3, 7, "0.0000001", #line), ("7", 1, 0, "7", #line), ("9.5", 1, 0, nil, #line),
        ]
        for row in cases {
            let bytes = Array(row.number.utf8)
            let text = DecimalDigits(0..<bytes.count, of: bytes.span).fixed(integerDigits: row.digits, scale: row.scale)
            XCTAssertEqual(text, row.text, row.number, line: row.line)
        }
    }

    func testShardTextCannotEscapeItsLiteral() throws {
        var event = EventText(payloads: [Sample.artist("a"), Sample.artist("b")])
        for index in event.records.indices {
            event.records[index].streamARN = "arn:aws:kinesis:us-east-1:1:stream/it's; --yé"
            event.records[index].eventID = "shard/'\\\\0:1"
        }
        let batch = try RecordBatch(decoding: event)
        let folder = batch.stagingFolder(from: batch.records[0].position, to: batch.records[1].position)
        XCTAssertEqual(folder, "redshift-staging/it-s----y--/shard---0/1-2")
        var steps = event
        steps.records[0].streamARN = "arn:aws:kinesis:us-east-1:1:stream/.."
        steps.records[0].eventID = ".:1"
        let stepping = try RecordBatch(decoding: steps)
        let position = stepping.records[0].position
        XCTAssertEqual(stepping.stagingFolder(from: position, to: position), "redshift-staging/-/-/1-1")
        let copier = CopyPlanner(
            statements: UpsertStatements(schema: "\"concert_dw\""),
            staging: RedshiftSettings.Staging(
                bucket: "bucket", roleARN: "arn:aws:iam::123456789012:role/r", loadObjectLimit: 1))
        let transaction = try XCTUnwrap(copier.transaction(of: try candidates(event)[...], folder: folder))
        XCTAssertEqual(transaction.upload?.objects.map(\.key), ["\(folder)/artists.ndjson.gz"])
        XCTAssertEqual(transaction.recordCount, 2)
        XCTAssertTrue(
            transaction.statements[2].contains(
                "FROM 's3://bucket/\(folder)/artists.ndjson.gz' IAM_ROLE 'arn:aws:iam::123456789012:role/r' FORMAT"))
    }

    func testGzipRoundTrip() throws {
        var random = SeededGenerator(seed: 9)
        for count in [0, 1, 100, 100_000, 1_000_000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...(count.isMultiple(of: 3) ? 255 : 9), using: &random)
            }
            let packed = try XCTUnwrap(Gzip.deflate(bytes))
            XCTAssertEqual(Gzip.deflate(bytes), packed)
            var unpacked: [UInt8] = []
            try Gzip.inflate(packed.span, into: &unpacked)
            XCTAssertEqual(unpacked, bytes)
        }
    }
}
