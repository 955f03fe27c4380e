/// What one destination is to be told of the entities whose leases are held, in record order.
struct NotificationPlan: Sendable {
    /// A notification to send.
    struct Telling: Sendable {
        /// Of the record, in the batch.
        var record: Int
        var entity: EntityKey
        var change: NotificationRules.Change
        var state: ToldState
        /// What the destination knows once it was told: also that records which follow have nothing to tell.
        var stateAfter: ToldState
    }

    var tellings: [Telling] = []
    /// What the destination knows without being told, of entities that it is told nothing of.
    var silent: [EntityKey: ToldState] = [:]
}

/// A record that may have something to tell.
struct Sighting: Sendable {
    /// Of the record, in the batch.
    var record: Int
    var entity: EntityKey
    var version: RecordVersion
    var facts: EntityFacts
}

extension NotificationPlan {
    /// - Parameters:
    ///   - sightings: In record order.
    ///   - known: What the destination knows of each entity, those that it knows nothing of left out.
    init(
        _ sightings: [Sighting], known: [EntityKey: ToldState], wanted: Set<NotificationType>
    ) {
        var known = known
        var lastTelling: [EntityKey: Int] = [:]
        for sighting in sightings {
            let entity = sighting.entity
            guard
                let step = NotificationRules.step(
                    from: known[entity], to: sighting.facts, version: sighting.version, wanted: wanted)
            else { continue }
            known[entity] = step.state
            if let change = step.change {
                lastTelling[entity] = tellings.count
                silent[entity] = nil
                tellings.append(
                    Telling(
                        record: sighting.record, entity: entity, change: change, state: step.state,
                        stateAfter: step.state))
            } else if let index = lastTelling[entity] {
                tellings[index].stateAfter = step.state
            } else {
                silent[entity] = step.state
            }
        }
    }
}

extension RecordBatch {
    /// The records that notifications may be about.
    func sightings(_ settings: NotifierSettings) -> [Sighting] {
        let names = Set(settings.types.map(\.schema.name))
        let versions = versions()
        return records.enumerated().compactMap { index, record in
            guard names.contains(catalog[record.kind].name), let facts = facts(of: record, settings) else {
                return nil
            }
            return Sighting(
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
