/// A kind of destination of notifications.
enum NotificationDestination: String, Sendable, CaseIterable {
    case topic = "sns"
    case eventBus = "eventbridge"
    case webhook
}

/// The delivered state of an entity per destination, so that a failure of one destination does not cause repeats at others.
typealias DeliveredStates = [NotificationDestination: DeliveredState]

/// A store of delivered notifications, with leases that keep two invocations from notifying about the same entity at once.
///
/// The lease is acquired before a notification is sent, and the delivery is recorded after it. After a crash in between,
/// the notification is sent again when the lease has expired.
protocol DeliveryLedger: Sendable {
    /// Acquires the lease of each entity that no other owner holds, and returns the entity's delivered states.
    ///
    /// - Parameter owner: Unique to one invocation.
    /// - Returns: One result for each of `entities`.
    /// - Throws: If the ledger is unavailable. Leases that were acquired nevertheless expire.
    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws -> [LeaseResult]

    /// Extends the leases that `owner` still holds, to `duration` from now.
    func extendLeases(
        of entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws

    /// Records delivered states, unless another owner has acquired the lease since.
    func record(_ entries: [LedgerEntry], for owner: String, until deadline: ContinuousClock.Instant) async throws
}

/// The result of a request for the lease of one entity.
enum LeaseResult: Sendable, Equatable {
    /// The lease is acquired; the value is the entity's delivered states.
    case held(DeliveredStates)
    /// Another owner holds the lease.
    case taken
    /// The value stored under `key` cannot be used, and must be deleted by an operator.
    case unusable(key: [UInt8], reason: String)
}

/// An update of one entity's delivered states.
struct LedgerEntry: Sendable, Equatable {
    var entity: EntityKey
    /// The states that have changed.
    var states: DeliveredStates
    /// Whether the lease is released.
    var endsLease: Bool
}
