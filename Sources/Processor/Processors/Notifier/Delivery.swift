import Clients
import Synchronization

/// The delivery of planned notifications to one destination.
///
/// The notifications of one entity are sent in order. Many notifications are sent in several lanes, which have one call in
/// flight each; all notifications of an entity are in the same lane.
struct Delivery: Sendable {
    let batch: RecordBatch
    let context: InvocationContext
    let sender: any NotificationSender
    let pacing: RetryPacing
    /// Records deliveries in the ledger, immediately after each call.
    let recordInLedger: @Sendable ([LedgerEntry]) async throws -> Void

    /// The outcomes of the records with planned notifications, by index.
    private(set) var outcomes: [Int: RecordOutcome] = [:]
    /// Entities with a rejected notification.
    ///
    /// Their later notifications wait for the next invocation, so that the rejected record is dead-lettered before a later
    /// state is recorded as delivered.
    private var blocked: Set<EntityKey> = []
    private var failingSince: ContinuousClock.Instant?

    init(
        batch: RecordBatch, context: InvocationContext, sender: any NotificationSender, pacing: RetryPacing,
        recordInLedger: @escaping @Sendable ([LedgerEntry]) async throws -> Void
    ) {
        (self.batch, self.context, self.sender, self.pacing) = (batch, context, sender, pacing)
        self.recordInLedger = recordInLedger
    }

    private struct Message {
        var planned: PlannedNotification
        var notification: Notification
    }

    /// Sends the notifications of `plan`; marks the rest as retryable if the destination is unavailable or time is up.
    mutating func deliver(_ plan: NotificationPlan) async {
        let obstacle = Obstacle()
        let lanes = lanes(of: plan.notifications)
        guard lanes.count > 1 else { return await deliver(plan.notifications, obstacle) }
        let start = self
        outcomes = await withTaskGroup(of: [Int: RecordOutcome].self) { group in
            for lane in lanes {
                group.addTask {
                    var delivery = start
                    await delivery.deliver(lane, obstacle)
                    return delivery.outcomes
                }
            }
            return await group.reduce(into: [:]) { $0.merge($1) { $1 } }
        }
    }

    /// The reason why nothing more can be sent, which ends all lanes.
    private final class Obstacle: Sendable {
        private let first = Mutex<String?>(nil)

        var reason: String? { first.withLock { $0 } }

        func note(_ reason: String) { first.withLock { $0 = $0 ?? reason } }
    }

    /// Distributes notifications to lanes, in their order.
    private func lanes(of notifications: [PlannedNotification]) -> [[PlannedNotification]] {
        let calls = notifications.count / max(1, sender.capacity.count)
        let count = min(Self.laneLimit, calls / Self.leastCalls)
        guard count > 1 else { return [notifications] }
        var lanes = [[PlannedNotification]](repeating: [], count: count)
        var known: [EntityKey: Int] = [:]
        for planned in notifications {
            let lane = known[planned.entity] ?? known.count % count
            known[planned.entity] = lane
            lanes[lane].append(planned)
        }
        return lanes
    }

    /// The most calls in flight to one destination.
    private static let laneLimit = 8
    /// The least calls for which a lane is used.
    private static let leastCalls = 8

    private mutating func deliver(_ notifications: [PlannedNotification], _ obstacle: Obstacle) async {
        var rest = notifications[...]
        while !rest.isEmpty {
            if obstacle.reason == nil {
                let messages = nextCall(&rest)
                guard !messages.isEmpty, let problem = await send(messages) else { continue }
                obstacle.note(problem)
            }
            let reason = obstacle.reason ?? ""
            for planned in rest { outcomes[planned.record] = .retryable(reason: reason) }
            return
        }
    }

    /// Removes from `rest` as many notifications as one call may contain, and returns them.
    private mutating func nextCall(_ rest: inout ArraySlice<PlannedNotification>) -> [Message] {
        var messages: [Message] = []
        var entities: Set<EntityKey> = []
        var bytes = 0
        while let planned = rest.first, messages.count < sender.capacity.count {
            if blocked.contains(planned.entity) {
                outcomes[planned.record] = .retryable(
                    reason: "blocked by an earlier rejected notification for this entity")
                rest.removeFirst()
                continue
            }
            // Entries of a call can fail individually, so two of one entity could be delivered in the wrong order.
            guard !entities.contains(planned.entity) else { break }
            let notification = batch.notification(
                of: batch.records[planned.record], planned.entity, planned.change, planned.state)
            bytes += sender.size(of: notification)
            guard messages.isEmpty || bytes <= sender.capacity.bytes else { break }
            entities.insert(planned.entity)
            messages.append(Message(planned: planned, notification: notification))
            rest.removeFirst()
        }
        return messages
    }

    /// Sends `messages` until each is delivered or rejected, or further attempts are not possible.
    ///
    /// - Returns: The reason why nothing more can be sent; nil if all messages are delivered or rejected.
    private mutating func send(_ messages: [Message]) async -> String? {
        var open = messages
        var attempt = 0
        while true {
            guard hasTime(for: .zero) else { return markRetryable(open, "no time left before the deadline") }
            attempt += 1
            let answers = await sender.send(open.map(\.notification), context: context)
            guard answers.count == open.count else {
                return markRetryable(open, "the response has a different number of results than the call has entries")
            }
            let answered = Array(zip(open, answers))
            if let problem = await recordDeliveries(answered.filter { $0.1 == .delivered }.map(\.0)) {
                return markRetryable(open, problem)
            }
            open = []
            var wait = Duration.zero
            var problem = ""
            var isUnavailable = false
            for (message, answer) in answered {
                switch answer {
                case .delivered: break
                case .rejected(let reason):
                    blocked.insert(message.planned.entity)
                    outcomes[message.planned.record] = .rejected(PayloadError(.refused, reason))
                case .failed(let reason, let retryAfter):
                    (problem, wait) = (reason, max(wait, retryAfter ?? .zero))
                    open.append(message)
                case .unavailable(let reason):
                    (problem, isUnavailable) = (reason, true)
                    open.append(message)
                }
            }
            if open.isEmpty { return nil }
            guard !isUnavailable, await pause(after: attempt, atLeast: wait) else {
                return markRetryable(open, problem)
            }
        }
    }

    private mutating func markRetryable(_ messages: [Message], _ problem: String) -> String {
        for message in messages { outcomes[message.planned.record] = .retryable(reason: problem) }
        return problem
    }

    /// Records deliveries in the ledger, and marks their records as succeeded.
    ///
    /// - Returns: The reason why the deliveries could not be recorded, and may be repeated; nil if they were recorded.
    private mutating func recordDeliveries(_ delivered: [Message]) async -> String? {
        guard !delivered.isEmpty else { return nil }
        failingSince = nil
        let entries = delivered.map {
            LedgerEntry(
                entity: $0.planned.entity, states: [sender.destination: $0.planned.stateAfter], endsLease: false)
        }
        do { try await recordInLedger(entries) } catch { return NotifierRun.ledgerUnavailable(error) }
        for message in delivered { outcomes[message.planned.record] = .succeeded }
        return nil
    }
}

/// Pauses and remaining time.
extension Delivery {
    /// Waits before another attempt; returns false if there is no time for one.
    private mutating func pause(after attempt: Int, atLeast wait: Duration) async -> Bool {
        let start = failingSince ?? .now
        failingSince = start
        let delay = max(pacing.retries.delay(after: attempt, requested: nil), wait)
        guard hasTime(for: delay), ContinuousClock.now + delay < start + pacing.patience else { return false }
        do { try await pacing.retries.pause(delay) } catch { return false }
        return true
    }

    /// Returns whether enough time is left after `delay` for an attempt to complete.
    private func hasTime(for delay: Duration) -> Bool {
        !Task.isCancelled && ContinuousClock.now + delay + RetryPacing.leastTime < context.deadline
    }
}

/// The limits of attempts.
struct RetryPacing: Sendable {
    /// The pauses between attempts.
    var retries: RetryPolicy
    /// How long attempts may keep failing before the rest is left to the next invocation.
    var patience = Duration.seconds(30)

    /// The least time for an attempt.
    ///
    /// A cancelled attempt may have been delivered, and is repeated by the next invocation.
    static let leastTime = Duration.milliseconds(100)

    init() {
        retries = RetryPolicy()
        retries.longestPause = .seconds(5)
    }
}
