import Clients
import Foundation
import Synchronization
import TestSupport
import Transport
import XCTest

@testable import Processor

/// Tests of the ledger with a real Redis server.
final class CacheLedgerTests: NotifierTestCase {
    private var redis = RedisAccess(.direct)

    /// Runs `body` with each setup of ``redis``.
    private func onEachServer(_ body: () async throws -> Void) async throws {
        for setup in RedisAccess.Setup.allCases {
            redis = RedisAccess(setup)
            try await body()
        }
    }

    private func ledger(_ server: RedisServer, backoff: RedisBackoff = RedisBackoff()) throws -> CacheLedger {
        let client = try redis.client(server, backoff: backoff)
        return CacheLedger(keyPrefix: "concert:", makeClient: { client })
    }

    private func end() -> ContinuousClock.Instant { .now + .seconds(30) }

    private static let entities = [
        EntityKey(Concert.schema, id: Array("a".utf8)), EntityKey(Artist.schema, id: Array("a".utf8)),
    ]

    private func state(_ sequence: String) throws -> DeliveredState {
        DeliveredState(
            version: RecordVersion(arrival: 5, sequenceNumber: try XCTUnwrap(SequenceNumber(sequence))),
            facts: .artist(score: "87.5", isPopular: true))
    }

    func testLeaseIsExclusiveUntilItExpiresOrIsReleased() async throws {
        try await onEachServer {
            let server = try redis.server()
            let ledger = try ledger(server)
            let entities = Self.entities
            let first = try await ledger.lease(entities, for: "one", duration: .seconds(60), until: end())
            XCTAssertEqual(first, [.held([:]), .held([:])])
            let refused = try await ledger.lease(entities, for: "two", duration: .seconds(60), until: end())
            XCTAssertEqual(refused, [.taken, .taken])
            let again = try await ledger.lease(entities, for: "one", duration: .seconds(60), until: end())
            XCTAssertEqual(again, [.held([:]), .held([:])], "the owner may ask twice, as after a lost answer")
            let delivered = try state("7")
            try await ledger.record(
                [LedgerEntry(entity: entities[1], states: [.webhook: delivered], endsLease: true)], for: "one",
                until: end())
            let mixed = try await ledger.lease(entities, for: "two", duration: .milliseconds(30), until: end())
            XCTAssertEqual(mixed, [.taken, .held([.webhook: delivered])])
            // Updates and extensions by another owner have no effect.
            try await ledger.record(
                [LedgerEntry(entity: entities[1], states: [.topic: delivered], endsLease: true)], for: "one",
                until: end())
            try await ledger.extendLeases(of: [entities[1]], for: "one", duration: .seconds(60), until: end())
            try await ledger.extendLeases(of: [entities[0]], for: "one", duration: .milliseconds(1), until: end())
            while try await ledger.lease(entities, for: "three", duration: .seconds(1), until: end()).contains(.taken) {
            }
            let left = try await ledger.lease([entities[1]], for: "three", duration: .seconds(1), until: end())
            XCTAssertEqual(left, [.held([.webhook: delivered])])
            XCTAssertEqual(
                try server.cli("KEYS", "*").split(separator: "\n").sorted(),
                ["concert:notified:artist:a", "concert:notified:concert:a"])
            try server.cli("HSET", "concert:notified:artist:a", "webhook", "no state of ours")
            let broken = try await ledger.lease([entities[1]], for: "three", duration: .seconds(1), until: end())
            XCTAssertEqual(broken, [.held([:])])
        }
    }

    func testConcurrentEnvironmentsNotifyOncePerState() async throws {
        try await onEachServer {
            let server = try redis.server()
            let subscribers = FakeSubscribers()
            let notifiers = try (0..<3).map { _ in try notifier(subscribers, ledger: ledger(server)) }
            let event = EventText(
                (0..<40).map { Self.concert("c\($0)", $0 + 1) }
                    + (0..<40).map { Self.concert("c\($0)", $0 + 50, "cancelled") })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for notifier in notifiers {
                    group.addTask {
                        let outcomes = try await Self.notify(event, by: notifier)
                        XCTAssertTrue(
                            outcomes.allSatisfy { $0 == .succeeded },
                            "\(outcomes.first { $0 != .succeeded }.debugDescription)")
                    }
                }
                try await group.waitForAll()
            }
            XCTAssertEqual(subscribers.delivered.count, 80)
            XCTAssertEqual(Set(subscribers.delivered).count, 80)
        }
    }

    func testCrashBeforeRecordingRepeatsTheNotification() async throws {
        try await onEachServer {
            let server = try redis.server()
            let event = EventText([Self.concert("a", 1)])
            let first = FakeSubscribers()
            let crashing = FaultyLedger(try ledger(server)) { $0 == .record }
            let outcomes = try await Self.notify(
                event, by: notifier(first, ledger: crashing), within: .milliseconds(1500))
            XCTAssertTrue(outcomes[0].isRetryable)
            XCTAssertEqual(first.delivered, ["concert.announced a"])
            // The lease of the crashed invocation expires, and the next one waits for it.
            let second = FakeSubscribers()
            var retried = outcomes
            while retried.contains(where: \.isRetryable) {
                retried = try await Self.notify(event, by: notifier(second, ledger: try ledger(server)))
            }
            XCTAssertEqual(second.delivered, ["concert.announced a"])
            let third = FakeSubscribers()
            _ = try await Self.notify(event, by: notifier(third, ledger: try ledger(server)))
            XCTAssertEqual(third.delivered, [])
        }
    }

    func testUnavailableCacheFailsTheRecords() async throws {
        try await onEachServer {
            let server = try redis.server()
            let subscribers = FakeSubscribers()
            let notifier = notifier(subscribers, ledger: try ledger(server, backoff: FakeTime().backoff()))
            try server.kill()
            let outcomes = try await Self.notify(EventText([Self.concert("a", 1)]), by: notifier)
            guard case .retryable(let reason) = outcomes[0] else { return XCTFail("\(outcomes)") }
            XCTAssertTrue(reason.contains("the notification state is unavailable"), reason)
            XCTAssertTrue(reason.contains("127.0.0.1:\(try redis.port(of: server))"), reason)
            XCTAssertEqual(subscribers.calls, [])
            try server.start()
            let retried = try await Self.notify(EventText([Self.concert("a", 1)]), by: notifier)
            XCTAssertEqual(retried, [.succeeded])
        }
    }

    /// Keys expire later than any record can be redelivered after the last write.
    func testKeysExpire() async throws {
        try await onEachServer {
            let server = try redis.server()
            let ledger = try ledger(server)
            let key = "concert:notified:concert:a"
            let days = 400 * 86_400
            func isRenewed() throws -> Bool { try (days - 60...days).contains(Int(server.cli("TTL", key)) ?? 0) }
            _ = try await ledger.lease([Self.entities[0]], for: "one", duration: .seconds(60), until: end())
            XCTAssertTrue(try isRenewed())
            try server.cli("EXPIRE", key, "100")
            let entry = LedgerEntry(entity: Self.entities[0], states: [.topic: try state("7")], endsLease: true)
            try await ledger.record([entry], for: "one", until: end())
            XCTAssertTrue(try isRenewed())
            try server.cli("PERSIST", key)
            _ = try await ledger.lease([Self.entities[0]], for: "two", duration: .seconds(60), until: end())
            XCTAssertTrue(try isRenewed(), "keys of the first version had no expiry")
        }
    }

    func testKeyOfAnotherTypeRejectsOnlyItsEntitysRecords() async throws {
        try await onEachServer {
            lines.removeAll()
            let server = try redis.server()
            try server.cli("SET", "concert:notified:concert:b", "x")
            let subscribers = FakeSubscribers()
            let event = EventText([Self.concert("a", 1), Self.concert("b", 2), Self.concert("b", 3, "cancelled")])
            let notifier = notifier(subscribers, ledger: try ledger(server))
            let outcomes = try await Self.notify(event, by: notifier)
            XCTAssertEqual(outcomes[0], .succeeded)
            for outcome in outcomes[1...] {
                guard case .rejected(let error) = outcome else { return XCTFail("\(outcome)") }
                XCTAssertTrue(error.message.contains("key concert:notified:concert:b: WRONGTYPE"), error.message)
            }
            let errors = lines.objects.filter { $0["level"] as? String == "ERROR" }
            XCTAssertEqual(errors.map { $0["key"] as? String }, ["concert:notified:concert:b"])
            XCTAssertEqual(subscribers.delivered, ["concert.announced a"])
            try server.cli("DEL", "concert:notified:concert:b")
            let again = try await Self.notify(event, by: notifier)
            XCTAssertTrue(again.allSatisfy { $0 == .succeeded })
        }
    }

    func testMissingPermissionsFailTheRecords() async throws {
        try await onEachServer {
            let server = try redis.server()
            for rule in ["-hset", "-hmget", "-time", "-expire"] {
                try server.cli("ACL", "SETUSER", DocumentedUser.name, rule)
                let outcomes = try await Self.notify(
                    EventText([Self.concert("a", 1)]), by: notifier(FakeSubscribers(), ledger: try ledger(server)))
                XCTAssertTrue(outcomes[0].isRetryable, "\(rule): \(outcomes)")
                try server.cli("ACL", "SETUSER", DocumentedUser.name, "+" + rule.dropFirst())
            }
        }
    }

    /// Within a shard the sequence number decides; the second record arrived a millisecond before the first one.
    func testOrderWithinAShardIsKept() async throws {
        try await onEachServer {
            let server = try redis.server()
            let subscribers = FakeSubscribers()
            var records = [Self.concert("a", 1), Self.concert("a", 2, "cancelled"), Self.concert("a", 3, "postponed")]
            records[0].arrival = "100.002"
            records[1].arrival = "100.001"
            // A record of another shard that is older.
            records[2].arrival = "100.000"
            records[2].eventID = "shardId-000000000008:x"
            for record in records {
                let outcomes = try await Self.notify(
                    EventText([record]), by: notifier(subscribers, ledger: try ledger(server)))
                XCTAssertEqual(outcomes, [.succeeded])
            }
            XCTAssertEqual(subscribers.delivered, ["concert.announced a", "concert.cancelled a"])
        }
    }

    func testCanonicallyEquivalentIDsAreTwoEntities() async throws {
        try await onEachServer {
            let server = try redis.server()
            let subscribers = FakeSubscribers()
            let event = EventText([Self.concert("caf\u{E9}-1", 1), Self.concert("cafe\u{301}-1", 2)])
            let ledgers: [any DeliveryLedger] = [try ledger(server), InMemoryLedger()]
            for ledger in ledgers {
                _ = try await Self.notify(event, by: notifier(subscribers, ledger: ledger))
                _ = try await Self.notify(event, by: notifier(subscribers, ledger: ledger))
            }
            XCTAssertEqual(subscribers.delivered.count, 4)
            XCTAssertEqual(try server.cli("DBSIZE"), "2")
        }
    }

    /// The server stops after the notification is sent, so that it cannot be recorded.
    func testUnresponsiveServerEndsAtTheDeadline() async throws {
        try await onEachServer {
            let server = try redis.server()
            let pid = try server.processID()
            let subscribers = FakeSubscribers { _ in
                kill(pid, SIGSTOP)
                return nil
            }
            let outcomes = try await Self.notify(
                EventText([Self.concert("a", 1)]), by: notifier(subscribers, ledger: try ledger(server)),
                within: .seconds(1))
            kill(pid, SIGCONT)
            guard case .retryable(let reason) = outcomes[0] else { return XCTFail("\(outcomes)") }
            XCTAssertTrue(reason.contains("the deadline passed") || reason.contains("did not respond in time"), reason)
            XCTAssertEqual(subscribers.delivered, ["concert.announced a"])
        }
    }
}
