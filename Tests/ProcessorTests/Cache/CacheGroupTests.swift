import TestSupport
import XCTest

@testable import Clients
@testable import Processor

/// Many entities that one script writes: each has the result that it would have alone.
final class CacheGroupTests: CacheTestCase {
    private func artists(_ numbers: some Sequence<Int>, version: Int) -> EventText {
        EventText(numbers.map { record(artist("a\($0)", "v\(version)", popularity: version), "\(version)") })
    }

    func testUnusableKeyRejectsOnlyItsRecord() async throws {
        try await onEachServer {
            let server = try redis.server()
            try server.cli("LPUSH", "concert:artist:a7", "x")
            try server.cli("SET", "concert:artist-concerts:x", "x")
            var event = artists(0..<20, version: 1)
            event.records += (0..<20).map { record(concert("c\($0)", artist: $0 == 3 ? "x" : "y"), "2") }
            let outcomes = try await write(event, by: updater(redis.client(server)))
            for index in 0..<40 {
                if case .rejected = outcomes[index] {
                    XCTAssertTrue([7, 23].contains(index), "\(index)")
                } else {
                    XCTAssertEqual(outcomes[index], .succeeded, "\(index)")
                    XCTAssertFalse([7, 23].contains(index), "\(index)")
                }
            }
            XCTAssertEqual(try server.cli("ZCARD", "concert:artist-concerts:y"), "19")
            XCTAssertEqual(
                try server.cli("EXISTS", "concert:artist:a6", "concert:artist:a19", "concert:concert:c2"), "3")
            let logged = lines.objects.filter { $0["level"] as? String == "ERROR" }
            XCTAssertEqual(
                Set(logged.compactMap { $0["key"] as? String }), ["concert:artist:a7", "concert:artist-concerts:x"])
        }
    }

    func testNewerAndOlderVersionsInOneBatch() async throws {
        try await onEachServer {
            let server = try redis.server()
            let updater = try updater(redis.client(server))
            // More than one script writes.
            try await write(artists(stride(from: 0, to: 600, by: 3), version: 9), by: updater)
            try await write(artists(stride(from: 1, to: 600, by: 3), version: 2), by: updater)
            let outcomes = try await write(artists(0..<600, version: 5), by: updater)
            XCTAssertNil(outcomes.firstFailureReason)
            for (number, version) in [(0, 9), (1, 5), (2, 5), (300, 9), (597, 9), (598, 5), (599, 5)] {
                XCTAssertTrue(
                    try server.cli("GET", "concert:artist:a\(number)").contains("\"v\(version)\""), "\(number)")
                XCTAssertEqual(try server.cli("ZSCORE", "concert:artists:popularity", "a\(number)"), "\(version)")
            }
            XCTAssertEqual(try server.cli("ZCOUNT", "concert:artists:popularity", "9", "9"), "200")
            XCTAssertEqual(try server.cli("ZCOUNT", "concert:artists:popularity", "5", "5"), "400")
        }
    }

    func testEqualVersionsRestoreWhatWasLost() async throws {
        try await onEachServer {
            for inSteps in [false, true] {
                let server = try redis.server()
                let updater = try updater(redis.client(server), ttl: 60, inSteps: inSteps)
                let event = EventText(
                    (0..<3).map { record(concert("c\($0)", artist: "a", venue: "v"), "1") }
                        + (3..<6).map { record(concert("c\($0)", artist: "a", venue: "v", status: "cancelled"), "1") })
                try await write(event, by: updater)
                let whole = try server.cli("GET", "concert:concert:c1")
                try server.cli("EXPIRE", "concert:concert:c0", "5")
                try server.cli("DEL", "concert:concert:c1", "concert:venue-concerts:v")
                try server.cli("ZREM", "concert:artist-concerts:a", "c2")
                try server.cli("ZADD", "concert:artist-concerts:a", "1", "c3")
                try await write(event, by: updater)
                XCTAssertGreaterThan(Int(try server.cli("TTL", "concert:concert:c0")) ?? 0, 50)
                XCTAssertEqual(try server.cli("GET", "concert:concert:c1"), whole)
                for set in ["concert:artist-concerts:a", "concert:venue-concerts:v"] {
                    XCTAssertEqual(try server.cli("ZRANGE", set, "0", "-1"), "c0\nc1\nc2", set)
                }
            }
        }
    }

    /// Documents whose version is not written as this program writes it now.
    func testStoredVersionsInOtherForms() async throws {
        let shard = #""shard":"concerts\/shardId-000000000001""#
        let cases: [(stored: String, sequence: String, isKept: Bool)] = [
            (#"{"artist_id":"a","name":"stored","_version":{"arrival":900000,"sequence":"7",\#(shard)}}"#, "8", true),
            (#"{"artist_id":"a","name":"stored","_version":{"arrival":900000,"sequence":"7",\#(shard)}}"#, "6", false),
            (#"{"_version":{"arrival":900000,"sequence":"7",\#(shard)},"name":"stored"}"#, "8", true),
            (#"{"_version":{"arrival":900000,"sequence":"7",\#(shard)},"name":"stored"}"#, "6", false),
            (#"{ "_version": {"sequence":"7", "arrival": 900000, \#(shard)}, "name":"stored"}"#, "6", false),
            (#"{"_version":{"arrival":9.0e5,"sequence":"7",\#(shard)},"name":"stored"}"#, "6", false),
            (#"{"_version":{"arrival":900000,"sequence":"7","subSequence":3,\#(shard)},"name":"stored"}"#, "7", false),
            // Later, from another shard.
            (
                #"{"_version":{"arrival":900000,"sequence":"7","shard":"concerts/shard\"},\""},"name":"stored"}"#, "8",
                false
            ),
            (#"{"_version":{"arrival":900000,"sequence":"7"},"name":"stored"}"#, "8", false),
            // No versions, and no documents.
            (
                #"{"_version":{"arrival":900000,"sequence":"x","shard":"concerts/shardId-000000000001"},"name":"stored"}"#,
                "6", true
            ),
            (#"{"_version":{"arrival":900000,"sequence":"7",\#(shard)},"name":"stored""#, "6", true),
        ]
        try await onEachServer {
            for inSteps in [false, true] {
                let server = try redis.server()
                let updater = try updater(redis.client(server), inSteps: inSteps)
                for row in cases {
                    try server.cli("SET", "concert:artist:a", row.stored)
                    var coming = record(artist("a", "coming"), row.sequence)
                    coming.eventID = "shardId-000000000001:x"
                    let outcomes = try await write(EventText([coming]), by: updater)
                    XCTAssertNil(outcomes.firstFailureReason, row.stored)
                    let found = try server.cli("--raw", "GET", "concert:artist:a")
                    XCTAssertEqual(found.contains("coming"), row.isKept, "\(row.sequence) after \(row.stored)")
                }
            }
        }
    }
}
