/// The backoff before transiently failed commands are retried.
package struct RedisBackoff: Sendable {
    /// Returns a random number in 0...1.
    package var jitter: @Sendable () -> Double = { Double.random(in: 0...1) }
    package var now: @Sendable () -> ContinuousClock.Instant = { .now }
    package var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    private static let firstDelay = Duration.milliseconds(40)
    private static let longestDelay = Duration.seconds(1)

    package init() {}

    /// Returns the delay after attempt `attempt`, the first of which is 1: it doubles each time, up to a second.
    func delay(after attempt: Int) -> Duration {
        let ceiling = min(Self.firstDelay * (1 << min(max(attempt, 1) - 1, 10)), Self.longestDelay)
        return ceiling * (0.5 + jitter() / 2)
    }
}
