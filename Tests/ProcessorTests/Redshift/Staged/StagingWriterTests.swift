import Basics
import Clients
import Foundation
import TestSupport
import XCTest

@testable import Processor

/// Tests of the staging writer: rows are written to objects, and acknowledged when these are stored.
final class StagingWriterTests: StagedTestCase {
    private static func artist(_ id: String, _ name: String) -> String {
        #"{"artist_id":"\#(id)","name":"\#(name)"}"#
    }

    private func rows(_ object: ObjectStore.Object) throws -> [[String: Any]] {
        var bytes: [UInt8] = []
        try Gzip.inflate(object.body.span, into: &bytes)
        XCTAssertEqual(bytes.last, UInt8(ascii: "\n"))
        return try bytes.split(separator: UInt8(ascii: "\n")).map {
            try XCTUnwrap(JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
    }

    func testLayoutsIdentifyTheColumns() {
        // printf %s 'artist_id VARCHAR(100), name VARCHAR(800), ...' | sha256sum
        let columns = """
            artist_id VARCHAR(100), name VARCHAR(800), genre VARCHAR(2000), popularity_score DECIMAL(5,2), \
            formation_date DATE, members VARCHAR(4000), spotify_id VARCHAR(100), followers BIGINT, source VARCHAR(100), \
            ingestion_timestamp TIMESTAMP, created_at TIMESTAMP, updated_at TIMESTAMP, sequence_number VARCHAR(128), \
            sub_sequence_number INTEGER, shard_id VARCHAR(200)
            """
        XCTAssertEqual(
            WarehouseTable.artists.layout, "15-" + SHA256.digest(of: Array(columns.utf8)).hexadecimal.prefix(8))
        for table in EntityCatalog.builtIn.tables {
            XCTAssertTrue(table.layout.utf8.starts(with: "\(table.columns.count)-".utf8), table.layout)
            XCTAssertEqual(Set(EntityCatalog.builtIn.tables.map(\.layout)).count, 4)
        }
    }

    func testObjectsHaveTheNewestVersionOfEachKey() async throws {
        let event = EventText(
            payloads: [
                Self.artist("a", "old"), Sample.sale, Self.artist("b", "é"), Self.artist("a", "new"), Sample.venue,
            ], from: 10)
        let first = try await stage(event)
        XCTAssertEqual(first, Array(repeating: .succeeded, count: 5))
        let objects = try store.objects()
        // 1,794,198,010 s are 2026-11-09T04:20:10Z.
        let artists = try XCTUnwrap(objects.first)
        let prefix =
            "\(Self.staged)artists/\(WarehouseTable.artists.layout)/2026/11/09/04/"
            + "concerts-shardId-000000000007-10-13-"
        XCTAssertTrue(artists.key.hasPrefix(prefix), artists.key)
        XCTAssertNotNil(artists.key.dropFirst(prefix.count).wholeMatch(of: /[0-9a-f]{32}\.ndjson\.gz/), artists.key)
        XCTAssertEqual(
            objects.map { $0.key.split(separator: "/")[4] }, ["artists", "ticket_sales", "venues"])
        XCTAssertTrue(objects[1].key.contains("-11-11-"), objects[1].key)
        let rows = try rows(artists)
        XCTAssertEqual(rows.compactMap { $0["name"] as? String }, ["new", "é"])
        XCTAssertEqual(rows.compactMap { $0["sequence_number"] as? String }, ["13", "12"])
        XCTAssertEqual(rows[0]["created_at"] as? String, "2026-11-09 04:20:10.5")
        XCTAssertEqual(rows[0]["updated_at"] as? String, "2026-11-09 04:20:13.5")
        XCTAssertEqual(rows[0]["shard_id"] as? String, "concerts/shardId-000000000007")

        let second = try await stage(event)
        XCTAssertEqual(second, first)
        XCTAssertEqual(try store.objects(), objects, "the same rows give the same keys and bytes")
        let other = try await stage(EventText(payloads: [Self.artist("a", "other")], from: 10))
        XCTAssertEqual(other, [.succeeded])
        XCTAssertEqual(try store.objects().count, 4)
        XCTAssertEqual(try warehouse.calls().total, 0)
    }

    func testHoursAndShardsAreThoseOfTheFirstRecord() async throws {
        let cases: [(arrival: String?, arn: String?, id: String?, part: String, line: UInt)] = [
            ("0.001", "arn:aws:kinesis:us-east-1:1:stream/s", "shardId-1:5", "1970/01/01/00/s-shardId-1-5-5-", #line),
            ("1794198010", "arn:aws:kinesis:us-east-1:1:stream/s/consumer/c:1", "x:5", "2026/11/09/04/s-x-5-5-", #line),
            (nil, nil, nil, "0000/00/00/00/stream-shard-5-5-", #line),
            ("999999999999", nil, "a/../b:5", "0000/00/00/00/stream-a-..-b-5-5-", #line),
        ]
        for (arrival, arn, id, part, line) in cases {
            try store.reset()
            var record = EventText.Record(Sample.artist("a"), "5")
            (record.arrival, record.streamARN, record.eventID) = (arrival, arn, id)
            let outcomes = try await stage(EventText([record]))
            XCTAssertEqual(outcomes, [.succeeded], line: line)
            let key = try XCTUnwrap(try store.objects().first?.key)
            XCTAssertTrue(
                key.hasPrefix("\(Self.staged)artists/\(WarehouseTable.artists.layout)/\(part)"), key, line: line)
            let target = try XCTUnwrap(StagedTarget(stagedSettings()))
            guard case .rows(let object) = target.content(of: key, layouts: .ofAllTables) else {
                XCTFail("\(key) is not found again", line: line)
                continue
            }
            XCTAssertEqual(object.table, .artists)
        }
    }

    func testEachShardAndStreamHasItsOwnObject() async throws {
        let records = (1...6).map { number in
            var record = EventText.Record(Sample.artist("a"), "\(number)")
            record.eventID = "shardId-\(number % 2):\(number)"
            record.streamARN = "arn:aws:kinesis:us-east-1:1:stream/s\(number / 4)"
            return record
        }
        let outcomes = try await stage(EventText(records))
        XCTAssertEqual(Set(outcomes.map { "\($0)" }), ["succeeded"])
        let names = try store.objects().compactMap {
            $0.key.split(separator: "/").last?.split(separator: "-").dropLast()
        }
        XCTAssertEqual(
            names.map { $0.joined(separator: "-") },
            ["s0-shardId-0-2-2", "s0-shardId-1-1-3", "s1-shardId-0-4-6", "s1-shardId-1-5-5"])
    }

    func testRecordSucceedsOnlyWhenItsObjectIsStored() async throws {
        let cases: [(fault: ObjectStore.Fault, times: Int, isStored: Bool, line: UInt)] = [
            (.throttle, 1, true, #line), (.internalError, 1, true, #line), (.drop, 1, true, #line),
            (.lost, 1, true, #line), (.noETag, 1, false, #line), (.error, 1, false, #line),
            (.throttle, -1, false, #line), (.drop, -1, false, #line),
        ]
        for (fault, times, isStored, line) in cases {
            try store.reset()
            try store.add(fault, of: "PutObject", times: times, contains: "/artists/")
            let outcomes = try await stage(EventText(payloads: [Sample.artist("a"), Sample.venue, Sample.artist("b")]))
            XCTAssertEqual(outcomes[1], .succeeded, line: line)
            for outcome in [outcomes[0], outcomes[2]] {
                if isStored {
                    XCTAssertEqual(outcome, .succeeded, line: line)
                } else {
                    guard case .retryable(let reason) = outcome else {
                        XCTFail("\(outcome)", line: line)
                        continue
                    }
                    XCTAssertTrue(reason.contains("s3 PutObject"), reason, line: line)
                }
            }
            XCTAssertEqual(try store.objects().count, isStored ? 2 : 1, line: line)
        }
    }

    func testValuesThatNoColumnAcceptsAreRejectedAsInDirectMode() async throws {
        let long = String(repeating: "x", count: 101)
        let event = EventText(payloads: [
            Sample.artist("a"), Sample.artist(long), #"{"artist_id":"b","name":"n","followers":1}"#,
            #"{"artist_id":"c","name":"n","spotify_id":"\#(long)"}"#, Sample.concert,
        ])
        let staged = try await stage(event)
        let direct = try await write(event, by: writer())
        XCTAssertEqual(staged, direct)
        XCTAssertEqual(staged.filter { $0 == .succeeded }.count, 3)
        XCTAssertEqual(try store.objects().count, 2)
    }

    func testObjectsOfABatchAreWrittenConcurrently() async throws {
        let event = EventText(payloads: [Sample.artist("a"), Sample.concert, Sample.venue, Sample.sale])
        let batch = try RecordBatch(decoding: event)
        let gate = Steps(hook: { _, _ in })
        let made = (0..<4).map { _ in client(gate) }
        let clients = ClientList(made)
        let writer = StagingWriter(target: try XCTUnwrap(StagedTarget(stagedSettings()))) { clients.next() }
        for _ in 0..<2 {
            var outcomes = RecordOutcomes(count: batch.records.count)
            await writer.process(
                batch, context: InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(60)),
                outcomes: &outcomes)
            XCTAssertEqual(outcomes.failures, 0)
        }
        XCTAssertEqual(gate.count, 8)
        XCTAssertGreaterThan(clients.taken, 1, "one at a time needs one client")
        XCTAssertLessThanOrEqual(clients.taken, 4, "connections are used again")
    }
}

/// A factory that counts clients.
private final class ClientList: @unchecked Sendable {
    private let lock = NSLock()
    private let clients: [AWSClient]
    private(set) var taken = 0

    init(_ clients: [AWSClient]) { self.clients = clients }

    func next() -> AWSClient {
        lock.withLock {
            taken += 1
            return clients[taken - 1]
        }
    }
}
