import Synchronization

/// A ledger in the memory of the process, for functions without a cache.
///
/// A new process starts with an empty ledger and treats the first record of an entity as new, so notifications are
/// delivered at least once.
final class InMemoryLedger: DeliveryLedger {
    private struct Entry {
        var states: DeliveredStates = [:]
        var owner: String?
        var leaseEnd = ContinuousClock.now
    }

    /// Entries in two generations: when the younger one is full, the older one is discarded.
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

    /// - Parameter capacity: The least number of entities that are remembered; the most is twice as many.
    init(capacity: Int = 50_000) { self.capacity = capacity }

    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) -> [LeaseResult] {
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

    func record(_ updates: [LedgerEntry], for owner: String, until deadline: ContinuousClock.Instant) {
        entries.withLock { entries in
            for update in updates where entries[update.entity, capacity].owner == owner {
                entries[update.entity, capacity].states.merge(update.states) { $1 }
                if update.endsLease { entries[update.entity, capacity].owner = nil }
            }
        }
    }
}
