import Synchronization

/// Tracks whether a processor's sink is down, so that an outage costs each invocation one short attempt and not all of its time.
///
/// The circuit opens after three consecutive invocations in which most records failed transiently. An attempt is then
/// cancelled after two seconds, the records fail, and Lambda redelivers them. The first successful attempt closes the circuit.
///
/// A sink that is slow rather than down would never finish within two seconds, so every tenth attempt has the full time.
package final class CircuitBreaker: Sendable {
    /// A state change that an attempt causes.
    enum Change: Sendable, Equatable { case opened, closed }

    private static let failureLimit = 3
    private static let shortAttempt = Duration.seconds(2)
    private static let fullAttemptInterval = 10

    private struct State {
        /// Consecutive failed invocations.
        var failures = 0
        /// Attempts since the circuit opened.
        var attempts = 0

        var isOpen: Bool { failures >= failureLimit }
    }

    private let state = Mutex(State())

    init() {}

    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Returns the deadline of an attempt that starts now.
    func deadline(within deadline: ContinuousClock.Instant) -> ContinuousClock.Instant {
        state.withLock { state in
            guard state.isOpen else { return deadline }
            state.attempts += 1
            return state.attempts % Self.fullAttemptInterval == 0 ? deadline : min(deadline, .now + Self.shortAttempt)
        }
    }

    /// Records the outcomes of an attempt.
    func note(_ outcomes: RecordOutcomes) -> Change? {
        // Records of kinds that the processor ignores succeed even if its sink is down.
        let isDown = outcomes.count > 0 && outcomes.retryables * 2 > outcomes.count
        return state.withLock { state in
            let wasOpen = state.isOpen
            if isDown { state.failures += 1 } else { state = State() }
            return state.isOpen == wasOpen ? nil : wasOpen ? .closed : .opened
        }
    }
}
