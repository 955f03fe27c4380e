import Telemetry

/// Credentials that are fetched when they are first needed, kept, and fetched anew before they expire.
public actor RenewingCredentials: CredentialSource {
    public let origin: String
    private let fetch: @Sendable () async throws -> AWSCredentials
    private let now: @Sendable () -> WallClock
    private var current: AWSCredentials?
    /// What callers wait for who come while a renewal runs.
    private var renewal: Task<AWSCredentials, any Error>?

    /// How long before their end credentials are renewed, in ms.
    private static let margin: Int64 = 300_000

    init(
        origin: String, now: @escaping @Sendable () -> WallClock = WallClock.now,
        fetch: @escaping @Sendable () async throws -> AWSCredentials
    ) {
        (self.origin, self.now, self.fetch) = (origin, now, fetch)
    }

    public func credentials() async throws -> AWSCredentials {
        if let current, isValid(current, for: Self.margin) { return current }
        do { return try await renewed() } catch {
            // What still works is better than an error.
            if let current, isValid(current, for: 0) { return current }
            throw error
        }
    }

    public func invalidate() { current = nil }

    private func isValid(_ credentials: AWSCredentials, for milliseconds: Int64) -> Bool {
        guard let expiration = credentials.expiration else { return true }
        return expiration.millisecondsSinceEpoch > now().millisecondsSinceEpoch + milliseconds
    }

    private func renewed() async throws -> AWSCredentials {
        if let renewal { return try await renewal.value }
        // A task of its own, for one caller's cancellation is not the others'.
        let task = Task { [fetch] in try await fetch() }
        renewal = task
        defer { renewal = nil }
        let fresh = try await task.value
        current = fresh
        return fresh
    }
}
