import Foundation
import TestSupport
import Transport
import XCTest

@testable import Clients
@testable import Processor

final class CacheUpdaterTests: CacheTestCase {
    func testWritesDocumentsAndSets() async throws {
        try await onEachServer {
            for inSteps in [false, true] { try await writesDocumentsAndSets(inSteps: inSteps) }
        }
    }

    private func writesDocumentsAndSets(inSteps: Bool) async throws {
        let server = try redis.server()
        let event = EventText([
            record(artist("a", "Zoë \u{1F3B8}", popularity: 87), "1"),
            record(concert("c", artist: "a", venue: "v"), "2"),
            record(Sample.venue, "3"), record(Sample.sale, "4"),
        ])
        let outcomes = try await write(event, by: updater(redis.client(server), ttl: 60, inSteps: inSteps))
        XCTAssertEqual(outcomes, repeated(4, .succeeded))
        let keys = try server.cli("KEYS", "*").split(separator: "\n").map(String.init).sorted()
        XCTAssertEqual(
            keys,
            [
                "concert:artist-concerts:a", "concert:artist:a", "concert:artists:popularity", "concert:concert:c",
                "concert:venue-concerts:v", "concert:venue:v",
            ])
        let stored = try document(server.cli("--raw", "GET", "concert:artist:a"))
        XCTAssertEqual(stored.document["name"] as? String, "Zoë \u{1F3B8}")
        XCTAssertEqual(stored.document["popularity_score"] as? Int, 87)
        XCTAssertEqual(stored.version["sequence"] as? String, "1")
        XCTAssertEqual(stored.version["arrival"] as? Int, 100_000)
        XCTAssertEqual(try server.cli("ZSCORE", "concert:artists:popularity", "a"), "87")
        XCTAssertEqual(try server.cli("ZSCORE", "concert:artist-concerts:a", "c"), "1796155200")
        XCTAssertEqual(try server.cli("TTL", "concert:artist-concerts:a"), "-1", "sets stay")
        XCTAssertGreaterThan(Int(try server.cli("TTL", "concert:artist:a")) ?? 0, 50)
    }

    private func repeated(_ count: Int, _ outcome: RecordOutcome) -> RecordOutcomes {
        var outcomes = RecordOutcomes(count: count)
        outcomes.markAll(outcome)
        return outcomes
    }

    func testConcertsMoveLeaveAndReturnToSets() async throws {
        try await onEachServer {
            for inSteps in [false, true] { try await concertsMoveLeaveAndReturn(inSteps: inSteps) }
        }
    }

    private func concertsMoveLeaveAndReturn(inSteps: Bool) async throws {
        let server = try redis.server()
        let updater = try updater(redis.client(server), inSteps: inSteps)
        func sets() throws -> [String: [String]] {
            var sets: [String: [String]] = [:]
            for key in try server.cli("KEYS", "*-concerts:*").split(separator: "\n").map(String.init) {
                sets[key] = try server.cli("ZRANGE", key, "0", "-1", "WITHSCORES").split(separator: "\n").map(
                    String.init)
            }
            return sets
        }
        let steps: [(payload: String, sets: [String: [String]])] = [
            (
                concert("c", artist: "a", venue: "v"),
                ["concert:artist-concerts:a": ["c", "1796155200"], "concert:venue-concerts:v": ["c", "1796155200"]]
            ),
            (
                concert("c", artist: "a", venue: "v", date: "2026-12-02T20:00:00.5"),
                [
                    "concert:artist-concerts:a": ["c", "1796241600.5"],
                    "concert:venue-concerts:v": ["c", "1796241600.5"],
                ]
            ),
            (
                concert("c", artist: "b", venue: "w"),
                ["concert:artist-concerts:b": ["c", "1796155200"], "concert:venue-concerts:w": ["c", "1796155200"]]
            ),
            (concert("c", artist: "b", venue: "w", status: "cancelled"), [:]),
            (concert("c", artist: "b", status: "postponed"), ["concert:artist-concerts:b": ["c", "1796155200"]]),
            (concert("c"), [:]),
        ]
        for (index, step) in steps.enumerated() {
            let outcomes = try await write(EventText([record(step.payload, "\(index + 1)")]), by: updater)
            XCTAssertEqual(outcomes, repeated(1, .succeeded))
            XCTAssertEqual(try sets(), step.sets, step.payload)
        }
        // A redelivered old version, as after a crash, changes nothing; an equal one restores what was lost.
        try await write(EventText([record(steps[0].payload, "1")]), by: updater)
        XCTAssertEqual(try sets(), [:])
        let last = record(concert("c", artist: "z"), "9")
        try await write(EventText([last]), by: updater)
        try server.cli("DEL", "concert:artist-concerts:z")
        try await write(EventText([last]), by: updater)
        XCTAssertEqual(try sets(), ["concert:artist-concerts:z": ["c", "1796155200"]])
    }

    func testReplacesForeignDocuments() async throws {
        try await onEachServer {
            for inSteps in [false, true] { try await replacesWhatIsNotADocumentOfOurs(inSteps: inSteps) }
        }
    }

    private func replacesWhatIsNotADocumentOfOurs(inSteps: Bool) async throws {
        let server = try redis.server()
        let updater = try updater(redis.client(server), inSteps: inSteps)
        for value in ["no JSON", "[]", "{}", #"{"_version":{"arrival":"x"}}"#, #"{"_version":7}"#] {
            try server.cli("SET", "concert:artist:a", value)
            let outcomes = try await write(EventText([record(artist("a", "n"), "1")]), by: updater)
            XCTAssertEqual(outcomes, repeated(1, .succeeded), value)
            XCTAssertEqual(
                try document(server.cli("--raw", "GET", "concert:artist:a")).document["name"] as? String, "n")
        }
    }

    func testReconnectsAfterABrokenConnection() async throws {
        try await onEachServer {
            let server = try redis.server()
            let updater = try updater(redis.client(server))
            for number in 1...5 {
                let outcomes = try await write(EventText([record(artist("a\(number)", "n"), "1")]), by: updater)
                XCTAssertEqual(outcomes, repeated(1, .succeeded))
                try server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try server.cli("SCRIPT", "FLUSH")
            }
        }
    }

    func testKilledServerFailsTheBatchAndTheRetrySucceeds() async throws {
        try await onEachServer {
            for inSteps in [false, true] { try await aKilledServerFailsTheBatchAndTheRetryHealsIt(inSteps: inSteps) }
        }
    }

    private func aKilledServerFailsTheBatchAndTheRetryHealsIt(inSteps: Bool) async throws {
        let server = try redis.server()
        let pid = try server.processID()
        let watcher = redis.administrator(server)
        let updater = try updater(redis.client(server, backoff: FakeTime().backoff()), inSteps: inSteps)
        let event = EventText((0..<10_000).map { record(concert("c\($0)", artist: "a"), "\($0 + 1)") })
        async let killed = Self.deliver(event, to: updater, within: 60)
        let isEmpty: [RESPValue] = [.integer(0)]
        while try await watcher.run([RedisCommand("DBSIZE")], until: .now + .seconds(60)) == isEmpty {}
        server.send(SIGKILL, to: pid)
        let outcomes = try await killed
        for index in 0..<outcomes.count {
            guard case .retryable(let reason) = outcomes[index] else { return XCTFail("\(outcomes[index])") }
            XCTAssertTrue(reason.contains("127.0.0.1:\(try redis.port(of: server))"), reason)
        }
        try server.start()
        let retried = try await write(event, by: updater)
        XCTAssertEqual(retried, repeated(10_000, .succeeded))
        XCTAssertEqual(try server.cli("ZCARD", "concert:artist-concerts:a"), "10000")
        XCTAssertEqual(try server.cli("DBSIZE"), "10001")
    }

    func testHangingServerDoesNotBlockTheInvocation() async throws {
        try await onEachServer {
            let server = try redis.server()
            let updater = try updater(redis.client(server))
            let event = EventText([record(artist("a", "n"), "1")])
            try await write(event, by: updater)
            let pid = try server.processID()
            server.send(SIGSTOP, to: pid)
            let outcomes = try await write(event, by: updater, within: 0.3)
            server.send(SIGCONT, to: pid)
            XCTAssertEqual(
                outcomes[0], .retryable(reason: "127.0.0.1:\(try redis.port(of: server)) did not respond in time"))
        }
    }

    /// Old and new versions, repeated, interrupted and in any order: the final content equals that of a model.
    ///
    /// Interrupted batches are repeated. In steps, all versions are written again at the end: what an environment leaves
    /// behind that dies while another one repeats the older version is repaired only by that one.
    func testRandomInterleavingsMatchTheModel() async throws {
        try await onEachServer {
            for inSteps in [false, true] {
                let server = try redis.server()
                for seed in 1...6 {
                    try server.cli("FLUSHALL")
                    var random = SeededGenerator(seed: UInt64(seed))
                    let versions = randomVersions(&random)
                    let updaters = try (0..<3).map { _ in try updater(redis.client(server), inSteps: inSteps) }
                    // Three concurrent environments, each with batches in its own order; some are interrupted.
                    let plans: [[EventText]] = (0..<3).map { _ in
                        (0..<25).map { _ in
                            EventText(
                                (0..<Int.random(in: 1...9, using: &random)).compactMap { _ in
                                    versions.randomElement(using: &random)
                                })
                        }
                    }
                    var failed = await deliver(plans, to: updaters)
                    failed.shuffle(using: &random)
                    if inSteps { failed += versions.map { EventText([$0]) } }
                    for event in failed {
                        let outcomes = try await write(event, by: updaters[0])
                        XCTAssertEqual(outcomes, repeated(event.records.count, .succeeded))
                    }
                    let delivered = inSteps ? versions : plans.joined().flatMap(\.records)
                    try assertModel(delivered, server, "seed \(seed), in steps: \(inSteps)")
                }
            }
        }
    }

    private func randomVersions(_ random: inout SeededGenerator) -> [EventText.Record] {
        let statuses = ["scheduled", "cancelled", "postponed"]
        return (1...120).map { number in
            let payload = concert(
                "c\(Int.random(in: 0..<8, using: &random))",
                artist: Bool.random(using: &random) ? "a\(Int.random(in: 0..<3, using: &random))" : nil,
                venue: Bool.random(using: &random) ? "v\(Int.random(in: 0..<3, using: &random))" : nil,
                date: "2026-12-0\(Int.random(in: 1...9, using: &random))",
                status: statuses[Int.random(in: 0..<3, using: &random)])
            return record(payload, "\(number)", arrival: 100 + number / 7)
        }
    }

    /// - Returns: Batches that did not succeed.
    private func deliver(_ plans: [[EventText]], to updaters: [CacheUpdater]) async -> [EventText] {
        await withTaskGroup(of: [EventText].self) { group in
            for (updater, plan) in zip(updaters, plans) {
                group.addTask {
                    var failed: [EventText] = []
                    for (index, event) in plan.enumerated() {
                        let outcomes = try? await Self.deliver(event, to: updater, within: index % 4 == 0 ? 0.001 : 10)
                        if outcomes?.failures != 0 { failed.append(event) }
                    }
                    return failed
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func assertModel(_ versions: [EventText.Record], _ server: RedisServer, _ name: String) throws {
        let batch = try RecordBatch(decoding: EventText(versions))
        var documents: [String: String] = [:]
        var sets: [String: [String: Double]] = [:]
        for entry in batch.cacheEntries(CacheKeys(prefix: "concert:")) {
            documents[String(decoding: entry.key, as: UTF8.self)] = String(decoding: entry.document, as: UTF8.self)
            for (set, score) in entry.membership.scores {
                sets[String(decoding: set, as: UTF8.self), default: [:]][entry.entity.text] = Double(score)
            }
        }
        for (key, expected) in documents {
            XCTAssertEqual(try server.cli("--raw", "GET", key), expected, "\(name), \(key)")
        }
        var found: [String: [String: Double]] = [:]
        for key in try server.cli("KEYS", "*-concerts:*").split(separator: "\n").map(String.init) {
            let lines = try server.cli("ZRANGE", key, "0", "-1", "WITHSCORES").split(separator: "\n").map(String.init)
            for index in stride(from: 0, to: lines.count, by: 2) {
                found[key, default: [:]][lines[index]] = Double(lines[index + 1])
            }
        }
        XCTAssertEqual(found, sets, name)
    }
}

final class CacheClusterTests: CacheTestCase {
    func testFollowsMovingSlots() async throws {
        let cluster = try RedisCluster()
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: cluster.nodes[0].port, isSecure: false),
            RedisConnection.Configuration(), isCluster: true)
        let updater = try updater(client, inSteps: true)
        func event(_ version: Int) -> EventText {
            EventText(
                (0..<300).map { index in record(concert("c\(index)", artist: "a\(index % 7)", venue: "v"), "\(version)")
                })
        }
        var outcomes = try await write(event(1), by: updater)
        XCTAssertNil(outcomes.firstFailureReason)
        // A slot moves to another node during batches, so that temporarily both nodes have some of its keys.
        let key = "concert:venue-concerts:v"
        let slot = try cluster.nodes[0].cli("CLUSTER", "KEYSLOT", key)
        let source = try XCTUnwrap(cluster.nodes.first { try !$0.cli("ZCARD", key).hasPrefix("MOVED") })
        let target = try XCTUnwrap(cluster.nodes.first { $0.port != source.port })
        let (sourceID, targetID) = (try source.cli("CLUSTER", "MYID"), try target.cli("CLUSTER", "MYID"))
        try target.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID)
        try source.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", targetID)
        try source.cli("MIGRATE", "127.0.0.1", "\(target.port)", key, "0", "5000")
        outcomes = try await write(event(2), by: updater)
        XCTAssertNil(outcomes.firstFailureReason, "asked at the other node")
        for node in cluster.nodes { try node.cli("CLUSTER", "SETSLOT", slot, "NODE", targetID) }
        outcomes = try await write(event(3), by: updater)
        XCTAssertNil(outcomes.firstFailureReason, "moved")
        XCTAssertEqual(try target.cli("ZCARD", key), "300")
        for index in [0, 77, 299] {
            XCTAssertEqual(try document(cluster.get("concert:concert:c\(index)")).version["sequence"] as? String, "3")
        }
        let keys = try cluster.nodes.map { Int(try $0.cli("DBSIZE")) ?? 0 }
        XCTAssertEqual(keys.reduce(0, +), 308)
    }
}
