import Clients
import Foundation
import JSON
import Synchronization
import TestSupport
import XCTest

@testable import Processor

/// Objects that cannot be loaded: rejected ones, those of other versions, and foreign ones.
final class LoadRejectionTests: StagedTestCase {
    private func gzip(_ text: String) -> [UInt8] { Gzip.deflate(Array(text.utf8)) ?? [] }

    func testRejectedObjectIsMovedAndTheOthersAreLoaded() async throws {
        let long = String(repeating: "x", count: 101)
        let cases: [(name: String, body: [UInt8], line: UInt)] = [
            ("not gzip", Array("{}".utf8), #line), ("cut", Array(gzip(#"{"artist_id":"x"}"#).dropLast(9)), #line),
            ("not JSON", gzip("{\"artist_id\":\n"), #line), ("too long", gzip(#"{"artist_id":"\#(long)"}"#), #line),
            ("not a number", gzip(#"{"artist_id":"x","followers":"many"}"#), #line),
            ("no key", gzip(#"{"name":"x"}"#), #line),
        ]
        for (name, body, line) in cases {
            try setUpWithError()
            lines.removeAll()
            let keys = try await stageArtists(7)
            try await stage(EventText(payloads: [Sample.venue], from: 50))
            try store.put(keys[4], body)
            let (summary, error) = try await load()
            XCTAssertNil(error, name, line: line)
            XCTAssertEqual(summary.refused, 1, name, line: line)
            XCTAssertEqual(try artists().count, 6, name, line: line)
            XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.venues"), [["1"]], name, line: line)
            let moved = try store.objects(Self.refused)
            XCTAssertEqual(moved.map(\.key), [Self.refused + keys[4].dropFirst(Self.staged.count)], name, line: line)
            XCTAssertEqual(moved.first?.body, body, name, line: line)
            try assertClean(name, line: line)
            let errors = lines.objects.filter { $0["level"] as? String == "ERROR" }
            XCTAssertEqual(errors.compactMap { $0["object"] as? String }, [keys[4]], name, line: line)
            let reports = progress.all.filter { if case .refused = $0 { true } else { false } }
            XCTAssertEqual(reports.count, 1, name, line: line)
        }
    }

    func testObjectNamedByTheErrorIsTriedFirst() async throws {
        let keys = try await stageArtists(32)
        try store.put(keys[20], Array("x".utf8))
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual([summary.loads, summary.refused, summary.objects], [1, 1, 31])
        // All objects, the named one, the rest.
        XCTAssertEqual(try warehouse.calls().calls["BatchExecuteStatement"], 3)
    }

    func testMoreThanTenBadObjectsAmongGoodOnesAreMoved() async throws {
        let keys = try await stageArtists(30)
        for key in keys.prefix(12) { try store.put(key, Array("x".utf8)) }
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual([summary.refused, summary.objects], [12, 18])
        try assertClean()
    }

    func testRejectedObjectsAtTheFrontDoNotBlockGoodOnes() async throws {
        let keys = try await stageArtists(40)
        for key in keys.prefix(24) { try store.put(key, Array("x".utf8)) }
        let warehouse = try XCTUnwrap(warehouse)
        let transactions = Mutex((all: 0, beforeTheFirstCommit: 0))
        let steps = Steps(hook: { _, request in
            guard request.body.range(of: Array("COPY ".utf8)) != nil else { return }
            let isFirst = try warehouse.sql("SELECT count(*) FROM concert_dw.loads") == [["0"]]
            transactions.withLock { $0 = ($0.all + 1, $0.beforeTheFirstCommit + (isFirst ? 1 : 0)) }
        })
        let (summary, error) = try await load(nil, steps)
        XCTAssertNil(error)
        XCTAssertEqual([summary.refused, summary.objects], [24, 16])
        let counts = transactions.withLock { $0 }
        XCTAssertLessThan(counts.beforeTheFirstCommit, 30, "of \(counts.all)")
        XCTAssertGreaterThan(counts.all, counts.beforeTheFirstCommit)
        try assertClean()
    }

    func testMissingObjectDoesNotProveItsTable() async throws {
        let keys = try await stageArtists(11)
        try warehouse.sql("ALTER TABLE concert_dw.artists ALTER COLUMN artist_id TYPE VARCHAR(2)")
        let store = try XCTUnwrap(store)
        let calls = Mutex(0)
        let steps = Steps(hook: { _, request in
            guard request.body.range(of: Array("COPY ".utf8)) != nil else { return }
            let call = calls.withLock {
                $0 += 1
                return $0
            }
            if call == 2 { try store.remove(keys[5]) }
        })
        let (summary, error) = try await load(nil, steps)
        XCTAssertTrue(error?.contains("table artists") == true, error ?? "none")
        XCTAssertEqual([summary.refused, summary.gone], [0, 1])
        XCTAssertEqual(try store.objects(Self.refused), [])
        XCTAssertEqual(try store.objects(Self.staged).count, 10)
    }

    func testTableThatAcceptsNothingIsTheCause() async throws {
        for count in [10, 11] {
            try setUpWithError()
            try await stageArtists(count)
            try await stage(EventText(payloads: [Sample.venue, Sample.concert], from: 50))
            try warehouse.sql("ALTER TABLE concert_dw.artists ALTER COLUMN artist_id TYPE VARCHAR(2)")
            let (summary, error) = try await load()
            XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.venues"), [["1"]])
            XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.concerts"), [["1"]])
            if count == 10 {
                XCTAssertNil(error)
                XCTAssertEqual(summary.refused, 10)
                continue
            }
            XCTAssertTrue(error?.contains("table artists") == true, error ?? "none")
            XCTAssertEqual(summary.refused, 0)
            XCTAssertEqual(try store.objects(Self.staged).count, 11)
            XCTAssertEqual(try store.objects(Self.refused), [])
            XCTAssertEqual(try store.objects(Self.loads).count, 3, "the manifests of the load stay")
            // Other objects are still loaded, so nothing accumulates.
            try await stage(EventText(payloads: [Sample.sale], from: 60))
            let again = try await load()
            XCTAssertNotNil(again.error)
            XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.ticket_sales"), [["1"]])
            XCTAssertEqual(try store.objects(Self.loads).count, 3)
            try warehouse.sql("ALTER TABLE concert_dw.artists ALTER COLUMN artist_id TYPE VARCHAR(100)")
            let (last, none) = try await load()
            XCTAssertNil(none)
            XCTAssertEqual(last.refused, 0)
            XCTAssertEqual(try artists().count, 11)
            try assertClean()
        }
    }

    func testAtMostAHundredObjectsAreMovedByOneInvocation() async throws {
        let keys = try await stageArtists(104)
        for key in keys.dropFirst() { try store.put(key, Array("x".utf8)) }
        let (summary, error) = try await load()
        XCTAssertTrue(error?.contains("100 objects were rejected and moved") == true, error ?? "none")
        XCTAssertEqual(summary.refused, 100)
        XCTAssertEqual(try store.objects(Self.refused).count, 100)
        XCTAssertGreaterThan(try store.objects(Self.loads).count, 0)
        let (rest, none) = try await load()
        XCTAssertNil(none)
        XCTAssertEqual(rest.refused, 3)
        try assertClean()
        XCTAssertEqual(try artists().count, 1)
    }

    func testUnconfirmedMoveFailsTheLoad() async throws {
        let keys = try await stageArtists(3)
        try store.put(keys[1], Array("x".utf8))
        for fault in [ObjectStore.Fault.late, .error] {
            try store.add(fault, of: "CopyObject")
            let (summary, error) = try await load()
            XCTAssertTrue(error?.contains("s3 CopyObject") == true, error ?? "none")
            XCTAssertEqual(summary.refused, 0)
            XCTAssertEqual(try store.objects(Self.staged).map(\.key), [keys[1]])
        }
        try store.add(.lost, of: "CopyObject")
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual(summary.refused, 1)
        try assertClean()
    }

    func testOtherLayoutsAndTablesStayAndOlderLayoutsAreLoaded() async throws {
        let own = WarehouseTable.artists.layout
        let columns = WarehouseTable.artists.columns.count
        let day = "2026/11/09/04/"
        let cases: [(folder: String, isLoaded: Bool)] = [
            ("artists/\(own)/\(day)", true), ("artists/\(columns - 1)-00000000/\(day)", true),
            ("artists/3-x/\(day)", true),
            ("artists/\(columns)-00000000/\(day)", false), ("artists/\(columns + 1)-00000000/\(day)", false),
            ("promoters/5-00000000/\(day)", false), ("artists/\(own)/2026/11/09/", false), ("artists/x/\(day)", false),
            ("artists/\(own)/\(day)more/", false), ("artists/999999999999999999999-0/\(day)", false),
        ]
        for (index, row) in cases.enumerated() {
            try store.put(
                "\(Self.staged)\(row.folder)x\(index).ndjson.gz", gzip(#"{"artist_id":"\#(index)","name":"n"}"#))
        }
        let others = ["artists/\(own)/\(day)note.txt", "readme", "artists/\(own)/\(day)a b.ndjson.gz"]
        for other in others { try store.put(Self.staged + other, []) }
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual(try artists(), ["0 n", "1 n", "2 n"])
        XCTAssertEqual(summary.remaining, 10)
        XCTAssertEqual(try store.objects(Self.staged).count, 10)
        let errors = lines.objects.filter { $0["level"] as? String == "ERROR" }
        XCTAssertEqual(errors.compactMap { $0["objects"] as? Int }, [10])
        let before = try warehouse.calls().total
        let again = try await load()
        XCTAssertNil(again.error)
        XCTAssertEqual(try warehouse.calls().total, before, "what cannot be loaded does not wake the warehouse")
    }

    func testManifestsWithForeignObjectsAreIgnored() async throws {
        let cases: [(text: String, line: UInt)] = [
            (
                #"{"entries":[{"url":"s3://other/redshift-staged/wg/dev/concert_dw/artists/x","mandatory":true}]}"#,
                #line
            ),
            (#"{"entries":[{"url":"s3://staging/private/x","mandatory":true}]}"#, #line),
            (#"{"entries":[{"url":"s3://staging/redshift-staged/wg/dev/other/x","mandatory":true}]}"#, #line),
            (
                #"{"entries":[{"url":"s3://staging/redshift-staged/wg/dev/concert_dw/../../x","mandatory":true}]}"#,
                #line
            ),
            (#"{"entries":[{"mandatory":true}]}"#, #line), (#"{"entries":{}}"#, #line), ("", #line), ("[1]", #line),
        ]
        for (text, line) in cases {
            try setUpWithError()
            try await stageArtists(1)
            for key in ["private/x", "redshift-staged/wg/dev/other/x"] { try store.put(key, [1]) }
            let key = "\(Self.loads)20260101-x/artists.manifest"
            try store.put(key, Array(text.utf8))
            let isCommitted = line % 2 == 0
            if isCommitted { try warehouse.sql("INSERT INTO concert_dw.loads (load_id) VALUES ('20260101-x')") }
            let (_, error) = try await load()
            XCTAssertTrue(error?.contains("aws s3 rm s3://staging/\(key)") == true, error ?? "none", line: line)
            XCTAssertEqual(try store.objects(Self.loads).map(\.key), [key], line: line)
            XCTAssertEqual(try store.objects().count, 3, "own objects are loaded, others are not deleted", line: line)
            XCTAssertEqual(try artists().count, 1, line: line)
        }
    }

    func testTargetsInOneBucketAreIndependent() async throws {
        let other = try stagedSettings(schema: "other")
        let schema = WarehouseSchema(other)
        for statement in [schema.creation, schema.writeLockCreation, schema.loadsCreation] {
            try warehouse.sql(statement)
        }
        for table in EntityCatalog.builtIn.tables {
            try warehouse.sql(String(schema.creation(of: table).split(separator: " DISTSTYLE")[0]))
        }
        try await stageArtists(2)
        try await stage(EventText(payloads: [Sample.artist("z")], from: 90), other)
        let count = try store.objects().count
        XCTAssertEqual(count, 3)
        let (first, error) = try await load(other)
        XCTAssertNil(error)
        XCTAssertEqual([first.objects, first.remaining], [1, 0])
        XCTAssertEqual(try store.objects(Self.staged).count, 2)
        XCTAssertEqual(try artists(), [])
        let (second, none) = try await load()
        XCTAssertNil(none)
        XCTAssertEqual(second.objects, 2)
        XCTAssertEqual(try warehouse.sql("SELECT artist_id FROM other.artists"), [["z"]])
        XCTAssertEqual(try store.objects().count, 0)
    }

    func testTargetsOfDifferentWarehousesDiffer() throws {
        let cases: [(warehouse: RedshiftSettings.Warehouse, database: String, path: String, line: UInt)] = [
            (.workgroup("wg"), "dev", "wg/dev/concert_dw/", #line),
            (.cluster("cl"), "d v", "cl/d%20v/concert_dw/", #line),
            (
                .workgroup("arn:aws:redshift-serverless:us-east-1:1:workgroup/id-1"), "a/b", "id-1/a%2Fb/concert_dw/",
                #line
            ),
        ]
        for (warehouse, database, path, line) in cases {
            var settings = try stagedSettings()
            (settings.warehouse, settings.database) = (warehouse, database)
            XCTAssertEqual(StagedTarget(settings)?.staged, "redshift-staged/\(path)", line: line)
            XCTAssertEqual(StagedTarget(settings)?.refused, "redshift-refused/\(path)", line: line)
        }
    }
}
