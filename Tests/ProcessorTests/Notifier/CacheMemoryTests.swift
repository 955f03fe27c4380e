import Clients
import Synchronization
import TestSupport
import Transport
import XCTest

@testable import Processor

/// What was told, remembered in a real Redis.
final class CacheMemoryTests: NotifierTestCase {
    private func memory(_ server: RedisServer) -> CacheMemory {
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: server.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: false)
        return CacheMemory(client, keyPrefix: "p:")
    }

    private static let entities = [EntityKey(kind: .concert, id: "a"), EntityKey(kind: .artist, id: "a")]

    private func state(_ sequence: String) throws -> ToldState {
        ToldState(
            version: RecordVersion(arrival: 5, sequenceNumber: try XCTUnwrap(SequenceNumber(sequence))),
            facts: .artist(score: "87.5", isPopular: true))
    }

    func testALeaseIsOneOwnersUntilItEndsOrIsGivenBack() async throws {
        let server = try RedisServer()
        let memory = memory(server)
        let entities = Self.entities
        let first = try await memory.lease(entities, for: "one", duration: .seconds(60))
        XCTAssertEqual(first, [[:], [:]])
        let refused = try await memory.lease(entities, for: "two", duration: .seconds(60))
        XCTAssertEqual(refused, [nil, nil])
        let again = try await memory.lease(entities, for: "one", duration: .seconds(60))
        XCTAssertEqual(again, [[:], [:]], "the owner may ask twice, as after a lost answer")
        let told = try state("7")
        try await memory.mark([MemoryMark(entity: entities[1], states: [.webhook: told], endsLease: true)], for: "one")
        let mixed = try await memory.lease(entities, for: "two", duration: .milliseconds(30))
        XCTAssertEqual(mixed, [nil, [.webhook: told]])
        // Somebody else's mark and extension change nothing.
        try await memory.mark([MemoryMark(entity: entities[1], states: [.topic: told], endsLease: true)], for: "one")
        try await memory.extendLeases(of: [entities[1]], for: "one", duration: .seconds(60))
        try await memory.extendLeases(of: [entities[0]], for: "one", duration: .milliseconds(1))
        while try await memory.lease(entities, for: "three", duration: .seconds(1)).contains(nil) {}
        let left = try await memory.lease([entities[1]], for: "three", duration: .seconds(1))
        XCTAssertEqual(left, [[.webhook: told]])
        XCTAssertEqual(
            try server.cli("KEYS", "*").split(separator: "\n").sorted(),
            ["p:notified:artist:a", "p:notified:concert:a"])
        try server.cli("HSET", "p:notified:artist:a", "webhook", "no state of ours")
        let broken = try await memory.lease([entities[1]], for: "three", duration: .seconds(1))
        XCTAssertEqual(broken, [[:]])
    }

    func testTwoEnvironmentsAtOnceTellEachStateOnce() async throws {
        let server = try RedisServer()
        let subscribers = FakeSubscribers()
        let notifiers = (0..<3).map { _ in notifier(subscribers, memory: memory(server)) }
        let event = EventText(
            (0..<40).map { Self.concert("c\($0)", $0 + 1) }
                + (0..<40).map { Self.concert("c\($0)", $0 + 50, "cancelled") })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for notifier in notifiers {
                group.addTask {
                    let outcomes = try await Self.tell(event, by: notifier)
                    XCTAssertTrue(
                        outcomes.allSatisfy { $0 == .succeeded },
                        "\(outcomes.first { $0 != .succeeded }.debugDescription)")
                }
            }
            try await group.waitForAll()
        }
        XCTAssertEqual(subscribers.told.count, 80)
        XCTAssertEqual(Set(subscribers.told).count, 80)
    }

    func testACrashBetweenTellingAndRememberingTellsAgain() async throws {
        let server = try RedisServer()
        let event = EventText([Self.concert("a", 1)])
        let first = FakeSubscribers()
        let crashing = FaultyMemory(memory(server)) { $0 == .mark }
        let outcomes = try await Self.tell(event, by: notifier(first, memory: crashing), within: .milliseconds(1500))
        XCTAssertTrue(outcomes[0].isRetryable)
        XCTAssertEqual(first.told, ["concert.announced a"])
        // The lease of the one that died runs out, and the next one waits for it.
        let second = FakeSubscribers()
        var retried = outcomes
        while retried.contains(where: \.isRetryable) {
            retried = try await Self.tell(event, by: notifier(second, memory: memory(server)))
        }
        XCTAssertEqual(second.told, ["concert.announced a"])
        let third = FakeSubscribers()
        _ = try await Self.tell(event, by: notifier(third, memory: memory(server)))
        XCTAssertEqual(third.told, [])
    }

    func testACacheOutOfReachFailsTheRecords() async throws {
        let server = try RedisServer()
        let subscribers = FakeSubscribers()
        let notifier = notifier(subscribers, memory: memory(server))
        try server.kill()
        let outcomes = try await Self.tell(EventText([Self.concert("a", 1)]), by: notifier)
        guard case .retryable(let reason) = outcomes[0] else { return XCTFail("\(outcomes)") }
        XCTAssertTrue(reason.contains("the memory of what was told is out of reach"), reason)
        XCTAssertTrue(reason.contains("127.0.0.1:\(server.port)"), reason)
        XCTAssertEqual(subscribers.calls, [])
        try server.start()
        let retried = try await Self.tell(EventText([Self.concert("a", 1)]), by: notifier)
        XCTAssertEqual(retried, [.succeeded])
    }
}
