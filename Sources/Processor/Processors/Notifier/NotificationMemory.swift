/// Where notifications go.
enum Destination: String, Sendable, CaseIterable {
    case topic = "sns"
    case eventBus = "eventbridge"
    case webhook
}

/// What was told of an entity, destination by destination: what one has got is not sent to it again because another failed.
typealias ToldStates = [Destination: ToldState]

/// Remembers what was told, and keeps two invocations from telling of the same entity at once.
///
/// A lease is taken before anything is sent, and what was sent is marked after: a crash in between is told again when the
/// lease has run out, rather than never.
protocol NotificationMemory: Sendable {
    /// Takes the lease of each entity that no other owner has, and recalls what was told of it.
    ///
    /// - Parameter owner: Unique to one invocation.
    /// - Returns: One for each of `entities`.
    /// - Throws: When the memory is out of reach; some leases may have been taken all the same, and run out.
    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws -> [LeaseAnswer]

    /// Makes the leases that `owner` still has last for `duration` from now.
    func extendLeases(
        of entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws

    /// Remembers what was told, unless another owner has taken the lease since.
    func mark(_ marks: [MemoryMark], for owner: String, until deadline: ContinuousClock.Instant) async throws
}

/// The answer to a request for one entity's lease.
enum LeaseAnswer: Sendable, Equatable {
    /// With what was told of the entity.
    case held(ToldStates)
    /// By another owner.
    case taken
    /// What is stored under `key` can never be used; it has to be deleted.
    case unusable(key: [UInt8], reason: String)
}

/// What there is to remember of one entity.
struct MemoryMark: Sendable, Equatable {
    var entity: EntityKey
    /// Those that have changed.
    var states: ToldStates
    /// Whether the lease is given back.
    var endsLease: Bool
}
