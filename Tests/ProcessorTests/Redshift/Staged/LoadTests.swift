import Clients
import Foundation
import TestSupport
import XCTest

@testable import Processor

/// Loads without faults.
final class LoadTests: StagedTestCase {
    func testLoadCopiesAllTables() async throws {
        try await stage(EventText(payloads: [Sample.artist("a"), Sample.concert, Sample.venue, Sample.sale]))
        try await stage(EventText(payloads: [Sample.artist("b"), Sample.artist("c")], from: 10))
        let (summary, error) = try await load()
        XCTAssertNil(error)
        var expected = LoadSummary()
        (expected.loads, expected.objects, expected.rows) = (1, 5, 6)
        XCTAssertEqual(summary, expected)
        for (table, count) in [("artists", 3), ("concerts", 1), ("venues", 1), ("ticket_sales", 1)] {
            XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.\(table)"), [["\(count)"]], table)
        }
        let loads = try warehouse.sql(
            "SELECT load_id, object_count, row_count, loaded_at > now() - interval '1 hour' FROM concert_dw.loads")
        XCTAssertEqual(loads.count, 1)
        XCTAssertEqual(Array(loads[0].dropFirst()), ["5", "6", "True"])
        try assertClean()
        XCTAssertLessThanOrEqual(try warehouse.calls().largest.count, 40)
        let line = try XCTUnwrap(lines.objects.first { $0["message"] as? String == "load committed" })
        XCTAssertEqual(line["level"] as? String, "INFO")
        XCTAssertEqual(line["load"] as? String, loads[0][0])
        XCTAssertEqual(line["rows"] as? Int, 6)
    }

    func testRedeliveredOldRecordsChangeNothing() async throws {
        func record(_ name: String, _ sequence: String, shard: String = "shardId-000000000007", arrival: Int = 0)
            -> EventText.Record
        {
            var record = EventText.Record(#"{"artist_id":"a","name":"\#(name)"}"#, sequence)
            record.eventID = "\(shard):\(sequence)"
            record.arrival = "\(1_794_198_000 + arrival)"
            return record
        }
        try await stage(EventText([record("new", "200", arrival: 50)]))
        try await load()
        let before = try warehouse.sql("SELECT * FROM concert_dw.artists")
        XCTAssertEqual(before.count, 1)
        let subSequence = { (sequence: String) -> EventText.Record in
            var old = record("old", sequence)
            old.subSequenceNumber = "3"
            return old
        }
        // Within a shard the sequence number decides, regardless of the arrival; across shards the arrival does.
        let redelivered = [
            record("old", "100", arrival: 99), subSequence("150"), record("old", "900", shard: "shardId-000000000001"),
        ]
        for old in redelivered {
            let outcomes = try await stage(EventText([old], before: #""redelivery":true,"#))
            XCTAssertEqual(outcomes, [.succeeded], old.sequenceNumber)
        }
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual([summary.objects, summary.rows], [3, 3])
        XCTAssertEqual(try warehouse.sql("SELECT * FROM concert_dw.artists"), before)
        // Newer versions are written.
        try await stage(EventText([record("newer", "201")], before: #""redelivery":true,"#))
        try await load()
        XCTAssertEqual(try artists(), ["a newer"])
        try assertClean()
    }

    func testNothingStagedMakesNoCallToRedshift() async throws {
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual(summary, LoadSummary())
        XCTAssertEqual(try warehouse.calls().total, 0)
        guard case .staged(0, 0) = try XCTUnwrap(progress.all.first) else { return XCTFail("\(progress.all)") }
        XCTAssertEqual(progress.all.count, 1)
    }

    func testManyObjectsAreListedInPagesAndLoadedOldestHourFirst() async throws {
        try store.set(["pageSize": 2])
        // Later sequence numbers have earlier hours.
        for index in 0..<5 {
            var record = EventText.Record(index % 2 == 0 ? Sample.artist("a\(index)") : Sample.venue, "\(100 + index)")
            record.arrival = "\(1_794_198_000 - index * 3600)"
            try await stage(EventText([record]))
        }
        try store.age("", seconds: 100)
        let (summary, error) = try await load(stagedSettings(limit: 2))
        XCTAssertNil(error)
        XCTAssertEqual([summary.loads, summary.objects, summary.rows, summary.remaining], [3, 5, 5, 0])
        try assertClean()
        let counts = try warehouse.sql("SELECT object_count FROM concert_dw.loads ORDER BY loaded_at, load_id")
        XCTAssertEqual(counts.compactMap(\.first), ["2", "2", "1"])
        // The first load had a4 and the venue of the second-oldest hour.
        let first = try warehouse.sql("SELECT artist_id FROM concert_dw.artists ORDER BY xmin::text::bigint LIMIT 1")
        XCTAssertEqual(first, [["a4"]])
        let ages = progress.all.compactMap { if case .staged(_, let seconds) = $0 { seconds } else { nil } }
        XCTAssertEqual(ages.count, 4, "at the start and after each load")
        XCTAssertGreaterThanOrEqual(try XCTUnwrap(ages.first), 100)
        XCTAssertEqual(ages.last, 0)
    }

    func testObjectsStagedDuringARunAreLeftToTheNextOne() async throws {
        try await stageArtists(1)
        try store.age("", seconds: 60)
        let store = try XCTUnwrap(store)
        let key = try XCTUnwrap(store.objects().first?.key)
        let body = try XCTUnwrap(store.objects().first?.body)
        let late = key.replacing("-1-1-", with: "-2-2-")
        let steps = Steps(hook: { _, request in
            if request.body.starts(with: #"{"WorkgroupName""#.utf8) { try store.put(late, body) }
        })
        let (summary, error) = try await load(nil, steps)
        XCTAssertNil(error)
        XCTAssertEqual([summary.loads, summary.remaining], [1, 1])
        XCTAssertEqual(try store.objects(Self.staged).map(\.key), [late])
    }

    /// The newest version of each key wins among staged and stored rows, in any order of loads.
    func testTablesHaveTheNewestVersionsInAnyOrderOfLoads() async throws {
        struct Version {
            var id, shard: String
            var number, arrival: Int
            var subSequence: Int?
        }
        for seed in 1...4 as ClosedRange<UInt64> {
            try setUpWithError()
            var random = SeededGenerator(seed: seed)
            var versions: [Version] = []
            var clocks = [1_794_198_000, 1_794_198_000, 1_794_198_000]
            for number in 1...60 {
                let shard = Int.random(in: 0..<3, using: &random)
                clocks[shard] += Int.random(in: 0...2, using: &random)
                versions.append(
                    Version(
                        id: "k\(Int.random(in: 10..<20, using: &random))", shard: "shardId-\(shard)",
                        number: 95 + number, arrival: clocks[shard]))
            }
            var expected: [String: (name: String, created: Int)] = [:]
            for id in Set(versions.map(\.id)) {
                let own = versions.filter { $0.id == id }
                let newest = try XCTUnwrap(
                    RecordVersion.newest(
                        of: own.map {
                            RecordVersion(
                                arrival: Int64($0.arrival) * 1000,
                                sequenceNumber: SequenceNumber("\($0.number)") ?? .zero,
                                shard: Array("concerts/\($0.shard)".utf8))
                        }))
                expected[id] = ("n\(own[newest].number)", own.map(\.arrival).min() ?? 0)
            }
            // The records of each shard are in order; shards are in any order; some are repeated, some written directly.
            let batches = (0..<3).flatMap { shard in
                stride(from: 0, to: 60, by: 7).map { start in
                    versions[start..<min(60, start + 7)].filter { $0.shard == "shardId-\(shard)" }
                }
            }.filter { !$0.isEmpty }.shuffled(using: &random)
            for (index, batch) in (batches + batches.prefix(5)).enumerated() {
                let event = EventText(
                    batch.map { version in
                        var record = EventText.Record(
                            #"{"artist_id":"\#(version.id)","name":"n\#(version.number)"}"#, "\(version.number)")
                        (record.arrival, record.eventID) = ("\(version.arrival)", "\(version.shard):1")
                        return record
                    })
                if index % 6 == 1 { try await write(event, by: writer()) } else { try await stage(event) }
                if index % 4 == 3 {
                    let result = try await load(stagedSettings(limit: Int.random(in: 1...9, using: &random)))
                    XCTAssertNil(result.error)
                }
            }
            let result = try await load()
            XCTAssertNil(result.error)
            try assertClean()
            let rows = try warehouse.sql(
                "SELECT artist_id, name, EXTRACT(EPOCH FROM created_at)::bigint FROM concert_dw.artists")
            XCTAssertEqual(rows.count, expected.count)
            for row in rows {
                let found = expected[row[0] ?? ""]
                XCTAssertEqual(row[1], found?.name, "seed \(seed), \(row[0] ?? "")")
                // A direct write may precede the first version; the stored creation is kept then.
                if seed == 0 { XCTAssertEqual(row[2], found.map { "\($0.created)" }) }
            }
        }
    }

    func testCreationIsThatOfTheEarliestRow() async throws {
        for (number, id) in [(5, "a"), (3, "a"), (9, "b"), (4, "b")] {
            try await stage(EventText(payloads: [Sample.artist(id)], from: number))
        }
        try warehouse.sql(
            "INSERT INTO concert_dw.artists (artist_id, created_at) VALUES ('b', '2020-01-01 00:00:00')")
        let (_, error) = try await load()
        XCTAssertNil(error)
        let rows = try warehouse.sql(
            "SELECT artist_id, created_at, sequence_number FROM concert_dw.artists ORDER BY artist_id")
        XCTAssertEqual(
            rows, [["a", "2026-11-09 04:20:03.500000", "5"], ["b", "2020-01-01 00:00:00", "9"]])
    }

    func testStoredRowsAreNotRewritten() async throws {
        let event = EventText(payloads: [Sample.artist("a"), Sample.artist("b")])
        try await stage(event)
        _ = try await load()
        let before = try warehouse.sql("SELECT xmin::text FROM concert_dw.artists")
        try await stage(event)
        let (summary, error) = try await load()
        XCTAssertNil(error)
        XCTAssertEqual(summary.rows, 2)
        XCTAssertEqual(try warehouse.sql("SELECT xmin::text FROM concert_dw.artists"), before)
    }

    func testLoadEventsAreDetected() throws {
        let cases: [(event: String, isLoad: Bool?, line: UInt)] = [
            (#"{"action":"load"}"#, true, #line), (#" { "action" : "\u006coad" } "#, true, #line),
            (#"{"action":"Load"}"#, nil, #line), (#"{"action":""}"#, nil, #line), (#"{"action":null}"#, nil, #line),
            (#"{"action":{"load":1}}"#, nil, #line), (#"{"action":"load","x":1}"#, false, #line),
            (#"{"action":"load","Records":[]}"#, false, #line), (#"{"Records":[]}"#, false, #line),
            (#"{}"#, false, #line), (#"[]"#, false, #line), (#"{"action":"load"#, false, #line), ("", false, #line),
            (#"{"Action":"load"}"#, false, #line),
        ]
        for (event, isLoad, line) in cases {
            let bytes = Array("xx\(event)x".utf8)
            let found = Result { () throws(EventError) in try LoadPipeline.isLoadEvent(bytes, 2..<bytes.count - 1) }
            XCTAssertEqual(try? found.get(), isLoad, event, line: line)
        }
    }
}
