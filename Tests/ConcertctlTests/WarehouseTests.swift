import Foundation
import Synchronization
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
    ) throws -> Run { try Self.run(words, oracle, variables) }

    private static func run(
        _ words: [String], _ oracle: SigV4Oracle, _ variables: [String: String] = [:]
    ) throws -> Run {
        let names = ["REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev"]
        let environment = oracle.environment().merging(names) { $1 }.merging(variables) { $1 }
        return try Concertctl.run(["warehouse"] + words, environment: environment)
    }

    func testInitIsIdempotent() throws {
        let (warehouse, oracle) = try made()
        let first = try run(["init"], oracle)
        XCTAssertEqual(first.status, 0, first.notes)
        XCTAssertEqual(
            first.output,
            "created schema\ncreated table artists\ncreated table concerts\ncreated table ticket_sales\n"
                + "created table venues\ncreated table loads\ncreated table write_lock\n")
        let second = try run(["init"], oracle)
        XCTAssertEqual(second.output, "schema concert_dw is already complete\n", second.notes)

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
        XCTAssertEqual(columns, [["76"]])
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
    }

    /// The tables of version 0.1.0.
    private func makeOld(_ warehouse: Warehouse) throws {
        for table in ["artists", "concerts", "ticket_sales", "venues"] {
            for column in ["sub_sequence_number", "shard_id"] {
                try warehouse.sql("ALTER TABLE concert_dw.\(table) DROP COLUMN \(column)")
            }
        }
        try warehouse.sql("DROP TABLE concert_dw.write_lock")
    }

    func testTablesOfOldVersionAreCountedAndUpgraded() throws {
        let (warehouse, oracle) = try made()
        XCTAssertEqual(try run(["init"], oracle).status, 0)
        try makeOld(warehouse)
        try warehouse.sql("INSERT INTO concert_dw.venues (venue_id, updated_at) VALUES ('v', '2026-11-09 04:20:00')")
        let text = try run(["status"], oracle)
        XCTAssertEqual(text.status, 0, text.notes)
        XCTAssertTrue(text.output.contains("venues"), text.output)
        XCTAssertTrue(
            text.notes.contains("lacks column artists.sub_sequence_number, column artists.shard_id"), text.notes)
        XCTAssertTrue(text.notes.contains("table write_lock; run concertctl warehouse init"), text.notes)
        let json = try run(["status", "--output", "json"], oracle).json()
        XCTAssertEqual((json["missing"] as? [String])?.count, 9)
        XCTAssertEqual((json["tables"] as? [[String: Any]])?.compactMap { $0["rows"] as? Int }, [0, 0, 0, 1])

        let upgrade = try run(["init"], oracle)
        XCTAssertEqual(upgrade.status, 0, upgrade.notes)
        XCTAssertEqual(
            upgrade.output,
            ["artists", "concerts", "ticket_sales", "venues"].map {
                "created column \($0).sub_sequence_number\ncreated column \($0).shard_id\n"
            }.joined() + "created table write_lock\n")
        XCTAssertEqual(try run(["init"], oracle).output, "schema concert_dw is already complete\n")
        let after = try run(["status", "--output", "json"], oracle).json()
        XCTAssertNil(after["missing"])
        XCTAssertEqual(try warehouse.sql("SELECT venue_id, shard_id FROM concert_dw.venues"), [["v", nil]])
    }

    func testConcurrentRunsSucceed() throws {
        let (warehouse, oracle) = try made()
        for isUpgrade in [false, true] {
            if isUpgrade { try makeOld(warehouse) }
            let runs = Mutex<[Run]>([])
            DispatchQueue.concurrentPerform(iterations: 3) { _ in
                let run = Result { try Self.run(["init"], oracle) }
                runs.withLock { runs in
                    switch run {
                    case .success(let run): runs.append(run)
                    case .failure(let error): XCTFail("\(error)")
                    }
                }
            }
            for run in runs.withLock({ $0 }) { XCTAssertEqual(run.status, 0, run.notes) }
            XCTAssertEqual(try run(["init"], oracle).output, "schema concert_dw is already complete\n")
        }
    }

    func testConcurrentCreationIsNotAnError() throws {
        let (warehouse, oracle) = try made()
        XCTAssertEqual(try run(["init"], oracle).status, 0)
        try warehouse.sql("ALTER TABLE concert_dw.artists DROP COLUMN shard_id")
        // The run finds no column and waits for this transaction, which adds it.
        try warehouse.sql("BEGIN", session: "other")
        try warehouse.sql("ALTER TABLE concert_dw.artists ADD COLUMN shard_id VARCHAR(200)", session: "other")
        let finished = DispatchGroup()
        let result = Mutex<Result<Run, any Error>?>(nil)
        DispatchQueue(label: "init").async(group: finished) {
            let run = Result { try Self.run(["init"], oracle) }
            result.withLock { $0 = run }
        }
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        var isWaiting = false
        for _ in 0..<20_000 where !isWaiting { isWaiting = try warehouse.sql(waiting) != [["0"]] }
        XCTAssertTrue(isWaiting)
        try warehouse.sql("COMMIT", session: "other")
        finished.wait()
        let run = try XCTUnwrap(result.withLock { $0 }).get()
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(run.output, "schema concert_dw is already complete\n")
        XCTAssertTrue(run.notes.contains("column artists.shard_id: already created concurrently"), run.notes)
    }

    func testPersistentFailureIsReported() throws {
        let (warehouse, oracle) = try made()
        XCTAssertEqual(try run(["init"], oracle).status, 0)
        try warehouse.sql(
            "DROP TABLE concert_dw.venues; REVOKE ALL ON SCHEMA concert_dw FROM PUBLIC; CREATE ROLE reader LOGIN")
        try warehouse.sql(
            "GRANT USAGE ON SCHEMA concert_dw TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA concert_dw TO reader")
        try warehouse.set(["user": "reader"])
        let refused = try run(["init"], oracle)
        XCTAssertEqual(refused.status, 1)
        XCTAssertTrue(refused.notes.contains("permission denied for schema concert_dw"), refused.notes)
    }

    func testInitUsesSchemaClusterAndUser() throws {
        let (warehouse, oracle) = try made()
        let variables = [
            "REDSHIFT_WORKGROUP_NAME": "", "REDSHIFT_CLUSTER_IDENTIFIER": "c", "REDSHIFT_DB_USER": "u",
            "REDSHIFT_SCHEMA": "Other",
        ]
        let made = try run(["init"], oracle, variables)
        XCTAssertEqual(made.status, 0, made.notes)
        XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM other.artists"), [["0"]])
    }

    func testDryRunPrintsScriptWithoutCalls() throws {
        let (warehouse, oracle) = try made()
        let text = try run(["init", "--dry-run"], oracle)
        XCTAssertEqual(text.status, 0, text.notes)
        XCTAssertEqual(text.output.components(separatedBy: "CREATE TABLE IF NOT EXISTS").count, 7)
        XCTAssertTrue(text.output.contains("DISTKEY (concert_id) SORTKEY (purchase_timestamp);"))
        XCTAssertTrue(text.output.contains(#"CREATE TABLE IF NOT EXISTS "concert_dw".write_lock (unused INTEGER);"#))
        for column in ["sub_sequence_number INTEGER", "shard_id VARCHAR(200)"] {
            XCTAssertTrue(
                text.output.contains(#"-- ALTER TABLE "concert_dw".artists ADD COLUMN \#(column);"#), text.output)
        }
        let json = try run(["init", "--dry-run", "--output", "json"], oracle)
        let calls = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        XCTAssertEqual(calls?.compactMap { $0["operation"] as? String }, Array(repeating: "ExecuteStatement", count: 7))
        XCTAssertEqual(try warehouse.calls().total, 0)
        XCTAssertEqual(try oracle.requests().count, 0)
    }

    func testStatusShowsCountsAndLag() throws {
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

    /// Returns variables for a bucket, and a stand-in for it.
    private func bucket(_ warehouse: Warehouse) throws -> (store: ObjectStore, variables: [String: String]) {
        let store = try ObjectStore()
        try warehouse.set(["s3": store.url])
        return (
            store,
            [
                "REDSHIFT_STAGING_BUCKET": "staging", "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
                "AWS_ENDPOINT_URL_S3": store.url, "LOAD_OBJECT_LIMIT": "2",
            ]
        )
    }

    private static let staged = "redshift-staged/wg/dev/concert_dw/"
    /// gzip of `{"artist_id":"a","name":"n"}`.
    private static func object(_ id: String) throws -> [UInt8] {
        let program = try RunningProgram(
            URL(filePath: "/usr/bin/env"),
            [
                "python3", "-c",
                "import base64, gzip; print(base64.b64encode(gzip.compress(b'{\"artist_id\":\"\(id)\"}')).decode())",
            ],
            environment: ProcessInfo.processInfo.environment)
        let text = try program.finish().output.trimmingCharacters(in: .whitespacesAndNewlines)
        return [UInt8](try XCTUnwrap(Data(base64Encoded: text)))
    }

    func testLoadRunsUntilNothingIsStaged() throws {
        let (warehouse, oracle) = try made()
        let (store, variables) = try bucket(warehouse)
        let missing = try run(["load"], oracle)
        XCTAssertEqual(missing.status, 2)
        XCTAssertTrue(missing.notes.contains("REDSHIFT_STAGING_BUCKET and"), missing.notes)
        let empty = try run(["load"], oracle, variables)
        XCTAssertEqual(empty.output, "0 loads, 0 objects, 0 rows, 0 objects refused\n", empty.notes)
        XCTAssertEqual(try warehouse.calls().total, 0)

        XCTAssertEqual(try run(["init"], oracle).status, 0)
        let keys = (1...5).map { "\(Self.staged)artists/3-x/2026/11/09/0\($0)/x.ndjson.gz" }
        for (index, key) in keys.enumerated() { try store.put(key, Self.object("a\(index)")) }
        try store.put("\(Self.staged)artists/99-x/2026/11/09/04/x.ndjson.gz", [])
        let planned = try run(["load", "--dry-run"], oracle, variables)
        XCTAssertEqual(planned.status, 0, planned.notes)
        XCTAssertTrue(planned.output.hasPrefix(keys[0] + "\n" + keys[1] + "\n6 objects staged"), planned.output)
        let json = try run(["load", "--dry-run", "--output", "json"], oracle, variables).json()
        XCTAssertEqual(json["next"] as? [String], Array(keys.prefix(2)))
        XCTAssertEqual(json["notLoadable"] as? Int, 1)
        XCTAssertEqual(try store.objects().count, 6)
        XCTAssertFalse(
            try store.calls().contains {
                !["ListObjectsV2", "GetObject"].contains($0.operation) && $0.operation != "?"
            })

        let done = try run(["load", "--output", "json"], oracle, variables)
        XCTAssertEqual(done.status, 0, done.notes)
        let result = try done.json()
        XCTAssertEqual(["loads", "objects", "rows", "remaining"].map { result[$0] as? Int }, [3, 5, 5, 1])
        XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.artists"), [["5"]])
        XCTAssertTrue(done.notes.contains("cannot load"), done.notes)

        try warehouse.sql("DROP TABLE concert_dw.loads")
        try store.put(keys[0], Self.object("b"))
        let failed = try run(["load"], oracle, variables)
        XCTAssertEqual(failed.status, 1)
        XCTAssertTrue(failed.notes.contains("concertctl warehouse init"), failed.notes)
    }

    func testStatusShowsStagedObjectsAndLastLoads() throws {
        let (warehouse, oracle) = try made()
        let (store, variables) = try bucket(warehouse)
        XCTAssertEqual(try run(["init"], oracle).status, 0)
        try store.put("\(Self.staged)artists/3-x/2026/11/09/04/x.ndjson.gz", Self.object("a"))
        XCTAssertEqual(try run(["load"], oracle, variables).status, 0)
        try store.put("\(Self.staged)artists/3-x/2026/11/09/05/x.ndjson.gz", Self.object("b"))
        try store.age(Self.staged, seconds: 500)
        let manifest = "redshift-loads/wg/dev/concert_dw/20260101-x/artists.manifest"
        try store.put(manifest, Array(#"{"entries":[{"url":"s3://other/x","mandatory":true}]}"#.utf8))
        try warehouse.sql("INSERT INTO concert_dw.venues (venue_id) VALUES ('v'), ('v'), ('w')")
        let text = try run(["status"], oracle, variables)
        XCTAssertEqual(text.status, 0, text.notes)
        for words in [
            "1 objects staged, oldest 50", "unfinished load 20260101-x: manifest s3://staging/\(manifest)",
            "aws s3 rm s3://staging/\(manifest)", "1 keys of venues have more than one row", "LOADED AT",
        ] { XCTAssertTrue(text.output.contains(words), "\(words) is not in: \(text.output)") }
        let json = try run(["status", "--output", "json"], oracle, variables).json()
        let staged = json["staged"] as? [String: Any]
        XCTAssertEqual(staged?["objects"] as? Int, 1)
        XCTAssertEqual((staged?["unfinishedLoads"] as? [[String: Any]])?.first?["load"] as? String, "20260101-x")
        let loads = json["loads"] as? [[String: Any]]
        XCTAssertEqual(loads?.compactMap { $0["rows"] as? Int }, [1])
        let tables = json["tables"] as? [[String: Any]]
        XCTAssertEqual(tables?.compactMap { $0["duplicateKeys"] as? Int }, [0, 0, 0, 1])
        let plain = try run(["status", "--output", "json"], oracle).json()
        XCTAssertNil(plain["staged"])
    }

    private func aws(_ call: String, _ environment: [String: String]) throws {
        let program = try RunningProgram(
            Moto.python(), ["-c", "import boto3; boto3.client('kinesis').\(call)"],
            environment: environment.merging(["AWS_DEFAULT_REGION": "us-east-1"]) { $1 })
        let run = try program.finish()
        XCTAssertEqual(run.status, 0, run.notes)
    }

    func testMissingSettingsAreReportedBeforeCalls() throws {
        let (_, oracle) = try made()
        for verb in ["init", "status"] {
            let run = try run([verb], oracle, ["REDSHIFT_DATABASE": "", "REDSHIFT_SCHEMA": "a b"])
            XCTAssertEqual(run.status, 2)
            XCTAssertTrue(run.notes.contains("REDSHIFT_DATABASE must be set"), run.notes)
            XCTAssertTrue(run.notes.contains("REDSHIFT_SCHEMA is \"a b\""), run.notes)
        }
        XCTAssertEqual(try oracle.requests().count, 0)
    }

    func testAccessErrorHasAdvice() throws {
        let (warehouse, oracle) = try made()
        try warehouse.add(
            .error, of: "ExecuteStatement", times: -1, code: "AccessDeniedException", message: "not authorized")
        let run = try run(["init"], oracle)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("workgroup wg"), run.notes)
        XCTAssertTrue(run.notes.contains("allow"), run.notes)
    }
}
