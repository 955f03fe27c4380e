/// How long to wait before commands that failed transiently are sent again.
public struct RedisBackoff: Sendable {
    /// A number in 0...1.
    public var jitter: @Sendable () -> Double = { Double.random(in: 0...1) }
    public var now: @Sendable () -> ContinuousClock.Instant = { .now }
    public var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    private static let firstDelay = Duration.milliseconds(40)
    private static let longestDelay = Duration.seconds(1)

    public init() {}

    /// The delay after attempt `attempt`, of which the first is 1: twice the one before, and at most a second.
    func delay(after attempt: Int) -> Duration {
        let ceiling = min(Self.firstDelay * (1 << min(max(attempt, 1) - 1, 10)), Self.longestDelay)
        return ceiling * (0.5 + jitter() / 2)
    }
}
