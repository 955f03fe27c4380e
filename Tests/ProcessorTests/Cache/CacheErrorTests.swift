import JSON
import TestSupport
import XCTest

@testable import Clients
@testable import Processor

/// Keys with other content, missing permissions, and servers that are being replaced.
final class CacheErrorTests: CacheTestCase {
    private static let wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"

    func testKeyOfAnotherTypeRejectsItsRecordAndIsLogged() async throws {
        try await onEachServer {
            for inSteps in [false, true] {
                let server = try redis.server()
                let updater = try updater(redis.client(server), inSteps: inSteps)
                let stored =
                    #"{"_version":{"arrival":1,"sequence":"1"},"artist_id":"old","event_date":"2026-12-01T20:00:00Z","status":"scheduled"}"#
                let cases: [(before: [[String]], payload: String, key: String)] = [
                    ([["LPUSH", "concert:artist:a", "x"]], artist("a", "n"), "concert:artist:a"),
                    ([["SET", "concert:artists:popularity", "x"]], artist("a", "n"), "concert:artists:popularity"),
                    (
                        [["SET", "concert:artist-concerts:b", "x"]], concert("c", artist: "b", venue: "v"),
                        "concert:artist-concerts:b"
                    ),
                    (
                        [["SET", "concert:venue-concerts:v; key\u{1b}", "x"]], concert("c", venue: "v; key\\u001b"),
                        "concert:venue-concerts:v; key\u{1b}"
                    ),
                    (
                        [["SET", "concert:concert:c", stored], ["SET", "concert:artist-concerts:old", "x"]],
                        concert("c", artist: "new"), "concert:artist-concerts:old"
                    ),
                ]
                for row in cases {
                    try server.cli("FLUSHALL")
                    for command in row.before { try server.cli(command) }
                    lines.removeAll()
                    let event = EventText([record(row.payload, "2"), record(Sample.venue, "3")])
                    let outcomes = try await write(event, by: updater)
                    guard case .rejected(let error) = outcomes[0] else { return XCTFail("\(row): \(outcomes[0])") }
                    XCTAssertEqual(error.reason, .refused)
                    XCTAssertTrue(error.message.hasSuffix(Self.wrongType), error.message)
                    XCTAssertFalse(error.message.contains("\u{1b}"), error.message)
                    XCTAssertEqual(outcomes[1], .succeeded)
                    let logged = lines.objects.filter { $0["level"] as? String == "ERROR" }
                    XCTAssertEqual(logged.map { $0["key"] as? String }, [row.key])
                    try server.cli("DEL", row.key)
                    let again = try await write(event, by: updater)
                    XCTAssertNil(again.firstFailureReason)
                    XCTAssertEqual(again[0], .succeeded, "the key is gone")
                }
            }
        }
    }

    func testFewKeysAreLoggedAndTheOthersCounted() async throws {
        try await onEachServer {
            let server = try redis.server()
            let names = (0..<30).map { String(format: "a%02d", $0) }
            for name in names { try server.cli("LPUSH", "concert:artist:\(name)", "x") }
            let event = EventText(names.enumerated().map { record(artist($1, "n"), "\($0 + 1)") })
            try await write(event, by: updater(redis.client(server)))
            let logged = lines.objects.filter { $0["level"] as? String == "ERROR" }
            XCTAssertEqual(logged.compactMap { $0["key"] as? String }, names.prefix(20).map { "concert:artist:\($0)" })
            XCTAssertEqual(logged.compactMap { $0["keys"] as? Int }, [10])
        }
    }

    /// The key of a document never equals the key of a set, for any ID.
    func testKeysOfDifferentEntitiesAreUnique() async throws {
        try await onEachServer {
            let server = try redis.server()
            let updater = try updater(redis.client(server))
            let ids = ["band1", "band1:concerts", "concerts:band1", "popularity", "s:popularity", ":", "a:b"]
            var records: [EventText.Record] = []
            for id in ids {
                let number = records.count
                records += [
                    record(artist(id, "n"), "\(number + 1)"),
                    record(concert(id, artist: id, venue: id), "\(number + 2)"),
                    record(#"{"venue_id":"\#(id)","name":"V","city":"Bern","country":"CH"}"#, "\(number + 3)"),
                ]
            }
            for _ in 0..<2 {
                let outcomes = try await write(EventText(records), by: updater)
                XCTAssertNil(outcomes.firstFailureReason)
                for index in records.indices { XCTAssertEqual(outcomes[index], .succeeded) }
            }
            XCTAssertEqual(try server.cli("DBSIZE"), "\(5 * ids.count + 1)")
            XCTAssertEqual(
                try server.cli("ZRANGE", "concert:artist-concerts:band1:concerts", "0", "-1"), "band1:concerts")
        }
    }

    func testMissingPermissionsAreTransient() async throws {
        try await onEachServer {
            let server = try redis.server()
            for inSteps in [false, true] {
                let updater = try updater(redis.client(server), inSteps: inSteps)
                for rule in ["-get", "-set", "-zadd", "-evalsha", "resetkeys"] {
                    try server.cli("ACL", "SETUSER", DocumentedUser.name, rule)
                    let outcomes = try await write(EventText([record(artist("a", "n"), "1")]), by: updater)
                    guard case .retryable(let reason) = outcomes[0] else { return XCTFail("\(rule): \(outcomes[0])") }
                    XCTAssertTrue(reason.contains("permission") || reason.contains("can't"), reason)
                    try server.cli("ACL", "SETUSER", DocumentedUser.name, "+" + rule.dropFirst(), "~concert:*")
                }
            }
            XCTAssertEqual(lines.objects.count { $0["level"] as? String == "ERROR" }, 0)
        }
    }

    /// A document that cannot be read does not count as missing.
    func testUnreadableDocumentsAreNotReplacedByOlderRecords() async throws {
        try await onEachServer {
            for inSteps in [false, true] {
                let server = try redis.server()
                let updater = try updater(redis.client(server), inSteps: inSteps)
                try await write(EventText([record(artist("a", "new"), "2")]), by: updater)
                try server.cli("ACL", "SETUSER", DocumentedUser.name, "-get")
                let outcomes = try await write(EventText([record(artist("a", "old"), "1")]), by: updater)
                XCTAssertTrue(outcomes[0].isRetryable, "\(outcomes[0])")
                XCTAssertTrue(try server.cli("GET", "concert:artist:a").contains("new"))
            }
        }
    }

    func testScoresAreNumbersThatRedisAccepts() async throws {
        try await onEachServer {
            let server = try redis.server()
            let updater = try updater(redis.client(server))
            let cases: [(number: String, score: String)] = [
                ("1e-299", "1e-299"), ("0." + String(repeating: "0", count: 290) + "1", "1e-291"), ("87.50", "87.5"),
                ("1E+1", "10"), ("99." + String(repeating: "9", count: 400), "100"), ("-0.0", "0"), ("0e5", "0"),
                ("3." + String(repeating: "3", count: 5000), "3.3333333333333335"), ("100", "100"),
            ]
            for row in cases {
                let payload = #"{"artist_id":"a","name":"n","popularity_score":\#(row.number)}"#
                try server.cli("DEL", "concert:artist:a")
                let outcomes = try await write(EventText([record(payload, "1")]), by: updater)
                XCTAssertEqual(outcomes[0], .succeeded, String(row.number.prefix(20)))
                let score = try XCTUnwrap(Double(server.cli("ZSCORE", "concert:artists:popularity", "a")))
                XCTAssertEqual(score, Double(row.score), String(row.number.prefix(20)))
                var contents = CacheContents()
                contents.take(try RecordBatch(decoding: EventText([record(payload, "1")])))
                let local = contents.json["sorted_sets"]?["concert:artists:popularity"]?["a"]
                XCTAssertEqual(local?.double, score, String(row.number.prefix(20)))
            }
            // Content of foreign documents.
            for number in ["1e400", "-1e400"] {
                let document: JSONValue = ["popularity_score": .number(number)]
                XCTAssertEqual(CacheKeys(prefix: "").membership(Artist.schema, document), CacheMembership())
            }
            for value in [
                Double.leastNonzeroMagnitude, Double.leastNormalMagnitude / 8, -1e300, 1e15, 0.1, 253_402_300_799.999,
            ] {
                let score = CacheKeys.score(value)
                XCTAssertEqual(Double(score), value)
                XCTAssertEqual(try server.cli("ZADD", "z", score, score), "1", score)
            }
        }
    }
}
