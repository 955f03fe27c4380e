import Clients
import Synchronization

/// A clock that advances only during pauses.
package final class FakeTime: Sendable {
    private let passed = Mutex<Duration>(.zero)
    private let start = ContinuousClock.now
    package let pauses = Mutex<[Duration]>([])

    package init() {}

    /// - Parameter afterPause: Called with the number of the pause, starting at 1.
    package func backoff(_ afterPause: @escaping @Sendable (Int) throws -> Void = { _ in }) -> RedisBackoff {
        var backoff = RedisBackoff()
        backoff.jitter = { 1 }
        backoff.now = { [self] in start + passed.withLock { $0 } }
        backoff.pause = { [self] delay in
            try Task.checkCancellation()
            passed.withLock { $0 += delay }
            let count = pauses.withLock { pauses in
                pauses.append(delay)
                return pauses.count
            }
            try afterPause(count)
        }
        return backoff
    }
}
