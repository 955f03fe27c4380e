import Basics

/// The backoff before transiently failed commands are retried.
package struct RedisBackoff: Sendable {
    /// Returns a random number in 0...1.
    package var jitter: @Sendable () -> Double = { Double.random(in: 0...1) }
    package var now: @Sendable () -> ContinuousClock.Instant = { .now }
    package var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    private static let delays = Backoff(first: .milliseconds(40), longest: .seconds(1), smallestPart: 0.5)

    package init() {}

    /// Returns the delay after attempt `attempt`, the first of which is 1: it doubles each time, up to a second.
    func delay(after attempt: Int) -> Duration { Self.delays.delay(after: attempt, random: jitter()) }
}
