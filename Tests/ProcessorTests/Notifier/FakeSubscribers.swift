import JSON
import Synchronization
import Telemetry
import TestSupport
import XCTest

@testable import Processor

/// A sender that stores notifications, and fails by a script.
final class FakeSubscribers: NotificationSender {
    /// Returns the outcomes of the entries of one call; nil delivers all.
    typealias Script = @Sendable ([Processor.Notification]) -> [SendOutcome]?

    let destination: NotificationDestination
    let capacity: SendCapacity
    private let script: Script
    private let state = Mutex<(delivered: [String], calls: [[String]])>(([], []))

    init(
        _ destination: NotificationDestination = .topic, capacity: SendCapacity = SendCapacity(count: 10),
        _ script: @escaping Script = { _ in nil }
    ) {
        (self.destination, self.capacity, self.script) = (destination, capacity, script)
    }

    /// The `type id` of each delivered notification, in order.
    var delivered: [String] { state.withLock { $0.delivered } }
    /// The same for each call, including undelivered notifications.
    var calls: [[String]] { state.withLock { $0.calls } }

    func size(of notification: Processor.Notification) -> Int { notification.body.count }

    func send(_ notifications: [Processor.Notification], context: InvocationContext) async -> [SendOutcome] {
        let outcomes = script(notifications) ?? notifications.map { _ in .delivered }
        state.withLock { state in
            state.calls.append(notifications.map(\.words))
            state.delivered += zip(notifications, outcomes).filter { $0.1 == .delivered }.map(\.0.words)
        }
        return outcomes
    }
}

extension Processor.Notification {
    var words: String { "\(type.rawValue) \(entity.text)" }
}

/// A ledger that is unavailable if a closure returns true.
final class FaultyLedger: DeliveryLedger {
    enum Operation { case lease, extend, record }
    struct LedgerUnavailable: Error {}

    let inner: any DeliveryLedger
    private let fault: @Sendable (Operation) -> Bool
    private let note: @Sendable (ContinuousClock.Instant) -> Void

    /// - Parameter note: Called with the deadline of each operation.
    init(
        _ inner: any DeliveryLedger = InMemoryLedger(), _ fault: @escaping @Sendable (Operation) -> Bool,
        noting note: @escaping @Sendable (ContinuousClock.Instant) -> Void = { _ in }
    ) {
        (self.inner, self.fault, self.note) = (inner, fault, note)
    }

    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws -> [LeaseResult] {
        note(deadline)
        if fault(.lease) { throw LedgerUnavailable() }
        return try await inner.lease(entities, for: owner, duration: duration, until: deadline)
    }

    func extendLeases(
        of entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws {
        note(deadline)
        if fault(.extend) { throw LedgerUnavailable() }
        try await inner.extendLeases(of: entities, for: owner, duration: duration, until: deadline)
    }

    func record(_ entries: [LedgerEntry], for owner: String, until deadline: ContinuousClock.Instant) async throws {
        note(deadline)
        if fault(.record) { throw LedgerUnavailable() }
        try await inner.record(entries, for: owner, until: deadline)
    }
}

/// A random number generator that several threads share.
final class SharedGenerator: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

    func integer(_ range: Range<Int>) -> Int { generator.withLock { Int.random(in: range, using: &$0) } }

    /// Returns true with a probability in percent.
    func happens(_ percent: Int) -> Bool { integer(0..<100) < percent }
}

/// Helpers for tests of the notifier.
class NotifierTestCase: XCTestCase {
    let lines = CollectedLines()
    var settings = NotifierSettings(types: Set(NotificationType.allCases), popularityThreshold: 80)

    /// A pacing without pauses.
    var pacing: RetryPacing {
        var pacing = RetryPacing()
        pacing.retries.pause = { _ in try Task.checkCancellation() }
        return pacing
    }

    func notifier(
        _ senders: any NotificationSender..., ledger: any DeliveryLedger = InMemoryLedger()
    ) -> Notifier {
        Notifier(
            settings: settings, ledger: ledger, senders: senders, pacing: pacing,
            log: Logger(level: .debug, sink: lines))
    }

    static func notify(
        _ event: EventText, by notifier: Notifier, within limit: Duration = .seconds(60)
    ) async throws -> [RecordOutcome] {
        let batch = try RecordBatch(decoding: event)
        let context = InvocationContext(requestID: "request-1", functionName: "function-1", deadline: .now + limit)
        let process: @concurrent @Sendable () async -> RecordOutcomes = { [batch] in
            var outcomes = RecordOutcomes(count: batch.records.count)
            await notifier.process(batch, context: context, outcomes: &outcomes)
            return outcomes
        }
        let results = await Deadline.race(context.deadline, [process])
        let outcomes = try XCTUnwrap(results.first)
        return (0..<outcomes.count).map { outcomes[$0] }
    }

    static func concert(_ id: String, _ sequence: Int, _ status: String = "scheduled", day: Int = 8) -> EventText.Record
    {
        let digits = String(day).count < 2 ? "0\(day)" : "\(day)"
        return EventText.Record(
            #"{"concert_id":"\#(id)","event_date":"2026-11-\#(digits)","status":"\#(status)"}"#, String(sequence))
    }
}
