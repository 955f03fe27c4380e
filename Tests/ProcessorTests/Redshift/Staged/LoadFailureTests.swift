import Clients
import Foundation
import Synchronization
import TestSupport
import XCTest

@testable import Processor

/// Loads with faults: no row is lost or replaced by an older version.
final class LoadFailureTests: StagedTestCase {
    /// Stages an older and a newer version of some keys in several objects, over a stored one.
    private func stageVersions() async throws {
        try warehouse.sql(
            "INSERT INTO concert_dw.artists (artist_id, name, updated_at, sequence_number, shard_id) VALUES "
                + "('a', 'stored', '2026-11-09 04:30:00', '500', 'concerts/shardId-000000000007'), ('b', 'old', NULL, NULL, NULL)"
        )
        for (number, id) in [(1, "a"), (2, "b"), (3, "c"), (4, "b")] {
            try await stage(
                EventText(payloads: [#"{"artist_id":"\#(id)","name":"n\#(number)"}"#, Sample.venue], from: number * 10))
        }
    }

    private static let expected = ["a stored", "b n4", "c n3"]

    func testLoaderCrashAtAnyStepLosesNothing() async throws {
        try await stageVersions()
        let clean = Steps()
        let (_, error) = try await load(stagedSettings(limit: 5), clean)
        XCTAssertNil(error)
        XCTAssertGreaterThan(clean.count, 20)
        XCTAssertEqual(try artists(), Self.expected)
        for step in 1...clean.count {
            for ending in [Steps.Ending.before(step), .after(step)] {
                try setUpWithError()
                try await stageVersions()
                let killed = try await load(stagedSettings(limit: 5), Steps(ending))
                if step < clean.count { XCTAssertNotNil(killed.error, "\(ending)") }
                let (summary, error) = try await load()
                XCTAssertNil(error, "\(ending)")
                XCTAssertEqual(summary.refused, 0, "\(ending)")
                XCTAssertEqual(try artists(), Self.expected, "\(ending)")
                XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.venues"), [["1"]], "\(ending)")
                try assertClean("\(ending)")
                let names = try warehouse.sql("SELECT count(*), count(DISTINCT load_id) FROM concert_dw.loads")[0]
                XCTAssertEqual(names[0], names[1], "\(ending)")
            }
        }
    }

    func testSecondLoaderCrashAtAnyStepLosesNothing() async throws {
        // The first loader dies after the transaction, before it deletes anything.
        let transaction = try await numberOfCall("BatchExecuteStatement", occurrence: 1)
        for step in 1...12 {
            try setUpWithError()
            try await stageVersions()
            _ = try await load(nil, Steps(.after(transaction)))
            _ = try await load(nil, Steps(.before(step)))
            let (_, error) = try await load()
            XCTAssertNil(error, "\(step)")
            XCTAssertEqual(try artists(), Self.expected, "\(step)")
            try assertClean("\(step)")
        }
    }

    /// The number of a call in a load of ``stageVersions()``.
    private func numberOfCall(_ operation: String, occurrence: Int) async throws -> Int {
        try setUpWithError()
        try await stageVersions()
        let numbers = Numbers()
        _ = try await load(
            nil,
            Steps(hook: { number, request in
                if request.headers.contains(where: { $0.value == "RedshiftData.\(operation)" }) { numbers.add(number) }
            }))
        return try XCTUnwrap(numbers.all.dropFirst(occurrence - 1).first)
    }

    private final class Numbers: Sendable {
        private let numbers = Mutex<[Int]>([])
        var all: [Int] { numbers.withLock { $0 } }
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    }

    func testLoadsRowDecidesWhetherALoadIsRepeated() async throws {
        try await stageVersions()
        let count = try await numberOfCall("GetStatementResult", occurrence: 1)
        try setUpWithError()
        try await stageVersions()
        // Committed, but not cleaned up.
        _ = try await load(nil, Steps(.before(count)))
        XCTAssertEqual(try store.objects(Self.staged).count, 8)
        XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.loads"), [["1"]])
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual(summary, LoadSummary(), "its objects are deleted without another load")
        XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.loads"), [["1"]])
        try assertClean()
    }

    func testNextLoaderWaitsForARunningStatement() async throws {
        try await stageVersions()
        try warehouse.add(.slow, of: "BatchExecuteStatement", milliseconds: 1500, statement: 3)
        let killed = try await load(nil, within: .milliseconds(900))
        XCTAssertNotNil(killed.error)
        // The transaction holds the lock, so the next loader sees its row.
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual(summary.loads, 0)
        XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.loads"), [["1"]])
        XCTAssertEqual(try artists(), Self.expected)
        try assertClean()
    }

    func testConcurrentLoadersLoadEverythingOnce() async throws {
        for round in 1...6 {
            try setUpWithError()
            try await stageVersions()
            if round % 2 == 0 {
                try warehouse.add(.slow, of: "BatchExecuteStatement", times: 2, milliseconds: 200, statement: 1)
            }
            let settings = try stagedSettings(limit: round)
            let clients = [client(), client()]
            let errors = await withTaskGroup(of: String?.self) { group in
                for client in clients {
                    group.addTask { [lines] in
                        let context = InvocationContext(
                            requestID: "r", functionName: "f", deadline: .now + .seconds(60))
                        let run = LoadRun(
                            settings: settings, aws: client, context: context, log: .init(level: .info, sink: lines),
                            report: { _ in })
                        guard let run else { return "no bucket" }
                        do { try await run.run() } catch { return "\(error)" }
                        return nil
                    }
                }
                var errors: [String] = []
                for await error in group { if let error { errors.append(error) } }
                return errors
            }
            XCTAssertEqual(errors, [], "round \(round)")
            let (_, error) = try await load()
            XCTAssertNil(error)
            XCTAssertEqual(try artists(), Self.expected, "round \(round)")
            try assertClean("round \(round)")
        }
    }

    func testMissingManifestEntriesAreCountedAndTheRestIsLoaded() async throws {
        let keys = try await stageArtists(3)
        let entries = (keys + [keys[0].replacing("-1-1-", with: "-7-7-")]).map {
            #"{"url":"s3://staging/\#($0)","mandatory":true}"#
        }
        try store.put(
            "\(Self.loads)20260101-x/artists.manifest", Array(#"{"entries":[\#(entries.joined(separator: ","))]}"#.utf8)
        )
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual([summary.loads, summary.objects, summary.gone], [1, 3, 1])
        let warnings = lines.objects.filter { $0["level"] as? String == "WARN" }
        XCTAssertEqual(warnings.compactMap { $0["objects"] as? Int }, [1])
        XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.loads WHERE load_id = '20260101-x'"), [["0"]])
        try assertClean()
    }

    func testObjectsDeletedDuringALoadAreSkipped() async throws {
        let keys = try await stageArtists(3)
        let cases: [(gone: String, line: UInt)] = [("object", #line), ("manifest", #line), ("all", #line)]
        for (gone, line) in cases {
            try setUpWithError()
            try await stageArtists(3)
            let store = try XCTUnwrap(store)
            let calls = Numbers()
            let steps = Steps(hook: { _, request in
                guard request.headers.contains(where: { $0.value == "RedshiftData.BatchExecuteStatement" }) else {
                    return
                }
                calls.add(1)
                guard calls.all.count == 1 else { return }
                try store.remove(gone == "object" ? keys[1] : gone == "manifest" ? Self.loads : Self.staged)
            })
            let (summary, error) = try await load(nil, steps)
            XCTAssertNil(error, line: line)
            XCTAssertEqual(summary.gone, ["object": 1, "manifest": 0, "all": 3][gone], line: line)
            let count = ["object": "2", "manifest": "3", "all": "0"][gone]
            XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.artists"), [[count]], line: line)
            try assertClean(gone, line: line)
        }
    }

    func testUndeletedKeysFailTheLoadAndTheNextOneFinishesIt() async throws {
        try await stageArtists(3)
        try store.add(.keys, of: "DeleteObjects", times: -1, code: "AccessDenied", count: 1)
        let (_, error) = try await load()
        XCTAssertTrue(
            error?.contains("are not deleted") == true && error?.contains("AccessDenied") == true, error ?? "none")
        XCTAssertEqual(try store.objects(Self.staged).count, 1)
        XCTAssertEqual(try store.objects(Self.loads).count, 1)
        let objects = try store.objects()
        try store.reset()
        for object in objects { try store.put(object.key, object.body) }
        let (summary, second) = try await load()
        XCTAssertNil(second)
        XCTAssertEqual(summary.loads, 0)
        try assertClean()
    }

    func testOtherErrorsMoveNothing() async throws {
        let cases: [(message: String, word: String, line: UInt)] = [
            ("permission denied for relation artists", "grant", #line), ("something unknown", "unknown", #line),
            ("S3ServiceException:Access Denied,Status 403", "REDSHIFT_COPY_ROLE_ARN", #line),
            ("disk full: value too long for type character varying(1)", "disk full", #line),
        ]
        try await stageArtists(2)
        for (message, word, line) in cases {
            try warehouse.add(.fails, of: "BatchExecuteStatement", times: 2, message: message, statement: 3)
            let (summary, error) = try await load()
            XCTAssertTrue(error?.contains(word) == true, error ?? "none", line: line)
            XCTAssertEqual(summary.refused, 0, line: line)
            XCTAssertEqual(try store.objects(Self.staged).count, 2, line: line)
            XCTAssertEqual(try store.objects(Self.loads).count, 1, "manifests do not pile up", line: line)
            try warehouse.set(["isolation": "repeatable read"])
        }
        try warehouse.sql("DROP TABLE concert_dw.loads")
        let missing = try await load()
        XCTAssertTrue(missing.error?.contains("concertctl warehouse init") == true, missing.error ?? "none")
    }

    func testConflictsAreRepeated() async throws {
        try await stageArtists(2)
        try warehouse.add(
            .fails, of: "BatchExecuteStatement", times: 2,
            message: "1023 DETAIL: Serializable isolation violation on table - 1", statement: 3)
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual(summary.loads, 1)
        try assertClean()
    }

    func testThrottledAndLostCallsAreRepeated() async throws {
        try await stageArtists(4)
        for fault in [ObjectStore.Fault.throttle, .internalError, .drop, .lost] {
            for operation in ["PutObject", "ListObjectsV2", "DeleteObjects"] {
                try store.add(fault, of: operation)
            }
        }
        for fault in [Warehouse.Fault.throttle, .internalError, .drop, .lost] {
            for operation in ["BatchExecuteStatement", "DescribeStatement", "GetStatementResult"] {
                try warehouse.add(fault, of: operation)
            }
        }
        var loads = 0
        for _ in 0..<12 {
            loads += try await load().summary.loads
            if try store.objects().isEmpty { break }
        }
        XCTAssertEqual(try artists().count, 4)
        try assertClean()
    }
}
