import Clients

/// Tells one destination what it is to be told, in order, and says what became of each record.
struct Delivery: Sendable {
    let batch: RecordBatch
    let context: InvocationContext
    let sender: any NotificationSender
    let pacing: RetryPacing
    /// Remembers what was told, as soon as it was.
    let mark: @Sendable ([MemoryMark]) async throws -> Void

    /// What became of the records that had something to tell, by their index.
    private(set) var outcomes: [Int: RecordOutcome] = [:]
    /// Entities of which a notification was refused: what follows waits until the next invocation, so that the refused
    /// record is in the dead letters before a later state makes it look told.
    private var held: Set<EntityKey> = []
    private var failingSince: ContinuousClock.Instant?

    init(
        batch: RecordBatch, context: InvocationContext, sender: any NotificationSender, pacing: RetryPacing,
        mark: @escaping @Sendable ([MemoryMark]) async throws -> Void
    ) {
        (self.batch, self.context, self.sender, self.pacing) = (batch, context, sender, pacing)
        self.mark = mark
    }

    private struct Message {
        var telling: NotificationPlan.Telling
        var notification: Notification
    }

    /// Returns early, the rest undone, when the destination is out of reach or time is up.
    mutating func deliver(_ plan: NotificationPlan) async {
        var rest = plan.tellings[...]
        while !rest.isEmpty {
            let messages = nextCall(&rest)
            guard let problem = messages.isEmpty ? nil : await send(messages) else { continue }
            for telling in rest { outcomes[telling.record] = .retryable(reason: problem) }
            return
        }
    }

    /// Takes as many from `rest` as one call may carry.
    private mutating func nextCall(_ rest: inout ArraySlice<NotificationPlan.Telling>) -> [Message] {
        var messages: [Message] = []
        var entities: Set<EntityKey> = []
        var bytes = 0
        while let telling = rest.first, messages.count < sender.capacity.count {
            if held.contains(telling.entity) {
                outcomes[telling.record] = .retryable(reason: "waits for what was refused of the same entity before")
                rest.removeFirst()
                continue
            }
            // One may fail and the other not, and would then be told first.
            guard !entities.contains(telling.entity) else { break }
            let notification = batch.notification(
                of: batch.records[telling.record], telling.entity, telling.change, telling.state)
            bytes += sender.size(of: notification)
            guard messages.isEmpty || bytes <= sender.capacity.bytes else { break }
            entities.insert(telling.entity)
            messages.append(Message(telling: telling, notification: notification))
            rest.removeFirst()
        }
        return messages
    }

    /// Sends `messages` until each is told or refused, as long as there is hope.
    ///
    /// - Returns: Why nothing more can be sent; nil when all is well.
    private mutating func send(_ messages: [Message]) async -> String? {
        var open = messages
        var attempt = 0
        while true {
            guard hasTime(for: .zero) else { return giveUp(open, "no time left before the deadline") }
            attempt += 1
            let answers = await sender.send(open.map(\.notification), context: context)
            guard answers.count == open.count else { return giveUp(open, "the answer does not fit the call") }
            let answered = Array(zip(open, answers))
            if let problem = await remember(answered.filter { $0.1 == .told }.map(\.0)) {
                return giveUp(open, problem)
            }
            open = []
            var wait = Duration.zero
            var problem = ""
            var isOutOfReach = false
            for (message, answer) in answered {
                switch answer {
                case .told: break
                case .refused(let reason):
                    held.insert(message.telling.entity)
                    outcomes[message.telling.record] = .rejected(PayloadError(.refused, reason))
                case .failed(let reason, let retryAfter):
                    (problem, wait) = (reason, max(wait, retryAfter ?? .zero))
                    open.append(message)
                case .outOfReach(let reason):
                    (problem, isOutOfReach) = (reason, true)
                    open.append(message)
                }
            }
            if open.isEmpty { return nil }
            guard !isOutOfReach, await pause(after: attempt, atLeast: wait) else { return giveUp(open, problem) }
        }
    }

    private mutating func giveUp(_ messages: [Message], _ problem: String) -> String {
        for message in messages { outcomes[message.telling.record] = .retryable(reason: problem) }
        return problem
    }

    /// - Returns: Why it could not be remembered; it may then be told again.
    private mutating func remember(_ told: [Message]) async -> String? {
        guard !told.isEmpty else { return nil }
        failingSince = nil
        let marks = told.map {
            MemoryMark(
                entity: $0.telling.entity, states: [sender.destination: $0.telling.stateAfter], endsLease: false)
        }
        do { try await mark(marks) } catch { return NotifierRun.outOfReach(error) }
        for message in told { outcomes[message.telling.record] = .succeeded }
        return nil
    }
}

/// Time.
extension Delivery {
    /// Waits before another attempt; false when there is no use in one.
    private mutating func pause(after attempt: Int, atLeast wait: Duration) async -> Bool {
        let start = failingSince ?? .now
        failingSince = start
        let delay = max(pacing.retries.delay(after: attempt, requested: nil), wait)
        guard hasTime(for: delay), ContinuousClock.now + delay < start + pacing.patience else { return false }
        do { try await pacing.retries.pause(delay) } catch { return false }
        return true
    }

    /// Whether, after `delay`, there is time for an attempt that has some hope to end before it is cut short.
    private func hasTime(for delay: Duration) -> Bool {
        !Task.isCancelled && ContinuousClock.now + delay + RetryPacing.leastTime < context.deadline
    }
}

/// How long to go on trying.
struct RetryPacing: Sendable {
    /// The pauses between attempts.
    var retries: RetryPolicy
    /// How long attempts may fail, one after the other, before the rest is left to the next invocation.
    var patience = Duration.seconds(30)

    /// What is cut short may have been told, and is told again: nothing is begun with less time than this.
    static let leastTime = Duration.milliseconds(100)

    init() {
        retries = RetryPolicy()
        retries.longestPause = .seconds(5)
    }
}
