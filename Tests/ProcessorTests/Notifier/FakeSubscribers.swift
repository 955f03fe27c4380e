import JSON
import Synchronization
import Telemetry
import TestSupport
import XCTest

@testable import Processor

/// Those who are told: keeps what came, and fails as it was told to.
final class FakeSubscribers: NotificationSender {
    /// What becomes of the entries of one call, by their IDs' place; nil takes them.
    typealias Script = @Sendable ([Processor.Notification]) -> [SendOutcome]?

    let destination: Destination
    let capacity: SendCapacity
    private let script: Script
    private let state = Mutex<(told: [String], calls: [[String]])>(([], []))

    init(
        _ destination: Destination = .topic, capacity: SendCapacity = SendCapacity(count: 10),
        _ script: @escaping Script = { _ in nil }
    ) {
        (self.destination, self.capacity, self.script) = (destination, capacity, script)
    }

    /// `type id` of each that was taken, in order.
    var told: [String] { state.withLock { $0.told } }
    /// The same of each call, taken or not.
    var calls: [[String]] { state.withLock { $0.calls } }

    func size(of notification: Processor.Notification) -> Int { notification.body.count }

    func send(_ notifications: [Processor.Notification], context: InvocationContext) async -> [SendOutcome] {
        let outcomes = script(notifications) ?? notifications.map { _ in .told }
        state.withLock { state in
            state.calls.append(notifications.map(\.words))
            state.told += zip(notifications, outcomes).filter { $0.1 == .told }.map(\.0.words)
        }
        return outcomes
    }
}

extension Processor.Notification {
    var words: String { "\(type.rawValue) \(entity.text)" }
}

/// A memory that is out of reach when it is told to be.
final class FaultyMemory: NotificationMemory {
    enum Operation { case lease, extend, mark }
    struct OutOfReach: Error {}

    let inner: any NotificationMemory
    private let fault: @Sendable (Operation) -> Bool
    private let note: @Sendable (ContinuousClock.Instant) -> Void

    /// - Parameter note: Is called with the deadline of each operation.
    init(
        _ inner: any NotificationMemory = ProcessMemory(), _ fault: @escaping @Sendable (Operation) -> Bool,
        noting note: @escaping @Sendable (ContinuousClock.Instant) -> Void = { _ in }
    ) {
        (self.inner, self.fault, self.note) = (inner, fault, note)
    }

    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws -> [LeaseAnswer] {
        note(deadline)
        if fault(.lease) { throw OutOfReach() }
        return try await inner.lease(entities, for: owner, duration: duration, until: deadline)
    }

    func extendLeases(
        of entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws {
        note(deadline)
        if fault(.extend) { throw OutOfReach() }
        try await inner.extendLeases(of: entities, for: owner, duration: duration, until: deadline)
    }

    func mark(_ marks: [MemoryMark], for owner: String, until deadline: ContinuousClock.Instant) async throws {
        note(deadline)
        if fault(.mark) { throw OutOfReach() }
        try await inner.mark(marks, for: owner, until: deadline)
    }
}

/// Several threads ask in turn.
final class SharedGenerator: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

    func integer(_ range: Range<Int>) -> Int { generator.withLock { Int.random(in: range, using: &$0) } }

    /// True in so many of a hundred cases.
    func happens(_ percent: Int) -> Bool { integer(0..<100) < percent }
}

/// What each test of the notifier needs.
class NotifierTestCase: XCTestCase {
    let lines = CollectedLines()
    var settings = NotifierSettings(types: Set(NotificationType.allCases), popularityThreshold: 80)

    /// Attempts follow at once.
    var pacing: RetryPacing {
        var pacing = RetryPacing()
        pacing.retries.pause = { _ in try Task.checkCancellation() }
        return pacing
    }

    func notifier(
        _ senders: any NotificationSender..., memory: any NotificationMemory = ProcessMemory()
    ) -> Notifier {
        Notifier(
            settings: settings, memory: memory, senders: senders, pacing: pacing,
            log: Logger(level: .debug, sink: lines))
    }

    static func tell(
        _ event: EventText, by notifier: Notifier, within limit: Duration = .seconds(60)
    ) async throws -> [RecordOutcome] {
        let batch = try RecordBatch(decoding: event)
        let context = InvocationContext(requestID: "request-1", functionName: "function-1", deadline: .now + limit)
        let tell: @concurrent @Sendable () async -> OutcomeSheet = { [batch] in
            var sheet = OutcomeSheet(count: batch.records.count)
            await notifier.process(batch, context: context, outcomes: &sheet)
            return sheet
        }
        let sheets = await Deadline.race(context.deadline, [tell])
        let sheet = try XCTUnwrap(sheets.first)
        return (0..<sheet.count).map { sheet[$0] }
    }

    static func concert(_ id: String, _ sequence: Int, _ status: String = "scheduled", day: Int = 8) -> EventText.Record
    {
        let digits = String(day).count < 2 ? "0\(day)" : "\(day)"
        return EventText.Record(
            #"{"concert_id":"\#(id)","event_date":"2026-11-\#(digits)","status":"\#(status)"}"#, String(sequence))
    }
}
