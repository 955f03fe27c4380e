import TestSupport
import XCTest

@testable import Processor

/// Tests of writing records, and of redelivered records.
final class RedshiftWriterTests: WarehouseTestCase {
    private func artist(_ id: String, _ name: String) -> String { #"{"artist_id":"\#(id)","name":"\#(name)"}"# }

    /// A record with its version.
    private func record(
        _ payload: String, _ sequence: String, arrival: String?, shard: String? = nil
    ) -> EventText.Record {
        var record = EventText.Record(payload, sequence)
        record.arrival = arrival
        record.eventID = shard.map { "\($0):\(sequence)" }
        return record
    }

    func testKeepsOneNewestRowPerKeyInAnyOrder() async throws {
        let first = EventText(payloads: [artist("a", "1"), artist("b", "2"), artist("a", "3")])
        let second = EventText(payloads: [artist("a", "4"), artist("b", "5")], from: 4)
        for event in [first, first, second, first, second] {
            let outcomes = try await write(event, by: writer())
            XCTAssertEqual(outcomes, event.records.map { _ in .succeeded })
        }
        XCTAssertEqual(
            try warehouse.sql(
                "SELECT artist_id, name, created_at, updated_at, sequence_number FROM concert_dw.artists ORDER BY 1"),
            [
                ["a", "4", "2026-11-09 04:20:01.500000", "2026-11-09 04:20:04.500000", "4"],
                ["b", "5", "2026-11-09 04:20:02.500000", "2026-11-09 04:20:05.500000", "5"],
            ])
    }

    func testWithoutAShardVersionsAreComparedByArrivalThenByNumber() async throws {
        // A case: the stored version, the new version, and whether the new one is newer.
        let versions: [(stored: (String?, String), coming: (String?, String), isNewer: Bool, line: UInt)] = [
            (("100", "9"), ("101", "1"), true, #line), (("101", "1"), ("100", "9"), false, #line),
            (("100", "9"), ("100", "10"), true, #line), (("100", "10"), ("100", "9"), false, #line),
            (("100", "98"), ("100", "99"), true, #line), (("100", "99"), ("100", "98"), false, #line),
            (("100", "9"), ("100", "9"), true, #line), ((nil, "9"), ("100", "1"), true, #line),
            (("100", "1"), (nil, "9"), false, #line), ((nil, "9"), (nil, "10"), true, #line),
            ((nil, "10"), (nil, "9"), false, #line),
        ]
        for version in versions {
            try setUpWithError()
            _ = try await write(
                EventText([record(artist("a", "stored"), version.stored.1, arrival: version.stored.0)]), by: writer())
            _ = try await write(
                EventText([record(artist("a", "coming"), version.coming.1, arrival: version.coming.0)]), by: writer())
            XCTAssertEqual(
                try column("name", of: .artists), [version.isNewer ? "coming" : "stored"], line: version.line)
        }
        // The same in one batch, in which the later record of two equal versions is used.
        for version in versions where version.stored.1 != version.coming.1 {
            try setUpWithError()
            _ = try await write(
                EventText([
                    record(artist("a", "stored"), version.stored.1, arrival: version.stored.0),
                    record(artist("a", "coming"), version.coming.1, arrival: version.coming.0),
                ]), by: writer())
            XCTAssertEqual(
                try column("name", of: .artists), [version.isNewer ? "coming" : "stored"], line: version.line)
        }
    }

    func testForeignRowsWithoutAVersionAreOldest() async throws {
        try warehouse.sql(
            "INSERT INTO concert_dw.artists (artist_id, name, created_at) VALUES ('a', 'old', '2020-01-01')")
        _ = try await write(EventText([record(artist("a", "new"), "1", arrival: nil)]), by: writer())
        XCTAssertEqual(try column("name", of: .artists), ["new"])
        XCTAssertEqual(try column("created_at", of: .artists), ["2020-01-01 00:00:00"])
    }

    func testOversizedValuesAreRejectedAndNeverTruncated() async throws {
        let e = String(repeating: "é", count: 200)
        let cases: [(payload: String, message: String, line: UInt)] = [
            (artist(String(repeating: "k", count: 101), "n"), "artist.artist_id: ", #line),
            (
                #"{"artist_id":"x","name":"n","spotify_id":"\#(e)"}"#,
                "artist.spotify_id: \(e.prefix(100))... has 400 bytes; column spotify_id stores at most 100", #line
            ),
            (
                #"{"artist_id":"x","name":"n","genres":["\#(String(repeating: "g", count: 1997))"]}"#,
                "artist.genres: ", #line
            ),
            (
                #"{"concert_id":"x","event_date":"2026-01-01","revenue":999999999999.995}"#,
                "concert.revenue: 999999999999.995 does not fit in column revenue, whose type is DECIMAL(14,2)", #line
            ),
            (
                #"{"sale_id":"x","concert_id":"c","ticket_tier":"t","quantity":1,"unit_price":1e8,"purchase_timestamp":"2026-01-01"}"#,
                "ticket_sale.unit_price: 1e8 does not fit in column unit_price", #line
            ),
        ]
        for (payload, message, line) in cases {
            let outcomes = try await write(
                EventText(payloads: [artist("before", "n"), payload, artist("after", "n")]), by: writer())
            XCTAssertEqual(outcomes[0], .succeeded, line: line)
            XCTAssertEqual(outcomes[2], .succeeded, line: line)
            guard case .rejected(let error) = outcomes[1] else {
                XCTFail("\(outcomes[1])", line: line)
                continue
            }
            XCTAssertEqual(error.reason, .range, line: line)
            XCTAssertTrue(error.message.hasPrefix(message), error.message, line: line)
        }
        XCTAssertEqual(try column("artist_id", of: .artists), ["after", "before"])
        XCTAssertEqual(try column("concert_id", of: .concerts), [])
    }

    func testKeysAreComparedByBytes() async throws {
        let outcomes = try await write(
            EventText(payloads: [artist("e\u{301}", "1"), artist("\u{E9}", "2"), artist("E", "3"), artist("e", "4")]),
            by: writer())
        XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 4))
        XCTAssertEqual(
            try warehouse.sql("SELECT LENGTH(artist_id), name FROM concert_dw.artists ORDER BY name"),
            [["2", "1"], ["1", "2"], ["1", "3"], ["1", "4"]])
    }

    func testValuesOfMaximumLengthAreStored() async throws {
        let name = String(repeating: "🎸", count: 200)
        let outcomes = try await write(
            EventText(payloads: [
                artist(String(repeating: "k", count: 100), name),
                #"{"artist_id":"g","name":"n","genres":["\#(String(repeating: "g", count: 1996))"],"popularity_score":100}"#,
            ]), by: writer())
        XCTAssertEqual(outcomes, [.succeeded, .succeeded])
        XCTAssertEqual(try column("LENGTH(genre)", of: .artists), ["2000", nil])
    }

    func testSendsTheTraceAndMakesNoCallWithoutRecords() async throws {
        _ = try await write(EventText([]), by: writer())
        XCTAssertEqual(try warehouse.calls().total, 0)
        _ = try await write(EventText(payloads: [artist("a", "n")]), by: writer(), traceID: "Root=1-2-3")
        let calls = try warehouse.calls()
        XCTAssertEqual(calls.traces, Array(repeating: "Root=1-2-3", count: calls.total))
        XCTAssertEqual(calls.calls, ["BatchExecuteStatement": 1])
    }

    func testPollsIfTheServiceDoesNotWait() async throws {
        try warehouse.set(["waits": false])
        try warehouse.add(.slow, of: "BatchExecuteStatement", milliseconds: 200)
        try warehouse.add(.throttle, of: "DescribeStatement", times: 9)
        let outcomes = try await write(EventText(payloads: [artist("a", "n")]), by: writer())
        XCTAssertEqual(outcomes, [.succeeded])
        XCTAssertGreaterThanOrEqual(try warehouse.calls().calls["DescribeStatement"] ?? 0, 10)
    }

    func testConcurrentWritersOfTheSameKeysNeitherDeadlockNorDuplicate() async throws {
        let writer = try writer()
        let batches = try (0..<6).map { number in
            try RecordBatch(
                decoding: EventText(
                    payloads: (0..<40).flatMap { key in
                        [
                            artist("a\((key * (number + 1)) % 41)", "\(number)"),
                            #"{"concert_id":"c\#(key)","event_date":"2026-11-08","name":"\#(number)"}"#,
                        ]
                    }.shuffled(), from: 1 + number * 100))
        }
        await withTaskGroup(of: [RecordOutcome]?.self) { group in
            for batch in batches { group.addTask { try? await Self.write(batch, by: writer) } }
            for await outcomes in group { XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 80)) }
        }
        XCTAssertEqual(try column("concert_id", of: .concerts).count, 40)
        XCTAssertEqual(Set(try column("name", of: .concerts)), ["5"])
        XCTAssertEqual(try column("artist_id", of: .artists).count, Set(try column("artist_id", of: .artists)).count)
    }
}
