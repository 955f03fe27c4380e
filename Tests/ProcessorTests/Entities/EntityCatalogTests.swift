import JSON
import XCTest

@testable import Processor

/// Kinds and fields that are added to a catalog: all behavior is derived from their descriptions.
final class EntityCatalogTests: XCTestCase {
    private static let catalog = EntityCatalog.builtIn.adding(Promoter.schema)

    private func batch(_ payloads: [String], _ catalog: EntityCatalog = EntityCatalogTests.catalog) throws
        -> RecordBatch
    {
        try RecordBatch(decoding: EventText(payloads: payloads), catalog)
    }

    func testEveryTypeOfFieldIsDecodedAndWritten() throws {
        let cases: [(payload: String, document: String, line: UInt)] = [
            (
                #"{"promoter_id":"p","name":"N"}"#,
                #"{"promoter_id":"p","name":"N","city":"unknown","rating":2.50,"employees":1,"is_independent":true,"status":"active"}"#,
                #line
            ),
            (
                #"{"data_type":"Promoter","payload":{"agency_id":" p ","name":"N","office":{"city":" ","town":"T"},"rating":"4.99","#
                    + #""employees":"7.0","is_independent":"FALSE","founded":"2001-02-03","updated":"2026-11-08T20:00:00+01:00","#
                    + #""regions":"a|b","state":"SHUT","fees":{"x":1.50},"note":"\u00e9","source":"upload"}}"#,
                #"{"promoter_id":"p","name":"N","city":"T","rating":4.99,"employees":7,"is_independent":false,"founded":"2001-02-03","#
                    + #""updated":"2026-11-08T19:00:00Z","regions":["a","b"],"status":"closed","fees":{"x":1.50},"note":"é","source":"upload"}"#,
                #line
            ),
            (
                #"{"data":{"promoter_id":"p","name":"N","is_independent":false,"city":"C","office":{"town":"T"}}}"#,
                #"{"promoter_id":"p","name":"N","city":"C","rating":2.50,"employees":1,"is_independent":false,"status":"active"}"#,
                #line
            ),
        ]
        for (payload, document, line) in cases {
            let batch = try batch([payload])
            XCTAssertEqual(batch.badRecords.map(\.error.message), [], line: line)
            let record = try XCTUnwrap(batch.records.first, line: line)
            XCTAssertEqual(String(decoding: batch.document(of: record), as: UTF8.self), document, line: line)
            XCTAssertEqual(batch.string(batch.id(of: record)), "p", line: line)
            XCTAssertNotNil(batch.view(record, as: Promoter.self), line: line)
            XCTAssertNil(batch.view(record, as: Concert.self), line: line)
        }
    }

    func testEveryRuleHasItsMessage() throws {
        let cases: [(members: String, reason: PayloadError.Reason, message: String, line: UInt)] = [
            (#""promoter_id":"p""#, .missing, "promoter.name: is missing, and required", #line),
            (#""name":"N""#, .missing, "promoter.promoter_id: is missing, and required", #line),
            (#""promoter_id":"p","name":7"#, .type, "promoter.name: 7 is not text", #line),
            (
                #""promoter_id":"p","name":"\#(String(repeating: "n", count: 41))""#, .range,
                #"promoter.name: "\#(String(repeating: "n", count: 41))" has 41 characters, and at most 40 are allowed"#,
                #line
            ),
            (#""promoter_id":"p","name":"N","rating":0.4999"#, .range, "promoter.rating: 0.4999 is below 0.5", #line),
            (#""promoter_id":"p","name":"N","rating":5.0"#, .range, "promoter.rating: 5.0 is not below 5", #line),
            (
                #""promoter_id":"p","name":"N","employees":2.5"#, .type,
                "promoter.employees: 2.5 is not a whole number", #line
            ),
            (
                #""promoter_id":"p","name":"N","employees":1000001"#, .range,
                "promoter.employees: 1000001 is outside 0...1000000", #line
            ),
            (
                #""promoter_id":"p","name":"N","is_independent":1"#, .type,
                "promoter.is_independent: 1 is not true or false", #line
            ),
            (
                #""promoter_id":"p","name":"N","is_independent":"yes""#, .type,
                #"promoter.is_independent: "yes" is not true or false"#, #line
            ),
            (
                #""promoter_id":"p","name":"N","state":"gone""#, .range,
                #"promoter.state: "gone" is not one of active, closed"#, #line
            ),
            (#""promoter_id":"p","name":"N","office":"x""#, .type, #"promoter.office: "x" is not an object"#, #line),
            (
                #""promoter_id":"\#(String(repeating: "p", count: 1025))","name":"N""#, .range,
                #"promoter.promoter_id: "\#(String(repeating: "p", count: 100))..." has 1025 bytes, and at most 1024 are allowed"#,
                #line
            ),
        ]
        for (members, reason, message, line) in cases {
            let batch = try batch([#"{"data_type":"promoter",\#(members)}"#])
            XCTAssertEqual(batch.badRecords.map(\.error), [PayloadError(reason, message)], line: line)
        }
        let unknown = try batch([#"{"data_type":"songs"}"#, #"{"name":"N"}"#])
        XCTAssertEqual(
            unknown.badRecords.map(\.error.message),
            [
                #"record.data_type: "songs" is not one of artists, concerts, events, venues, ticket_sales, promoters"#,
                "record has no data_type, and none of sale_id, concert_id, event_id, venue_id, artist_id, promoter_id, agency_id",
            ])
    }

    func testAddedKindIsInferredAfterTheBuiltInOnes() throws {
        let batch = try batch([
            #"{"promoter_id":"p","artist_id":"a","name":"N"}"#, #"{"promoter_id":"p","name":"N"}"#,
            #"{"data_type":"promoters","artist_id":"a","promoter_id":"p","name":"N"}"#,
        ])
        XCTAssertEqual(batch.records.map { batch.catalog[$0.kind].name }, ["artist", "promoter", "promoter"])
    }

    func testTableOfAnAddedKindHasTheDescribedColumns() throws {
        let table = try XCTUnwrap(Self.catalog.table(named: "promoters".utf8))
        XCTAssertEqual(Self.catalog.tables.map(\.name), ["artists", "concerts", "promoters", "ticket_sales", "venues"])
        XCTAssertEqual(
            table.columns.map { "\($0.name) \($0.sqlType)" },
            [
                "promoter_id VARCHAR(100)", "name VARCHAR(160)", "city VARCHAR(80)", "rating DECIMAL(3,2)",
                "employees INTEGER", "is_independent BOOLEAN", "founded DATE", "updated TIMESTAMP",
                "regions VARCHAR(2000)", "status VARCHAR(20)", "fees VARCHAR(400)", "source VARCHAR(100)",
                "ingestion_timestamp TIMESTAMP", "created_at TIMESTAMP", "updated_at TIMESTAMP",
                "sequence_number VARCHAR(128)", "sub_sequence_number INTEGER", "shard_id VARCHAR(200)",
            ])
        XCTAssertEqual([table.key, table.distributionKey, table.sortKey], ["promoter_id", "promoter_id", "name"])
    }

    func testRowHasTheValuesAndRejectsThoseThatDoNotFit() throws {
        let batch = try batch([
            #"{"promoter_id":"p","name":"N","rating":1.005,"is_independent":false,"regions":["a","b"],"status":"closed"}"#,
            #"{"promoter_id":"q","name":"N","city":"\#(String(repeating: "c", count: 81))"}"#,
        ])
        var outcomes = RecordOutcomes(count: 2)
        let script = WarehouseScript().transactions(of: batch, outcomes: &outcomes).joined().joined(separator: ";\n")
        let row = "('p','N','unknown',1.01,1,false,NULL,NULL,'[\"a\",\"b\"]','closed',NULL,NULL,NULL,"
        XCTAssertTrue(script.contains(row), script)
        guard case .rejected(let error) = outcomes[1] else { return XCTFail("\(outcomes[1])") }
        XCTAssertTrue(error.message.hasSuffix("has 81 bytes; column city stores at most 80"), error.message)
    }

    func testPipelineCountsAddedKindsAndRejectsBadRecords() async throws {
        let event = EventText(payloads: [
            #"{"promoter_id":"p","name":"N"}"#, #"{"promoter_id":"q"}"#, Sample.artist("a"),
        ])
        let letters = FakeDeadLetterSink()
        var pipeline = TestPipeline(deadLetters: letters, level: .debug, catalog: Self.catalog)
        let report = try pipeline.respond(to: event).report
        let kind = try XCTUnwrap(Self.catalog.kind(named: "promoter"))
        XCTAssertEqual(report.total(of: kind), 1)
        XCTAssertEqual([report.total, report.total(.processed), report.total(.deadLettered)], [3, 2, 1])
        let letter = await letters.texts.joined()
        XCTAssertTrue(letter.contains("promoter.name: is missing, and required"), letter)
        let lines = pipeline.logLines.all.joined()
        XCTAssertTrue(lines.contains(#""ticketSales":0,"promoters":1}"#), lines)
        XCTAssertTrue(lines.contains(#""kind":"promoter""#), lines)
    }

    func testCacheStoresDocumentsOfAddedKinds() throws {
        var contents = CacheContents()
        contents.take(try batch([#"{"promoter_id":"p","name":"N"}"#]))
        let keys = contents.json["documents"]?.object?.members.map(\.name)
        XCTAssertEqual(keys, ["concert:promoter:p"])
    }

    func testFieldIsAddedToConcerts() throws {
        let catalog = EntityCatalog.builtIn.adding(
            [FieldDescription("age_restriction", .integer(0...99), column: .integer)], to: "concert")
        let concert = #""concert_id":"c","event_date":"2026-11-08""#
        let batch = try batch(
            [#"{\#(concert),"age_restriction":"18","source":"s"}"#, #"{\#(concert),"age_restriction":100}"#], catalog)
        XCTAssertEqual(
            batch.records.map { String(decoding: batch.document(of: $0), as: UTF8.self) },
            [
                #"{"concert_id":"c","event_date":"2026-11-08T00:00:00Z","status":"scheduled","age_restriction":18,"source":"s"}"#
            ])
        XCTAssertEqual(batch.badRecords.map(\.error.message), ["concert.age_restriction: 100 is outside 0...99"])
        let record = try XCTUnwrap(batch.records.first)
        XCTAssertEqual(batch.view(record, as: Concert.self)?.status, .scheduled)
        let columns = try XCTUnwrap(catalog.table(named: "concerts".utf8)).columns.map(\.name)
        XCTAssertEqual(Array(columns.suffix(9).prefix(3)), ["url", "age_restriction", "source"])
    }

    func testRecordWithAThousandObjectsReadsOnlyItsOwnMembers() throws {
        // More records than a 16-bit mark has values: one that was left over would be read here.
        var decoder = PayloadDecoder()
        var records: [EntityRecord] = []
        let full = #"{"artist_id":"a","name":"N","genre":["x"],"raw_data":{"followers":5}}"#
        for number in 0..<70_000 {
            let text = number % 65_535 == 0 ? full : #"{"artist_id":"b","name":"N"}"#
            try decoder.decode(Array(text.utf8).span, at: RecordPosition(source: 0), into: &records)
        }
        var batch = RecordBatch()
        batch.storage = decoder.storage
        let documents = records.map { batch.document(of: $0).count }
        XCTAssertEqual(documents.count { $0 != documents[1] }, 2)
    }
}
