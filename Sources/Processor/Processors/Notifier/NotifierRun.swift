import Basics
import Telemetry

/// The notifications of one batch: acquires leases, plans and sends the notifications of each destination, and records them.
struct NotifierRun: Sendable {
    let batch: RecordBatch
    let context: InvocationContext
    let settings: NotifierSettings
    let ledger: any DeliveryLedger
    let senders: [any NotificationSender]
    let pacing: RetryPacing
    let log: Logger
    /// The owner of this invocation's leases, which is unique.
    private let owner = Self.newOwner()

    init(
        batch: RecordBatch, context: InvocationContext, settings: NotifierSettings, ledger: any DeliveryLedger,
        senders: [any NotificationSender], pacing: RetryPacing, log: Logger
    ) {
        (self.batch, self.context, self.settings, self.ledger) = (batch, context, settings, ledger)
        (self.senders, self.pacing, self.log) = (senders, pacing, log)
    }

    /// Longer than any attempt and the time between two extensions.
    ///
    /// After a crash, notifications are repeated after this time.
    private static let leaseDuration = Duration.seconds(15)
    private static let extensionInterval = Duration.seconds(4)

    private static func newOwner() -> String {
        String(UInt64.random(in: 0 ... .max), radix: 16) + String(UInt64.random(in: 0 ... .max), radix: 16)
    }

    /// Sends the notifications of the batch, and marks every record.
    func run(_ outcomes: inout RecordOutcomes) async {
        let observations = batch.observations(settings)
        let observed = Set(observations.map(\.record))
        for index in batch.records.indices where !observed.contains(index) { outcomes[index] = .succeeded }
        var waiting: [EntityKey] = []
        var known: Set<EntityKey> = []
        for observation in observations where known.insert(observation.entity).inserted {
            waiting.append(observation.entity)
        }
        var attempt = 0
        let start = ContinuousClock.now
        while !waiting.isEmpty {
            let leased: [EntityKey: DeliveredStates]
            do {
                let answers = try await ledger.lease(
                    waiting, for: owner, duration: leaseDuration, until: context.deadline)
                let pairs = zip(waiting, answers)
                leased = pairs.reduce(into: [:]) { if case .held(let states) = $1.1 { $0[$1.0] = states } }
                waiting = pairs.compactMap { $1 == .taken ? $0 : nil }
                reject(pairs.map { $0 }, observations, &outcomes)
            } catch {
                return fail(waiting, observations, Self.ledgerUnavailable(error), &outcomes)
            }
            if waiting.isEmpty, leased.isEmpty { return }
            if leased.isEmpty {
                // No lease is held while waiting, so invocations cannot wait for each other.
                attempt += 1
                let delay = min(pacing.retries.delay(after: attempt, requested: nil), .milliseconds(500))
                guard ContinuousClock.now + delay < min(context.deadline, start + pacing.patience),
                    (try? await pacing.retries.pause(delay)) != nil
                else {
                    return fail(waiting, observations, "another invocation holds the lease of this entity", &outcomes)
                }
            } else {
                attempt = 0
                await deliver(observations.filter { leased[$0.entity] != nil }, leased, &outcomes)
            }
        }
    }

    /// Rejects the records of entities whose stored state cannot be read.
    private func reject(
        _ answers: [(entity: EntityKey, answer: LeaseResult)], _ observations: [Observation],
        _ outcomes: inout RecordOutcomes
    ) {
        var reasons: [EntityKey: String] = [:]
        for case (let entity, .unusable(let key, let reason)) in answers {
            reasons[entity] = "notifier: key \(MessageText.escaped(String(decoding: key, as: UTF8.self))): \(reason)"
            guard reasons.count <= Self.loggedKeys else { continue }
            log.log(
                .error, "the notification state of an entity is unusable; delete the key", requestID: context.requestID,
                ["key": .string(String(decoding: key, as: UTF8.self)), "reason": .string(reason)])
        }
        guard !reasons.isEmpty else { return }
        for observation in observations {
            guard let reason = reasons[observation.entity] else { continue }
            outcomes[observation.record] = .rejected(PayloadError(.refused, reason))
        }
    }

    /// The most log lines of one invocation about keys.
    private static let loggedKeys = 20

    /// The duration of leases, which is shorter near the deadline so that a cancelled invocation does not block others for long.
    private var leaseDuration: Duration {
        min(Self.leaseDuration, max(.seconds(1), context.deadline - .now + .seconds(1)))
    }

    private func fail(
        _ entities: [EntityKey], _ observations: [Observation], _ reason: String, _ outcomes: inout RecordOutcomes
    ) {
        let entities = Set(entities)
        for observation in observations where entities.contains(observation.entity) {
            outcomes[observation.record] = .retryable(reason: reason)
        }
    }

    static func ledgerUnavailable(_ error: any Error) -> String { "the notification state is unavailable: \(error)" }
}

/// Delivery of notifications about entities whose leases are held.
extension NotifierRun {
    /// Notifies all destinations about the leased entities, and releases the leases.
    private func deliver(
        _ observations: [Observation], _ leased: [EntityKey: DeliveredStates], _ outcomes: inout RecordOutcomes
    ) async {
        let plans = senders.map { sender in
            NotificationPlan(
                observations, known: leased.compactMapValues { $0[sender.destination] }, wanted: settings.types)
        }
        let results = await deliver(plans, keeping: Array(leased.keys))
        for observation in observations {
            outcomes[observation.record] =
                results.lazy.compactMap { $0[observation.record] }
                .max { $0.severity < $1.severity } ?? .succeeded
        }
        logDeliveries(of: results)
        let entries = leased.keys.map { entity in
            var states: DeliveredStates = [:]
            for (sender, plan) in zip(senders, plans) { states[sender.destination] = plan.silentStates[entity] }
            return LedgerEntry(entity: entity, states: states, endsLease: true)
        }
        do { try await record(entries) } catch {
            fail(Array(leased.keys), observations, Self.ledgerUnavailable(error), &outcomes)
        }
    }

    /// Notifies all destinations concurrently, and extends the leases during the calls.
    private func deliver(
        _ plans: [NotificationPlan], keeping entities: [EntityKey]
    ) async -> [[Int: RecordOutcome]] {
        guard plans.contains(where: { !$0.notifications.isEmpty }) else { return [] }
        return await withTaskGroup(of: [Int: RecordOutcome]?.self) { group in
            group.addTask { [ledger, owner] in
                while (try? await Task.sleep(for: Self.extensionInterval)) != nil {
                    // If the extension fails, a notification may be sent twice.
                    try? await ledger.extendLeases(
                        of: entities, for: owner, duration: leaseDuration, until: context.deadline)
                }
                return nil
            }
            for (sender, plan) in zip(senders, plans) {
                group.addTask {
                    var delivery = Delivery(
                        batch: batch, context: context, sender: sender, pacing: pacing,
                        recordInLedger: { try await record($0) })
                    await delivery.deliver(plan)
                    return delivery.outcomes
                }
            }
            var results: [[Int: RecordOutcome]] = []
            while results.count < senders.count, let result = await group.next() {
                if let result { results.append(result) }
            }
            group.cancelAll()
            return results
        }
    }

    /// Records entries in the ledger.
    ///
    /// Not cancelled with the rest of the run, because deliveries must be recorded; limited by the deadline.
    private func record(_ entries: [LedgerEntry]) async throws {
        try await Task { [ledger, owner, context] in
            try await ledger.record(entries, for: owner, until: context.deadline)
        }.value
    }

    private func logDeliveries(of results: [[Int: RecordOutcome]]) {
        let delivered = results.reduce(0) { $0 + $1.values.count { $0 == .succeeded } }
        guard delivered > 0 else { return }
        log.log(
            .info, "notifications delivered", requestID: context.requestID,
            ["notifications": .integer(delivered)])
    }
}
