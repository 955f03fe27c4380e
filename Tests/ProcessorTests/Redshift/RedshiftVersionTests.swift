import TestSupport
import XCTest

@testable import Processor

/// Statements compare versions like `RecordVersion`.
final class RedshiftVersionTests: WarehouseTestCase {
    private static let planner = InsertPlanner(statements: UpsertStatements(schema: "\"concert_dw\""))

    private func version(_ arrival: Int64?, _ sequence: String, _ subSequence: Int32?, _ shard: String?) throws
        -> RecordVersion
    {
        RecordVersion(
            arrival: arrival, sequenceNumber: try XCTUnwrap(SequenceNumber(sequence)), subSequenceNumber: subSequence,
            shard: shard.map { Array($0.utf8) })
    }

    /// Writes versions of artists in order, with distinct names.
    private func write(_ rows: [(id: String, name: String, version: RecordVersion)]) throws {
        let batch = try RecordBatch(
            decoding: EventText(payloads: rows.map { #"{"artist_id":"\#($0.id)","name":"\#($0.name)"}"# }))
        let candidates = try batch.records.enumerated().map { index, record in
            Upsert.Candidate(index: index, row: try XCTUnwrap(batch.row(of: record, version: rows[index].version)))
        }
        var rest = candidates[...]
        while !rest.isEmpty {
            let transaction = Self.planner.transaction(of: rest)
            rest = rest.dropFirst(transaction.recordCount)
            // The stand-in removes these clauses, which PostgreSQL does not support.
            let statements = transaction.statements.map {
                $0.replacing(#/DISTSTYLE KEY DISTKEY \(\w+\)/#, with: "")
            }
            try warehouse.sql("BEGIN; \(statements.joined(separator: "; ")); COMMIT")
        }
    }

    private func names() throws -> [String: String] {
        let rows = try warehouse.sql("SELECT artist_id, name FROM concert_dw.artists")
        return Dictionary(rows.map { ($0[0] ?? "", $0[1] ?? "") }) { "\($0) and \($1)" }
    }

    func testVersionPairsAreOrderedLikeInMemory() throws {
        var versions: [RecordVersion] = []
        for arrival in [nil, 1_794_198_000_000, 1_794_198_000_001] as [Int64?] {
            for sequence in ["9", "10", "98"] {
                for subSequence in [nil, 0, 2] as [Int32?] {
                    for shard in [nil, "s/1", "S/1"] {
                        versions.append(try version(arrival, sequence, subSequence, shard))
                    }
                }
            }
        }
        var pairs: [(id: String, stored: RecordVersion, coming: RecordVersion)] = []
        for (one, stored) in versions.enumerated() {
            for (other, coming) in versions.enumerated() { pairs.append(("\(one)-\(other)", stored, coming)) }
        }
        try write(pairs.map { ($0.id, "stored", $0.stored) })
        try write(pairs.map { ($0.id, "coming", $0.coming) })
        let names = try names()
        XCTAssertEqual(names.count, 81 * 81)
        for (id, stored, coming) in pairs {
            // An equal version is written again.
            let expected = stored.isNewer(than: coming) ? "stored" : "coming"
            XCTAssertEqual(names[id], expected, "stored \(stored), coming \(coming)")
        }
        XCTAssertEqual(Set(names.values), ["stored", "coming"])
    }

    func testStoredRowsWithoutAVersionAreOldest() throws {
        let cases: [(id: String, columns: String, coming: RecordVersion, isReplaced: Bool)] = [
            ("nothing", "NULL, NULL, NULL, NULL", try version(nil, "1", nil, nil), true),
            ("no number", "'2026-11-09 04:20:00', NULL, 7, 's/1'", try version(nil, "1", nil, "s/1"), true),
            ("no number, later", "'2026-11-09 04:20:00', NULL, NULL, NULL", try version(1, "1", nil, "s/1"), false),
            ("no number, same time", "'1970-01-01 00:00:00.001', NULL, 5, NULL", try version(1, "1", nil, "s/1"), true),
            ("no arrival", "NULL, '99', NULL, 's/2'", try version(0, "1", nil, "s/1"), true),
            ("no arrival, same shard", "NULL, '99', NULL, 's/1'", try version(5, "1", nil, "s/1"), false),
            ("no shard, later", "'2026-11-09 04:20:00', '1', NULL, NULL", try version(1, "9", nil, "s/1"), false),
            ("no shard, earlier", "'1970-01-01', '99', NULL, NULL", try version(1, "1", nil, "s/1"), true),
            ("no sub-sequence number", "'1970-01-01', '7', NULL, 's/1'", try version(0, "7", 1, "s/1"), true),
            ("a sub-sequence number", "'1970-01-01', '7', 1, 's/1'", try version(0, "7", nil, "s/1"), false),
        ]
        for row in cases {
            try warehouse.sql(
                """
                INSERT INTO concert_dw.artists (artist_id, name, updated_at, sequence_number, sub_sequence_number, shard_id) \
                VALUES ('\(row.id)', 'stored', \(row.columns))
                """)
        }
        try write(cases.map { ($0.id, "coming", $0.coming) })
        let names = try names()
        for row in cases { XCTAssertEqual(names[row.id], row.isReplaced ? "coming" : "stored", row.id) }
    }

    func testNewestOfManyVersionsIsWrittenWithTheFirstArrival() throws {
        // Compared in pairs, these form a cycle: 2 replaces 1 (numbers), 3 replaces 2 (arrival), 1 replaces 3 (arrival).
        let circle = [
            try version(10, "1", nil, "s/1"), try version(5, "2", 3, "s/1"), try version(7, "1", nil, "s/2"),
            try version(nil, "99", nil, nil),
        ]
        for rotation in circle.indices {
            try setUpWithError()
            let rotated = Array(circle[rotation...] + circle[..<rotation])
            try write(rotated.map { ("a", "\($0.sequenceNumber) of \($0.arrival ?? -1)", $0) })
            XCTAssertEqual(try names(), ["a": "1 of 7"], "\(rotation)")
            XCTAssertEqual(
                try column("created_at", of: .artists),
                [rotated[0].arrival.map { "1970-01-01 00:00:00.0\($0 < 10 ? "0" : "")\($0)000" }], "\(rotation)")
        }
    }

    func testARecordsVersionIsStored() async throws {
        var aggregated = EventText.Record(
            bytes: Aggregate(keys: ["k"], ["a", "b"].map { (0, Array(Sample.artist($0).utf8)) }).bytes, "7")
        aggregated.arrival = "1794198257.237"
        var consumer = EventText.Record(Sample.artist("c"), "8")
        consumer.streamARN! += "/consumer/reader:1700000000"
        var strange = EventText.Record(Sample.artist("d"), "9")
        strange.eventID = #"shard'\\\u00e9:9"#
        var nul = EventText.Record(Sample.artist("e"), "10")
        nul.eventID = #"shard\u0000:10"#
        var nameless = EventText.Record(Sample.artist("f"), "11")
        nameless.eventID = nil
        var long = EventText.Record(Sample.artist("g"), "12")
        long.eventID = String(repeating: "s", count: 200) + ":12"
        let outcomes = try await write(
            EventText([aggregated, consumer, strange, nul, nameless, long]), by: writer())
        XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 7))
        XCTAssertEqual(
            try warehouse.sql(
                """
                SELECT artist_id, sequence_number, sub_sequence_number, shard_id, updated_at FROM concert_dw.artists ORDER BY 1
                """
            ).map { Array($0.prefix(4)) },
            [
                ["a", "7", "0", "concerts/shardId-000000000007"], ["b", "7", "1", "concerts/shardId-000000000007"],
                ["c", "8", nil, "concerts/shardId-000000000007"], ["d", "9", nil, #"concerts/shard'\é"#],
                ["e", "10", nil, nil], ["f", "11", nil, nil], ["g", "12", nil, nil],
            ])
        XCTAssertEqual(Set(try column("updated_at", of: .artists)), ["2026-11-09 04:24:17.237000"])
    }

    func testWithinAShardTheSequenceNumberDecides() async throws {
        // In two batches, then in one batch.
        let one = [("1", "1794198257.238", "one"), ("2", "1794198257.237", "two")]
        let records = one.map { sequence, arrival, name in
            var record = EventText.Record(#"{"artist_id":"a","name":"\#(name)"}"#, sequence)
            record.arrival = arrival
            return record
        }
        for event in [[EventText([records[0]]), EventText([records[1]])], [EventText(records)]] {
            try setUpWithError()
            for event in event { _ = try await write(event, by: writer()) }
            XCTAssertEqual(
                try warehouse.sql("SELECT name, sequence_number, updated_at, created_at FROM concert_dw.artists"),
                [["two", "2", "2026-11-09 04:24:17.237000", "2026-11-09 04:24:17.238000"]])
        }
        // The same record redelivered changes nothing.
        _ = try await write(EventText([records[0]]), by: writer())
        XCTAssertEqual(try column("name", of: .artists), ["two"])
    }
}
