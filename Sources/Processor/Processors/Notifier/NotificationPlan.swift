/// A notification to send to one destination.
struct PlannedNotification: Sendable {
    /// The index of the record in the batch.
    var record: Int
    var entity: EntityKey
    var change: NotificationRules.Change
    var state: DeliveredState
    /// The state to record after the delivery, which includes later records that require no notification.
    var stateAfter: DeliveredState
}

/// The notifications to send to one destination about the entities whose leases are held, in record order.
struct NotificationPlan: Sendable {
    var notifications: [PlannedNotification] = []
    /// The states to record of entities about which no notification is sent.
    var silentStates: [EntityKey: DeliveredState] = [:]
}

/// A record that may require a notification.
struct Observation: Sendable {
    /// The index of the record in the batch.
    var record: Int
    var entity: EntityKey
    var version: RecordVersion
    var facts: EntityFacts
}

extension NotificationPlan {
    /// - Parameters:
    ///   - observations: In record order.
    ///   - known: The delivered state of each entity that has one.
    init(
        _ observations: [Observation], known: [EntityKey: DeliveredState], wanted: Set<NotificationType>
    ) {
        var known = known
        var lastPlanned: [EntityKey: Int] = [:]
        for observation in observations {
            let entity = observation.entity
            guard
                let step = NotificationRules.step(
                    from: known[entity], to: observation.facts, version: observation.version, wanted: wanted)
            else { continue }
            known[entity] = step.state
            if let change = step.change {
                lastPlanned[entity] = notifications.count
                silentStates[entity] = nil
                notifications.append(
                    PlannedNotification(
                        record: observation.record, entity: entity, change: change, state: step.state,
                        stateAfter: step.state))
            } else if let index = lastPlanned[entity] {
                notifications[index].stateAfter = step.state
            } else {
                silentStates[entity] = step.state
            }
        }
    }
}

extension RecordBatch {
    /// Returns the records that may require notifications.
    func observations(_ settings: NotifierSettings) -> [Observation] {
        let names = Set(settings.types.map(\.schema.name))
        let versions = versions()
        return records.enumerated().compactMap { index, record in
            guard names.contains(catalog[record.kind].name), let facts = facts(of: record, settings) else {
                return nil
            }
            return Observation(
                record: index, entity: key(of: record),
                version: versions[index], facts: facts)
        }
    }

    private func facts(of record: EntityRecord, _ settings: NotifierSettings) -> EntityFacts? {
        if let concert = view(record, as: Concert.self) {
            return .concert(status: concert.status, eventDate: concert.eventDate)
        }
        if let artist = view(record, as: Artist.self) {
            let score = string(artist.popularityScore.text)
            guard let threshold = settings.popularityThreshold, let value = Double(score) else { return nil }
            return .artist(score: score, isPopular: value > threshold)
        }
        return nil
    }
}
