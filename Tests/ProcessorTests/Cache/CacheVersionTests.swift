import TestSupport
import XCTest

@testable import Clients
@testable import Processor

/// The version that the cache keeps, and its format.
final class CacheVersionTests: CacheTestCase {
    private struct Version {
        var arrival: Int?
        var sequence: String
        var shard: String? = "1"
        /// The index in an aggregate.
        var sub: Int?

        init(_ arrival: Int?, _ sequence: String, shard: String? = "1", sub: Int? = nil) {
            (self.arrival, self.sequence, self.shard, self.sub) = (arrival, sequence, shard, sub)
        }
    }

    private func event(_ version: Version, _ name: String) -> EventText {
        let payload = artist("a", name, popularity: name == "coming" ? 9 : 5)
        var record: EventText.Record
        if let sub = version.sub {
            // The records before it are of another entity.
            let users = (0...sub).map { $0 == sub ? payload : Sample.artist("other") }
            record = EventText.Record(
                bytes: Aggregate(keys: ["k"], users.map { (0, Array($0.utf8)) }).bytes, version.sequence)
        } else {
            record = EventText.Record(payload, version.sequence)
        }
        record.arrival = version.arrival.map { "\($0)" }
        record.eventID = version.shard.map { "shardId-00000000000\($0):x" }
        return EventText([record])
    }

    func testNewerVersionIsKept() async throws {
        try await onEachServer {
            for inSteps in [false, true] {
                let server = try redis.server()
                let updater = try updater(redis.client(server), inSteps: inSteps)
                // The stored version, the new version, and whether the new one is kept.
                let long = String(repeating: "9", count: 127)
                let cases: [(stored: Version, coming: Version, isKept: Bool, line: UInt)] = [
                    (.init(100, long + "7"), .init(100, long + "8"), true, #line),
                    (.init(100, long + "8", shard: "2"), .init(100, long + "7"), false, #line),
                    (.init(100, "9", shard: "2"), .init(100, "10"), true, #line),
                    // Within a shard the sequence number decides, regardless of the arrivals.
                    (.init(101, "5"), .init(100, "6"), true, #line), (.init(100, "6"), .init(101, "5"), false, #line),
                    (.init(100, "99"), .init(99, "100"), true, #line), (.init(nil, "5"), .init(nil, "6"), true, #line),
                    (.init(100, "5", sub: 1), .init(100, "5", sub: 2), true, #line),
                    (.init(100, "5", sub: 2), .init(100, "5", sub: 1), false, #line),
                    (.init(100, "5", sub: 10), .init(99, "5", sub: 9), false, #line),
                    (.init(100, "5", sub: 1), .init(100, "5"), false, #line),
                    (.init(100, "5"), .init(100, "5", sub: 1), true, #line),
                    (.init(100, "5", sub: 0), .init(100, "5"), true, #line),
                    // Across shards the arrival decides, then the numbers.
                    (.init(101, "5"), .init(100, "6", shard: "2"), false, #line),
                    (.init(100, "6"), .init(101, "5", shard: "2"), true, #line),
                    (.init(100, "5"), .init(100, "6", shard: "2"), true, #line),
                    (.init(100, "6"), .init(100, "5", shard: "2"), false, #line),
                    (.init(100, "5", sub: 1), .init(100, "5", shard: "2", sub: 0), false, #line),
                    // A version without a known shard counts as one of another shard.
                    (.init(101, "5", shard: nil), .init(100, "6", shard: nil), false, #line),
                    (.init(101, "5"), .init(100, "6", shard: nil), false, #line),
                    (.init(100, "5", shard: nil), .init(101, "4"), true, #line),
                    (.init(nil, "6"), .init(100, "5", shard: "2"), true, #line),
                ]
                for row in cases {
                    try server.cli("FLUSHALL")
                    try await write(event(row.stored, "stored"), by: updater)
                    try await write(event(row.coming, "coming"), by: updater)
                    let name = try document(server.cli("--raw", "GET", "concert:artist:a")).document["name"] as? String
                    XCTAssertEqual(name, row.isKept ? "coming" : "stored", line: row.line)
                    XCTAssertEqual(
                        try server.cli("ZSCORE", "concert:artists:popularity", "a"), row.isKept ? "9" : "5",
                        line: row.line)
                    // The cache in memory gives the same result.
                    var contents = CacheContents()
                    contents.take(try RecordBatch(decoding: event(row.stored, "stored")))
                    contents.take(try RecordBatch(decoding: event(row.coming, "coming")))
                    XCTAssertEqual(
                        contents.json["documents"]?["concert:artist:a"]?["name"]?.string,
                        row.isKept ? "coming" : "stored", line: row.line)
                }
            }
        }
    }

    func testDocumentContainsItsVersion() async throws {
        try await onEachServer {
            let server = try redis.server()
            let updater = try updater(redis.client(server))
            let cases: [(version: Version, text: String)] = [
                (.init(1, "5"), #"{"arrival":1000,"sequence":"5","shard":"concerts/shardId-000000000001"}"#),
                (
                    .init(1, "5", sub: 3),
                    #"{"arrival":1000,"sequence":"5","subSequence":3,"shard":"concerts/shardId-000000000001"}"#
                ),
                (.init(nil, "5", shard: nil), #"{"arrival":0,"sequence":"5"}"#),
            ]
            for row in cases {
                try server.cli("FLUSHALL")
                try await write(event(row.version, "n"), by: updater)
                let text = try server.cli("--raw", "GET", "concert:artist:a")
                XCTAssertTrue(text.hasPrefix(#"{"_version":\#(row.text),"artist_id":"a""#), text)
            }
        }
    }

    /// Documents of version 0.1.0 have no shard.
    func testDocumentWithoutAShardCountsAsAnotherShard() async throws {
        try await onEachServer {
            for inSteps in [false, true] {
                let server = try redis.server()
                let updater = try updater(redis.client(server), inSteps: inSteps)
                for (arrival, sequence, isKept) in [
                    (100, "6", false), (101, "6", true), (100, "8", true), (99, "8", false),
                ] {
                    let old = #"{"_version":{"arrival":100000,"sequence":"7"},"artist_id":"a","name":"stored"}"#
                    try server.cli("SET", "concert:artist:a", old)
                    let outcomes = try await write(event(.init(arrival, sequence), "coming"), by: updater)
                    XCTAssertNil(outcomes.firstFailureReason)
                    let name = try document(server.cli("--raw", "GET", "concert:artist:a")).document["name"] as? String
                    XCTAssertEqual(name, isKept ? "coming" : "stored", "\(arrival) \(sequence)")
                }
            }
        }
    }

    /// The highest numbers of each shard, and among these the latest arrival.
    func testNewestOfManyVersionsInABatchIsStored() async throws {
        try await onEachServer {
            let server = try redis.server()
            let versions = [
                Version(100, "10"), Version(90, "11"), Version(95, "3", shard: "2"), Version(99, "2", shard: "2"),
            ]
            var event = EventText([])
            for (index, version) in versions.enumerated() { event.records += self.event(version, "v\(index)").records }
            try await write(event, by: updater(redis.client(server)))
            let stored = try document(server.cli("--raw", "GET", "concert:artist:a"))
            XCTAssertEqual(stored.document["name"] as? String, "v2")
        }
    }

    /// An accented letter in one scalar and in two: equal as `String`s, but different IDs.
    func testCanonicallyEquivalentIDsAreTwoEntities() async throws {
        try await onEachServer {
            let (one, two) = ("caf\u{E9}", "cafe\u{301}")
            let records = [
                record(concert("\(one)-1", artist: one), "1"), record(concert("\(two)-1", artist: two), "2"),
                record(artist(one, "n", popularity: 1), "3"), record(artist(two, "n", popularity: 2), "4"),
            ]
            for inSteps in [false, true] {
                let server = try redis.server()
                try await write(EventText(records), by: updater(redis.client(server), inSteps: inSteps))
                XCTAssertEqual(try server.cli("DBSIZE"), "7")
                for id in [one, two] {
                    XCTAssertEqual(
                        try server.cli("--raw", "ZRANGE", "concert:artist-concerts:\(id)", "0", "-1"), "\(id)-1")
                }
                XCTAssertEqual(try server.cli("ZCARD", "concert:artists:popularity"), "2")
            }
            var contents = CacheContents()
            contents.take(try RecordBatch(decoding: EventText(records)))
            XCTAssertEqual(contents.json["documents"]?.object?.names.count, 4)
            XCTAssertEqual(contents.json["sorted_sets"]?.object?.names.count, 3)
        }
    }
}
