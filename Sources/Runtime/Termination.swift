import Glibc
import Synchronization

/// A handler that ends the process within half a second of SIGTERM: immediately when idle, otherwise after the current
/// response has been posted.
///
/// Lambda sends SIGKILL 500 ms after SIGTERM. An invocation without a response is redelivered.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown>
package final class Termination: Sendable {
    private let invocations = Atomic(0)
    private let isRequested = Atomic(false)

    /// The instance that the signal handler uses; written once, before the handler is installed.
    private nonisolated(unsafe) static var watched: Termination?

    /// The time after SIGTERM at which the process ends, in microseconds.
    private static let grace = 400_000

    package init() {}

    /// Handles SIGTERM from now on.
    ///
    /// The handler does all work itself, because a blocking system call would not notice a flag, and a thread that
    /// waits for the signal would have to start before the first `next`.
    ///
    /// Call it once, before any other thread starts.
    package func watch() {
        unsafe Self.watched = self
        Self.handle(SIGTERM) { _ in unsafe Termination.watched?.receive() }
        Self.handle(SIGALRM) { _ in Termination.end() }
    }

    private static func handle(_ signal: Int32, by handler: @escaping @convention(c) (Int32) -> Void) {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = handler
        // Interrupted system calls are restarted.
        action.sa_flags = SA_RESTART
        _ = unsafe sigaction(signal, &action, nil)
    }

    /// Runs in the signal handler, so it uses only atomics and system calls (signal-safety(7)).
    private func receive() {
        guard !isRequested.exchange(true, ordering: .sequentiallyConsistent) else { return }
        guard invocations.load(ordering: .sequentiallyConsistent) > 0 else { Self.end() }
        var time = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 0, tv_usec: Self.grace))
        if unsafe setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &time, nil) != 0 { Self.end() }
    }

    /// `exit` would run handlers that destroy libraries which other threads still use.
    private static func end() -> Never { _exit(0) }

    /// Marks the start of an invocation, which should be answered before the process ends.
    func beginInvocation() { invocations.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// Marks the end of an invocation.
    ///
    /// If the process is about to end, this thread requests no more invocations.
    func endInvocation() {
        let rest = invocations.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
        guard isRequested.load(ordering: .sequentiallyConsistent) else { return }
        if rest == 0 { Self.end() }
        while true { pause() }
    }
}
