import Synchronization

/// Remembers of one processor whether its sink is down, so that it costs each invocation one short try and not all its time.
///
/// After three invocations in a row in which most records could not be taken the circuit is open: a try is then cut short
/// after two seconds, the records fail, and Lambda brings them again. The first try that goes well closes the circuit.
///
/// A sink that is slow rather than down would never end in time, so every tenth try has all the time there is.
public final class CircuitBreaker: Sendable {
    /// What a try has changed.
    enum Change: Sendable, Equatable { case opened, closed }

    private static let failureLimit = 3
    private static let shortTry = Duration.seconds(2)
    private static let tryOfFullLength = 10

    private struct State {
        /// Invocations in a row that failed.
        var failures = 0
        /// Tries since the circuit opened.
        var tries = 0

        var isOpen: Bool { failures >= failureLimit }
    }

    private let state = Mutex(State())

    init() {}

    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// When the try that begins now must be over.
    func deadline(within deadline: ContinuousClock.Instant) -> ContinuousClock.Instant {
        state.withLock { state in
            guard state.isOpen else { return deadline }
            state.tries += 1
            return state.tries % Self.tryOfFullLength == 0 ? deadline : min(deadline, .now + Self.shortTry)
        }
    }

    /// Notes how a try has ended.
    func note(_ sheet: OutcomeSheet) -> Change? {
        // Records that a processor does not handle succeed, whatever its sink does.
        let isDown = sheet.count > 0 && sheet.retryables * 2 > sheet.count
        return state.withLock { state in
            let wasOpen = state.isOpen
            if isDown { state.failures += 1 } else { state = State() }
            return state.isOpen == wasOpen ? nil : wasOpen ? .closed : .opened
        }
    }
}
