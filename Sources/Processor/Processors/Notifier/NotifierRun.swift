import Telemetry

/// One batch on its way to the subscribers: leases, what each destination is to be told, telling, remembering.
struct NotifierRun: Sendable {
    let batch: RecordBatch
    let context: InvocationContext
    let settings: NotifierSettings
    let memory: any NotificationMemory
    let senders: [any NotificationSender]
    let pacing: RetryPacing
    let log: Logger
    /// Whose leases these are; nobody else has the same.
    private let owner = Self.newOwner()

    init(
        batch: RecordBatch, context: InvocationContext, settings: NotifierSettings, memory: any NotificationMemory,
        senders: [any NotificationSender], pacing: RetryPacing, log: Logger
    ) {
        (self.batch, self.context, self.settings, self.memory) = (batch, context, settings, memory)
        (self.senders, self.pacing, self.log) = (senders, pacing, log)
    }

    /// Longer than any one attempt and the time between two extensions: a crash is told again after this long.
    private static let leaseDuration = Duration.seconds(15)
    private static let extensionInterval = Duration.seconds(4)

    private static func newOwner() -> String {
        String(UInt64.random(in: 0 ... .max), radix: 16) + String(UInt64.random(in: 0 ... .max), radix: 16)
    }

    /// Marks every record; those with something to tell once it was told.
    func tell(_ outcomes: inout OutcomeSheet) async {
        let sightings = batch.sightings(settings)
        let sighted = Set(sightings.map(\.record))
        for index in batch.records.indices where !sighted.contains(index) { outcomes[index] = .succeeded }
        var waiting: [EntityKey] = []
        var known: Set<EntityKey> = []
        for sighting in sightings where known.insert(sighting.entity).inserted { waiting.append(sighting.entity) }
        var attempt = 0
        let start = ContinuousClock.now
        while !waiting.isEmpty {
            let leased: [EntityKey: ToldStates]
            do {
                let answers = try await memory.lease(
                    waiting, for: owner, duration: leaseDuration, until: context.deadline)
                let pairs = zip(waiting, answers)
                leased = pairs.reduce(into: [:]) { if case .held(let states) = $1.1 { $0[$1.0] = states } }
                waiting = pairs.compactMap { $1 == .taken ? $0 : nil }
                reject(pairs.map { $0 }, sightings, &outcomes)
            } catch {
                return fail(waiting, sightings, Self.outOfReach(error), &outcomes)
            }
            if waiting.isEmpty, leased.isEmpty { return }
            if leased.isEmpty {
                // Nothing is held while waiting, so two that wait for each other cannot be.
                attempt += 1
                let delay = min(pacing.retries.delay(after: attempt, requested: nil), .milliseconds(500))
                guard ContinuousClock.now + delay < min(context.deadline, start + pacing.patience),
                    (try? await pacing.retries.pause(delay)) != nil
                else { return fail(waiting, sightings, "another invocation is telling of it", &outcomes) }
            } else {
                attempt = 0
                await tell(sightings.filter { leased[$0.entity] != nil }, leased, &outcomes)
            }
        }
    }

    /// Rejects the records of entities whose state can never be read.
    private func reject(
        _ answers: [(entity: EntityKey, answer: LeaseAnswer)], _ sightings: [Sighting], _ outcomes: inout OutcomeSheet
    ) {
        var reasons: [EntityKey: String] = [:]
        for case (let entity, .unusable(let key, let reason)) in answers {
            reasons[entity] = "notifier: key \(MessageText.escaped(String(decoding: key, as: UTF8.self))): \(reason)"
            guard reasons.count <= Self.loggedKeys else { continue }
            log.log(
                .error, "the notifier cannot use the state of an entity", requestID: context.requestID,
                ["key": .string(String(decoding: key, as: UTF8.self)), "reason": .string(reason)])
        }
        guard !reasons.isEmpty else { return }
        for sighting in sightings {
            guard let reason = reasons[sighting.entity] else { continue }
            outcomes[sighting.record] = .rejected(PayloadError(.refused, reason))
        }
    }

    /// Lines of one invocation about keys.
    private static let loggedKeys = 20

    /// What is cancelled holds no lease for long.
    private var leaseDuration: Duration {
        min(Self.leaseDuration, max(.seconds(1), context.deadline - .now + .seconds(1)))
    }

    private func fail(
        _ entities: [EntityKey], _ sightings: [Sighting], _ reason: String, _ outcomes: inout OutcomeSheet
    ) {
        let entities = Set(entities)
        for sighting in sightings where entities.contains(sighting.entity) {
            outcomes[sighting.record] = .retryable(reason: reason)
        }
    }

    static func outOfReach(_ error: any Error) -> String { "the memory of what was told is out of reach: \(error)" }
}

/// Telling, with the leases held.
extension NotifierRun {
    private func tell(
        _ sightings: [Sighting], _ leased: [EntityKey: ToldStates], _ outcomes: inout OutcomeSheet
    ) async {
        let plans = senders.map { sender in
            NotificationPlan(
                sightings, known: leased.compactMapValues { $0[sender.destination] }, wanted: settings.types)
        }
        let results = await deliver(plans, keeping: Array(leased.keys))
        for sighting in sightings {
            outcomes[sighting.record] =
                results.lazy.compactMap { $0[sighting.record] }
                .max { $0.severity < $1.severity } ?? .succeeded
        }
        tellLog(of: results)
        let marks = leased.keys.map { entity in
            var states: ToldStates = [:]
            for (sender, plan) in zip(senders, plans) { states[sender.destination] = plan.silent[entity] }
            return MemoryMark(entity: entity, states: states, endsLease: true)
        }
        do { try await mark(marks) } catch {
            fail(Array(leased.keys), sightings, Self.outOfReach(error), &outcomes)
        }
    }

    /// Tells all destinations at once, and keeps the leases meanwhile.
    private func deliver(
        _ plans: [NotificationPlan], keeping entities: [EntityKey]
    ) async -> [[Int: RecordOutcome]] {
        guard plans.contains(where: { !$0.tellings.isEmpty }) else { return [] }
        return await withTaskGroup(of: [Int: RecordOutcome]?.self) { group in
            group.addTask { [memory, owner] in
                while (try? await Task.sleep(for: Self.extensionInterval)) != nil {
                    // A lease that is lost costs at most that something is told twice.
                    try? await memory.extendLeases(
                        of: entities, for: owner, duration: leaseDuration, until: context.deadline)
                }
                return nil
            }
            for (sender, plan) in zip(senders, plans) {
                group.addTask {
                    var delivery = Delivery(
                        batch: batch, context: context, sender: sender, pacing: pacing, mark: { try await mark($0) })
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

    /// Not cut short when the rest is, for what was told must be known; over at the deadline all the same.
    private func mark(_ marks: [MemoryMark]) async throws {
        try await Task { [memory, owner, context] in
            try await memory.mark(marks, for: owner, until: context.deadline)
        }.value
    }

    private func tellLog(of results: [[Int: RecordOutcome]]) {
        let told = results.reduce(0) { $0 + $1.values.count { $0 == .succeeded } }
        guard told > 0 else { return }
        log.log(.info, "subscribers told", requestID: context.requestID, ["notifications": .integer(told)])
    }
}
