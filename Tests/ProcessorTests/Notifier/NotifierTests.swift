import JSON
import Synchronization
import XCTest

@testable import Processor

/// Tests of the notifier, from records to subscribers: notifications, repeats, and outcomes of failures.
final class NotifierTests: NotifierTestCase {
    func testEveryChangeOfABatchIsDeliveredInOrder() async throws {
        let subscribers = FakeSubscribers()
        let event = EventText([
            Self.concert("a", 1), Self.concert("b", 2), Self.concert("a", 3, day: 9), Self.concert("a", 4, "cancelled"),
            .init(Sample.venue, "5"), Self.concert("b", 6),
        ])
        let outcomes = try await Self.notify(event, by: notifier(subscribers))
        XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 6))
        XCTAssertEqual(
            subscribers.delivered,
            ["concert.announced a", "concert.announced b", "concert.rescheduled a", "concert.cancelled a"])
        // A call never contains two notifications of one entity, because the first one could fail and the second one not.
        XCTAssertEqual(subscribers.calls.map(\.count), [2, 1, 1])
    }

    func testRedeliveredRecordsSendNothing() async throws {
        let subscribers = FakeSubscribers()
        let notifier = notifier(subscribers)
        let event = EventText([Self.concert("a", 1), Self.concert("a", 2, "cancelled")])
        for _ in 0..<3 { _ = try await Self.notify(event, by: notifier) }
        _ = try await Self.notify(EventText([Self.concert("a", 3, "cancelled")]), by: notifier)
        XCTAssertEqual(subscribers.delivered, ["concert.announced a", "concert.cancelled a"])
    }

    func testMessageFormat() async throws {
        let bodies = Mutex<[[UInt8]]>([])
        let subscribers = FakeSubscribers { notifications in
            bodies.withLock { $0 += notifications.map(\.body) }
            return nil
        }
        var moved = EventText.Record(
            #"{"concert_id":"a","event_date":"2026-11-09T20:00:00.5","name":"\u007f\uffff<&\ufffe","ticket_prices":{"vip":48.50},"source":"s"}"#,
            "12")
        moved.arrival = "1794198257.237"
        _ = try await Self.notify(EventText([Self.concert("a", 11), moved]), by: notifier(subscribers))
        let body = try XCTUnwrap(bodies.withLock { $0.last })
        XCTAssertEqual(
            String(decoding: body, as: UTF8.self),
            #"{"type":"concert.rescheduled","entity":{"concert_id":"a","event_date":"2026-11-09T20:00:00.5Z","#
                + #""name":"\u007f\uffff<&\ufffe","ticket_prices":{"vip":48.50},"status":"scheduled","source":"s","#
                + #""_version":{"arrival":1794198257237,"sequence":"12","shard":"concerts/shardId-000000000007"}},"#
                + #""previous":{"event_date":"2026-11-08T00:00:00Z"},"#
                + #""stream":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts","shard":"shardId-000000000007","#
                + #""sequence_number":"12","time":"2026-11-09T04:24:17.237Z"}"#)
    }

    func testFailedEntryIsResentAlone() async throws {
        let hasFailed = Mutex(false)
        let subscribers = FakeSubscribers { notifications in
            hasFailed.withLock { hasFailed in
                guard !hasFailed else { return nil }
                hasFailed = true
                return notifications.map { $0.entity.text == "b" ? .failed(reason: "throttled") : .delivered }
            }
        }
        let event = EventText(["a", "b", "c"].enumerated().map { Self.concert($1, $0 + 1) })
        let outcomes = try await Self.notify(event, by: notifier(subscribers))
        XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 3))
        XCTAssertEqual(subscribers.calls.map(\.count), [3, 1])
        XCTAssertEqual(subscribers.delivered.sorted(), ["a", "b", "c"].map { "concert.announced \($0)" })
    }

    func testRetrySendsOnlyUndeliveredNotifications() async throws {
        let isDown = Mutex(false)
        let subscribers = FakeSubscribers(capacity: SendCapacity(count: 1)) { notifications in
            if notifications[0].entity.text == "c" { isDown.withLock { $0 = true } }
            return isDown.withLock { $0 } ? [.unavailable(reason: "down")] : nil
        }
        let ledger = InMemoryLedger()
        let records = ["a", "b", "c", "d"].enumerated().map { Self.concert($1, $0 + 1) }
        let outcomes = try await Self.notify(EventText(records), by: notifier(subscribers, ledger: ledger))
        let down = RecordOutcome.retryable(reason: "down")
        XCTAssertEqual(outcomes, [.succeeded, .succeeded, down, down])
        XCTAssertEqual(subscribers.calls.count, 3, "nothing is sent to an unavailable destination")
        let repaired = FakeSubscribers()
        let retried = try await Self.notify(EventText(records), by: notifier(repaired, ledger: ledger))
        XCTAssertEqual(retried, Array(repeating: .succeeded, count: 4))
        XCTAssertEqual(repaired.delivered, ["concert.announced c", "concert.announced d"])
    }

    func testRetrySkipsDestinationsThatWereNotified() async throws {
        let topic = FakeSubscribers(.topic)
        let webhook = FakeSubscribers(.webhook) { $0.map { _ in .unavailable(reason: "down") } }
        let ledger = InMemoryLedger()
        let event = EventText([Self.concert("a", 1), Self.concert("a", 2, "postponed")])
        let outcomes = try await Self.notify(event, by: notifier(topic, webhook, ledger: ledger))
        XCTAssertEqual(outcomes, Array(repeating: .retryable(reason: "down"), count: 2))
        let repaired = FakeSubscribers(.webhook)
        let retried = try await Self.notify(event, by: notifier(topic, repaired, ledger: ledger))
        XCTAssertEqual(retried, Array(repeating: .succeeded, count: 2))
        XCTAssertEqual(topic.delivered, ["concert.announced a", "concert.postponed a"])
        XCTAssertEqual(repaired.delivered, topic.delivered)
    }

    func testRejectionIsPermanentAndBlocksTheEntitysLaterNotifications() async throws {
        let subscribers = FakeSubscribers { notifications in
            notifications.map { $0.words == "concert.announced a" ? .rejected(reason: "status 404") : .delivered }
        }
        let ledger = InMemoryLedger()
        let records = [Self.concert("a", 1), Self.concert("b", 2), Self.concert("a", 3, "cancelled")]
        let outcomes = try await Self.notify(EventText(records), by: notifier(subscribers, ledger: ledger))
        XCTAssertEqual(outcomes[0], .rejected(PayloadError(.refused, "status 404")))
        XCTAssertEqual(outcomes[1], .succeeded)
        XCTAssertTrue(outcomes[2].isRetryable)
        // The rejected record has been dead-lettered, so Lambda continues after it.
        let retried = try await Self.notify(EventText([records[2]]), by: notifier(subscribers, ledger: ledger))
        XCTAssertEqual(retried, [.succeeded])
        XCTAssertEqual(subscribers.delivered, ["concert.announced b", "concert.cancelled a"])
    }

    func testBatchOfOtherKindsIsAcknowledgedWithoutDestinations() async throws {
        settings.types = [.concertCancelled]
        let ledger = FaultyLedger { _ in true }
        let event = EventText([.init(Sample.venue, "1"), .init(Sample.sale, "2"), .init(Sample.artist("a"), "3")])
        let outcomes = try await Self.notify(event, by: notifier(FakeSubscribers(), ledger: ledger))
        XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 3))
    }

    func testUnavailableLedgerFailsTheRecordsThatNeedIt() async throws {
        let subscribers = FakeSubscribers()
        let event = EventText([.init(Sample.venue, "1"), Self.concert("a", 2)])
        let ledger = FaultyLedger { $0 == .lease }
        let outcomes = try await Self.notify(event, by: notifier(subscribers, ledger: ledger))
        XCTAssertEqual(outcomes[0], .succeeded)
        XCTAssertTrue(outcomes[1].isRetryable)
        XCTAssertEqual(subscribers.calls, [])
    }

    /// The invocation responds in time, whatever the ledger does.
    func testLedgerCallsEndAtTheDeadline() async throws {
        let deadlines = Mutex<[ContinuousClock.Instant]>([])
        let ledger = FaultyLedger {
            $0 == .extend
        } noting: { deadline in
            deadlines.withLock { $0.append(deadline) }
        }
        let start = ContinuousClock.now
        let event = EventText([Self.concert("a", 1), Self.concert("b", 2, "completed")])
        _ = try await Self.notify(event, by: notifier(FakeSubscribers(), ledger: ledger), within: .seconds(3))
        let found = deadlines.withLock { $0 }
        XCTAssertEqual(found.count, 3, "one lease and two marks")
        XCTAssertEqual(Set(found).count, 1)
        XCTAssertLessThanOrEqual(found[0], start + .seconds(4))
    }

    func testNothingIsSentShortlyBeforeTheDeadline() async throws {
        let subscribers = FakeSubscribers()
        let outcomes = try await Self.notify(
            EventText([Self.concert("a", 1)]), by: notifier(subscribers), within: .milliseconds(50))
        XCTAssertTrue(outcomes.allSatisfy(\.isRetryable), "\(outcomes)")
        XCTAssertEqual(subscribers.calls, [])
    }

    func testCallsStayWithinTheCapacity() async throws {
        let sizes = Mutex<[Int]>([])
        let subscribers = FakeSubscribers(capacity: SendCapacity(count: 10, bytes: 1200)) { notifications in
            sizes.withLock { $0.append(notifications.map(\.body.count).reduce(0, +)) }
            return nil
        }
        let event = EventText((1...25).map { Self.concert("concert-\($0)", $0) })
        _ = try await Self.notify(event, by: notifier(subscribers))
        XCTAssertEqual(subscribers.delivered.count, 25)
        XCTAssertEqual(subscribers.calls.map(\.count), [3, 3, 3, 3, 3, 3, 3, 3, 1])
        XCTAssertTrue(sizes.withLock { $0.allSatisfy { $0 <= 1200 } })
        let wide = FakeSubscribers()
        _ = try await Self.notify(event, by: notifier(wide))
        XCTAssertEqual(wide.calls.map(\.count), [10, 10, 5])
        let narrow = FakeSubscribers(capacity: SendCapacity(count: 10, bytes: 1))
        _ = try await Self.notify(event, by: notifier(narrow))
        XCTAssertEqual(narrow.calls.count, 25, "what is too large by itself goes alone, to be judged there")
    }
}
