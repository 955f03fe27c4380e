/// Exponential backoff: random delays below a ceiling that doubles with each attempt.
package struct Backoff: Sendable {
    private let first: Duration
    private let longest: Duration
    private let smallestPart: Double
    private var attempts = 0

    /// - Parameters:
    ///   - first: The first ceiling.
    ///   - longest: The highest ceiling.
    ///   - smallestPart: The smallest delay as a part of its ceiling: 0 for full jitter, 0.5 for at least half.
    package init(first: Duration, longest: Duration, smallestPart: Double) {
        (self.first, self.longest, self.smallestPart) = (first, longest, smallestPart)
    }

    /// Returns the delay after attempt `attempt`, the first of which is 1.
    ///
    /// - Parameter random: A random number in 0...1.
    package func delay(after attempt: Int, random: Double = .random(in: 0...1)) -> Duration {
        let ceiling = min(first * (1 << min(max(attempt, 1) - 1, 16)), longest)
        return ceiling * (smallestPart + (1 - smallestPart) * random)
    }

    /// Waits for the next delay, but not beyond `deadline`.
    ///
    /// - Throws: `CancellationError` if the task is cancelled.
    package mutating func pause(until deadline: ContinuousClock.Instant) async throws {
        attempts += 1
        try await Task.sleep(until: min(.now + delay(after: attempts), deadline), clock: .continuous)
    }
}
