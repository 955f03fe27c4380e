import Foundation
import RuntimeServer
import TestSupport
import XCTest

/// Tests of the built `bootstrap` with a cache.
final class CacheTests: BootstrapTestCase {
    func testBatchIsCachedBeforeItIsAcknowledged() throws {
        let redis = try RedisServer()
        let fixture = try Fixture(named: "batch-of-100")
        let environment = [
            "PROCESSORS": "cache", "CACHE_URL": "redis://127.0.0.1:\(redis.port)", "CACHE_KEY_PREFIX": "p:",
        ]
        try withBootstrap(environment: environment) { server, _ in
            assertResponse(server.invoke(fixture.event), equals: fixture.response)
            let keys = try redis.cli("KEYS", "*").split(separator: "\n")
            XCTAssertGreaterThan(keys.count, 20)
            XCTAssertTrue(keys.allSatisfy { $0.hasPrefix("p:") })
            // The server is stopped and restarted, as during a freeze: the next invocation reconnects.
            try redis.kill()
            try redis.start()
            assertResponse(server.invoke(fixture.event), equals: fixture.response)
            XCTAssertEqual(try redis.cli("KEYS", "*").split(separator: "\n").count, keys.count)
        }
    }

    func testUnavailableCacheBlocksTheShardUnlessOptional() throws {
        var environment = ["PROCESSORS": "log,cache", "CACHE_URL": "redis://user:hush-hush@127.0.0.1:9"]
        let event = try Fixture(named: "one-artist").event
        // A third of the time is used for attempts to connect.
        let options = InvocationOptions(timeout: .seconds(10))
        try withBootstrap(environment: environment) { server, bootstrap in
            guard case .response(let body, _) = server.invoke(event, options: options) else {
                return XCTFail("no response")
            }
            XCTAssertTrue(String(decoding: body, as: UTF8.self).contains("itemIdentifier"))
            XCTAssertTrue(bootstrap.log.contains("could not connect to 127.0.0.1:9"), bootstrap.log)
            XCTAssertFalse(bootstrap.log.contains("hush"), bootstrap.log)
        }
        environment["OPTIONAL_PROCESSORS"] = "cache"
        try withBootstrap(environment: environment) { server, _ in
            guard case .response(let body, _) = server.invoke(event, options: options) else {
                return XCTFail("no response")
            }
            XCTAssertEqual(String(decoding: body, as: UTF8.self), #"{"batchItemFailures":[]}"#)
        }
    }

    func testReplayedCacheContentsMatchARealCache() throws {
        let (redis, folder) = (try RedisServer(), try TemporaryFolder())
        let fixture = try Fixture(named: "batch-of-100")
        let environment = ["PROCESSORS": "cache", "CACHE_URL": "redis://127.0.0.1:\(redis.port)"]
        try withBootstrap(environment: environment) { server, _ in
            assertResponse(server.invoke(fixture.event), equals: fixture.response)
        }
        let event = try folder.write(String(decoding: fixture.event, as: UTF8.self), to: "event.json")
        let run = try Concertctl.run(["replay", event, "--sink-dir", folder.url.path])
        XCTAssertEqual(run.status, 0, run.notes)
        let contents = try JSONValue(parsing: Data(contentsOf: folder.url.appending(path: "cache.json")))
        let (documents, sets) = (contents["documents"], contents["sorted_sets"])
        XCTAssertGreaterThan(documents.keys.count, 10)
        XCTAssertGreaterThan(sets.keys.count, 1)
        let keys = try redis.cli("KEYS", "*").split(separator: "\n").map(String.init)
        XCTAssertEqual(keys.sorted(), (documents.keys + sets.keys).sorted())
        for key in documents.keys {
            XCTAssertEqual(try JSONValue(parsing: redis.cli(["--raw", "GET", key]).utf8), documents[key], key)
        }
        for key in sets.keys {
            let words = try redis.cli(["--raw", "ZRANGE", key, "0", "-1", "WITHSCORES"]).split(separator: "\n")
            let pairs = stride(from: 0, to: words.count, by: 2).map { (String(words[$0]), Double(words[$0 + 1])) }
            XCTAssertEqual(pairs.count, sets[key].keys.count, key)
            for (member, score) in pairs { XCTAssertEqual(sets[key][member].number, score, "\(key) \(member)") }
        }
    }
}
