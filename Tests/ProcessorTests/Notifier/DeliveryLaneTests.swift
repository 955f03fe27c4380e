import Synchronization
import TestSupport
import XCTest

@testable import Processor

/// Many notifications: several calls are in flight, and each entity's notifications stay in order.
final class DeliveryLaneTests: NotifierTestCase {
    /// Four changes of each of fifty concerts.
    private let event = EventText(
        (0..<200).map { concert("c\($0 % 50)", $0 + 1, $0 / 50 % 2 == 0 ? "scheduled" : "postponed", day: 1 + $0 / 50) }
    )

    /// Returns the sequence of words that are sent about each concert.
    private func byEntity(_ words: [String]) -> [Substring: [Substring]] {
        Dictionary(grouping: words.map { $0.split(separator: " ") }, by: { $0[1] }).mapValues { $0.map { $0[0] } }
    }

    func testEightCallsAreInFlightAndEntitiesStayInOrder() async throws {
        let alone = FakeSubscribers(capacity: SendCapacity(count: 10))
        _ = try await Self.notify(event, by: notifier(alone))
        let sender = MeetingSender(8)
        let outcomes = try await Self.notify(event, by: notifier(sender))
        XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 200))
        XCTAssertEqual(sender.most, 8)
        XCTAssertEqual(sender.subscribers.delivered.count, alone.delivered.count)
        XCTAssertEqual(byEntity(sender.subscribers.delivered), byEntity(alone.delivered))
    }

    func testUnavailableDestinationEndsAllLanes() async throws {
        let count = Mutex(0)
        let failing = FakeSubscribers(capacity: SendCapacity(count: 1)) { _ in
            count.withLock { count in
                count += 1
                return count > 30 ? [.unavailable(reason: "down")] : nil
            }
        }
        let ledger = InMemoryLedger()
        let outcomes = try await Self.notify(event, by: notifier(failing, ledger: ledger))
        XCTAssertEqual(failing.delivered.count, 30)
        XCTAssertLessThanOrEqual(failing.calls.count, 38, "no lane begins another call")
        XCTAssertEqual(outcomes.count { $0 == .retryable(reason: "down") }, outcomes.count { $0 != .succeeded })
        let repaired = FakeSubscribers(capacity: SendCapacity(count: 1))
        let retried = try await Self.notify(event, by: notifier(repaired, ledger: ledger))
        XCTAssertEqual(retried, Array(repeating: .succeeded, count: 200))
        let alone = FakeSubscribers()
        _ = try await Self.notify(event, by: notifier(alone))
        XCTAssertEqual(byEntity(failing.delivered + repaired.delivered), byEntity(alone.delivered))
    }
}

/// A sender whose calls wait until a number of them is in flight, once.
private final class MeetingSender: NotificationSender {
    let destination = NotificationDestination.webhook
    let capacity = SendCapacity(count: 1)
    let subscribers = FakeSubscribers(.webhook, capacity: SendCapacity(count: 1))
    private let number: Int
    private let state = Mutex<(inFlight: Int, most: Int)>((0, 0))

    init(_ number: Int) { self.number = number }

    /// The most calls that were in flight.
    var most: Int { state.withLock { $0.most } }

    func size(of notification: Processor.Notification) -> Int { notification.body.count }

    func send(_ notifications: [Processor.Notification], context: InvocationContext) async -> [SendOutcome] {
        state.withLock { $0 = ($0.inFlight + 1, max($0.most, $0.inFlight + 1)) }
        while most < number, !Task.isCancelled { await Task.yield() }
        defer { state.withLock { $0.inFlight -= 1 } }
        return await subscribers.send(notifications, context: context)
    }
}
