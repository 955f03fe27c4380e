import Basics
import Telemetry

/// A cache of credentials that are fetched on first use and renewed before they expire.
package actor RenewingCredentials: CredentialSource {
    package let origin: String
    private let fetch: @Sendable () async throws -> AWSCredentials
    private let now: @Sendable () -> WallClock
    private var current: AWSCredentials?
    /// The renewal in progress, which all callers await.
    private var renewal: Task<AWSCredentials, any Error>?

    /// The time before the expiration at which credentials are renewed, in ms.
    private static let margin: Int64 = 300_000

    init(
        origin: String, now: @escaping @Sendable () -> WallClock = WallClock.now,
        fetch: @escaping @Sendable () async throws -> AWSCredentials
    ) {
        (self.origin, self.now, self.fetch) = (origin, now, fetch)
    }

    package func credentials() async throws -> AWSCredentials {
        if let current, isValid(current, for: Self.margin) { return current }
        do { return try await renewed() } catch {
            // Credentials that are still valid are better than an error.
            if let current, isValid(current, for: 0) { return current }
            throw error
        }
    }

    package func invalidate() { current = nil }

    private func isValid(_ credentials: AWSCredentials, for milliseconds: Int64) -> Bool {
        guard let expiration = credentials.expiration else { return true }
        return expiration.millisecondsSinceEpoch > now().millisecondsSinceEpoch + milliseconds
    }

    private func renewed() async throws -> AWSCredentials {
        if let renewal { return try await renewal.value }
        // A separate task, because cancelling one caller must not cancel the others.
        let task = Task { [fetch] in try await fetch() }
        renewal = task
        defer { renewal = nil }
        let fresh = try await task.value
        current = fresh
        return fresh
    }
}
