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

    private static let grace = Duration.milliseconds(400)

    public init() {}

    /// Blocks SIGTERM in this thread, and so in all that it starts, and waits for it in a thread of its own.
    ///
    /// A call blocked in the kernel would not see a handler's flag, so the signal is taken out of its way altogether.
    /// Call it first, before any other thread runs.
    public func watch() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        // Without a thread there is no grace: the next SIGKILL ends what the retry will do again.
        try? DetachedThread.start { [self] in awaitSignal() }
    }

    private func awaitSignal() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        var received: Int32 = 0
        while unsafe sigwait(&signals, &received) != 0 {}
        isRequested.store(true, ordering: .sequentiallyConsistent)
        let end = ContinuousClock.now + Self.grace
        while invocations.load(ordering: .sequentiallyConsistent) > 0, ContinuousClock.now < end { usleep(5000) }
        // Not exit: its handlers would tear down libraries that other threads are still inside of.
        _exit(0)
    }

    /// An invocation has come, and should be answered before the process ends.
    func beginInvocation() { invocations.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// An invocation is answered.
    ///
    /// When the process is about to end, this thread asks for no more.
    func endInvocation() {
        invocations.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        while isRequested.load(ordering: .sequentiallyConsistent) { pause() }
    }
}
