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
    /// Takes the lease of each entity that nobody else holds, and recalls what was told of it.
    ///
    /// - Parameter owner: Whoever asks; no two invocations have the same.
    /// - Returns: One for each of `entities`; nil where somebody else holds the lease.
    /// - Throws: When the memory is out of reach; some leases may have been taken all the same, and run out.
    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration
    ) async throws -> [ToldStates?]

    /// Makes the leases that `owner` still holds last for `duration` from now.
    func extendLeases(of entities: [EntityKey], for owner: String, duration: Duration) async throws

    /// Remembers what was told, unless somebody else has taken the lease since.
    func mark(_ marks: [MemoryMark], for owner: String) async throws
}

/// What there is to remember of one entity.
struct MemoryMark: Sendable, Equatable {
    var entity: EntityKey
    /// Those that have changed.
    var states: ToldStates
    /// Whether the lease is given back.
    var endsLease: Bool
}
