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
            do { leased = try await lease(waiting) } catch {
                return fail(waiting, sightings, Self.outOfReach(error), &outcomes)
            }
            waiting.removeAll { leased[$0] != nil }
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

    private func lease(_ entities: [EntityKey]) async throws -> [EntityKey: ToldStates] {
        let states = try await memory.lease(entities, for: owner, duration: leaseDuration)
        return zip(entities, states).reduce(into: [:]) { leased, pair in leased[pair.0] = pair.1 }
    }

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
                    try? await memory.extendLeases(of: entities, for: owner, duration: leaseDuration)
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

    /// Not cut short when the rest is: what was told must be known.
    private func mark(_ marks: [MemoryMark]) async throws {
        try await Task { [memory, owner] in try await memory.mark(marks, for: owner) }.value
    }

    private func tellLog(of results: [[Int: RecordOutcome]]) {
        let told = results.reduce(0) { $0 + $1.values.count { $0 == .succeeded } }
        guard told > 0 else { return }
        log.log(.info, "subscribers told", requestID: context.requestID, ["notifications": .integer(told)])
    }
}
