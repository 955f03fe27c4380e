import Synchronization

/// What this process has told; a new one knows nothing of it.
///
/// Notifications are then told at least once: a process that starts takes the first record of an entity for its first sight.
final class ProcessMemory: NotificationMemory {
    private struct Entry {
        var states: ToldStates = [:]
        var owner: String?
        var leaseEnd = ContinuousClock.now
    }

    /// Two generations: when the younger is full, the older is forgotten.
    private struct Entries {
        var young: [EntityKey: Entry] = [:]
        var old: [EntityKey: Entry] = [:]

        subscript(entity: EntityKey, capacity: Int) -> Entry {
            get { young[entity] ?? old[entity] ?? Entry() }
            set {
                if young.count >= capacity, young[entity] == nil { (old, young) = (young, [:]) }
                young[entity] = newValue
            }
        }
    }

    private let entries = Mutex(Entries())
    private let capacity: Int

    /// - Parameter capacity: At least so many entities are remembered, at most twice as many.
    init(capacity: Int = 50_000) { self.capacity = capacity }

    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) -> [LeaseAnswer] {
        let now = ContinuousClock.now
        return entries.withLock { entries in
            entities.map { entity in
                var entry = entries[entity, capacity]
                guard entry.owner == nil || entry.owner == owner || entry.leaseEnd < now else { return .taken }
                (entry.owner, entry.leaseEnd) = (owner, now + duration)
                entries[entity, capacity] = entry
                return .held(entry.states)
            }
        }
    }

    func extendLeases(
        of entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) {
        let end = ContinuousClock.now + duration
        entries.withLock { entries in
            for entity in entities where entries[entity, capacity].owner == owner {
                entries[entity, capacity].leaseEnd = end
            }
        }
    }

    func mark(_ marks: [MemoryMark], for owner: String, until deadline: ContinuousClock.Instant) {
        entries.withLock { entries in
            for mark in marks where entries[mark.entity, capacity].owner == owner {
                entries[mark.entity, capacity].states.merge(mark.states) { $1 }
                if mark.endsLease { entries[mark.entity, capacity].owner = nil }
            }
        }
    }
}
