import Foundation
import TestSupport
import XCTest

/// `warehouse init` and `warehouse status`, against PostgreSQL behind the Data API.
final class WarehouseTests: XCTestCase {
    private func made() throws -> (warehouse: Warehouse, oracle: SigV4Oracle) {
        let warehouse = try Warehouse()
        try warehouse.reset()
        return (warehouse, try SigV4Oracle(upstream: warehouse.url))
    }

    private func run(
        _ words: [String], _ oracle: SigV4Oracle, _ variables: [String: String] = [:]
    ) throws -> Run {
        let names = ["REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev"]
        let environment = oracle.environment().merging(names) { $1 }.merging(variables) { $1 }
        return try Concertctl.run(["warehouse"] + words, environment: environment)
    }

    func testInitMakesWhatIsMissingAndASecondRunNothing() throws {
        let (warehouse, oracle) = try made()
        let first = try run(["init"], oracle)
        XCTAssertEqual(first.status, 0, first.notes)
        XCTAssertEqual(
            first.output,
            "created schema\ncreated table artists\ncreated table concerts\ncreated table ticket_sales\n"
                + "created table venues\n")
        let second = try run(["init"], oracle)
        XCTAssertEqual(second.output, "schema concert_dw is complete already\n", second.notes)

        for table in ["artists DROP COLUMN followers", "venues DROP COLUMN created_at"] {
            try warehouse.sql("ALTER TABLE concert_dw.\(table)")
        }
        try warehouse.sql("ALTER TABLE concert_dw.concerts ADD COLUMN mine INTEGER; DROP TABLE concert_dw.ticket_sales")
        let third = try run(["init", "--output", "json"], oracle)
        XCTAssertEqual(
            try third.json()["created"] as? [String],
            ["column artists.followers", "table ticket_sales", "column venues.created_at"], third.notes)
        let columns = try warehouse.sql(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'concert_dw'")
        XCTAssertEqual(columns, [["\(13 + 16 + 18 + 15 + 1)"]])
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
    }

    func testInitInAnotherSchemaOfAClusterWithAUser() throws {
        let (warehouse, oracle) = try made()
        let variables = [
            "REDSHIFT_WORKGROUP_NAME": "", "REDSHIFT_CLUSTER_IDENTIFIER": "c", "REDSHIFT_DB_USER": "u",
            "REDSHIFT_SCHEMA": "Other",
        ]
        let made = try run(["init"], oracle, variables)
        XCTAssertEqual(made.status, 0, made.notes)
        XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM other.artists"), [["0"]])
    }

    func testDryRunPrintsAScriptAndCallsNothing() throws {
        let (warehouse, oracle) = try made()
        let text = try run(["init", "--dry-run"], oracle)
        XCTAssertEqual(text.status, 0, text.notes)
        XCTAssertEqual(text.output.components(separatedBy: "CREATE TABLE IF NOT EXISTS").count, 5)
        XCTAssertTrue(text.output.contains("DISTKEY (concert_id) SORTKEY (purchase_timestamp);"))
        let json = try run(["init", "--dry-run", "--output", "json"], oracle)
        let calls = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        XCTAssertEqual(calls?.compactMap { $0["operation"] as? String }, Array(repeating: "ExecuteStatement", count: 5))
        XCTAssertEqual(try warehouse.calls().total, 0)
        XCTAssertEqual(try oracle.requests().count, 0)
    }

    func testStatusCountsAndSaysHowFarTheTablesAreBehindTheStream() throws {
        let (warehouse, oracle) = try made()
        let before = try run(["status"], oracle)
        XCTAssertEqual(before.status, 1)
        XCTAssertTrue(before.notes.contains("lacks table artists"), before.notes)
        XCTAssertTrue(before.notes.contains("concertctl warehouse init"), before.notes)
        XCTAssertEqual(try run(["init"], oracle).status, 0)
        let empty = try run(["status"], oracle)
        XCTAssertTrue(empty.output.hasSuffix("no row has arrived yet\n"), empty.output + empty.notes)

        try warehouse.sql(
            "INSERT INTO concert_dw.artists (artist_id, updated_at) VALUES ('a', now() - interval '90 seconds')")
        let status = try run(["status", "--output", "json"], oracle).json()
        let tables = status["tables"] as? [[String: Any]]
        XCTAssertEqual(tables?.compactMap { $0["rows"] as? Int }, [1, 0, 0, 0])
        XCTAssertNotNil(tables?.first?["newestUpdatedAt"])
        XCTAssertTrue((85...200).contains(status["lagSeconds"] as? Double ?? 0), "\(status)")

        let kinesis = try StrictAWS()
        try kinesis.set(["readsUntilActive": 0])
        let stream = ["AWS_ENDPOINT_URL_KINESIS": kinesis.url, "AWS_KINESIS_STREAM_NAME": "s"]
        let environment = kinesis.environment
        func streamed() throws -> [String: Any] {
            try run(["status", "--output", "json"], oracle, stream).json()
        }
        try aws("create_stream(StreamName='s', ShardCount=2)", environment)
        XCTAssertEqual(try streamed()["lagSeconds"] as? Double, 0)
        try aws("put_record(StreamName='s', Data=b'x', PartitionKey='k')", environment)
        XCTAssertEqual(try streamed()["stream"] as? String, "s")
    }

    private func aws(_ call: String, _ environment: [String: String]) throws {
        let program = try RunningProgram(
            Moto.python(), ["-c", "import boto3; boto3.client('kinesis').\(call)"],
            environment: environment.merging(["AWS_DEFAULT_REGION": "us-east-1"]) { $1 })
        let run = try program.finish()
        XCTAssertEqual(run.status, 0, run.notes)
    }

    func testSaysWhatIsMissingBeforeItCallsAnybody() throws {
        let (_, oracle) = try made()
        for verb in ["init", "status"] {
            let run = try run([verb], oracle, ["REDSHIFT_DATABASE": "", "REDSHIFT_SCHEMA": "a b"])
            XCTAssertEqual(run.status, 2)
            XCTAssertTrue(run.notes.contains("REDSHIFT_DATABASE must be set"), run.notes)
            XCTAssertTrue(run.notes.contains("REDSHIFT_SCHEMA is \"a b\""), run.notes)
        }
        XCTAssertEqual(try oracle.requests().count, 0)
    }

    func testARefusalSaysWhatToDo() throws {
        let (warehouse, oracle) = try made()
        try warehouse.add(
            .error, of: "ExecuteStatement", times: -1, code: "AccessDeniedException", message: "not authorized")
        let run = try run(["init"], oracle)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("workgroup wg"), run.notes)
        XCTAssertTrue(run.notes.contains("allow"), run.notes)
    }
}
