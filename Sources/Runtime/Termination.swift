import Glibc
import Synchronization

/// Ends the process on SIGTERM within half a second: at once when idle, else when the answer at hand is posted.
///
/// Lambda gives 500 ms between SIGTERM and SIGKILL. What is not answered by then comes again.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown>
public final class Termination: Sendable {
    private let invocations = Atomic(0)
    private let isRequested = Atomic(false)

    /// What the signal's handler ends; written once, before there is a handler.
    private nonisolated(unsafe) static var watched: Termination?

    /// In microseconds.
    private static let grace = 400_000

    public init() {}

    /// Handles SIGTERM from now on.
    ///
    /// The handler does what there is to do, rather than leave a flag, which a call that blocks in the kernel would not see.
    /// A thread of its own that waits for the signal would be one more to start before the first `next`.
    ///
    /// Call it once, before any other thread runs.
    public func watch() {
        unsafe Self.watched = self
        Self.handle(SIGTERM) { _ in unsafe Termination.watched?.receive() }
        Self.handle(SIGALRM) { _ in Termination.end() }
    }

    private static func handle(_ signal: Int32, by handler: @escaping @convention(c) (Int32) -> Void) {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = handler
        // What the signal interrupts goes on by itself.
        action.sa_flags = SA_RESTART
        _ = unsafe sigaction(signal, &action, nil)
    }

    /// In the signal's handler, so nothing but atomics and system calls (signal-safety(7)).
    private func receive() {
        guard !isRequested.exchange(true, ordering: .sequentiallyConsistent) else { return }
        guard invocations.load(ordering: .sequentiallyConsistent) > 0 else { Self.end() }
        var time = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 0, tv_usec: Self.grace))
        if unsafe setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &time, nil) != 0 { Self.end() }
    }

    /// Not `exit`: its handlers would tear down libraries that other threads are still inside of.
    private static func end() -> Never { _exit(0) }

    /// An invocation has come, and should be answered before the process ends.
    func beginInvocation() { invocations.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// An invocation is answered.
    ///
    /// When the process is about to end, this thread asks for no more.
    func endInvocation() {
        let rest = invocations.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
        guard isRequested.load(ordering: .sequentiallyConsistent) else { return }
        if rest == 0 { Self.end() }
        while true { pause() }
    }
}
