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

    private static let grace = 400
    private static let step = 5

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
        // Balanced by the thread, which takes the reference over and never ends.
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Termination>.fromOpaque(context).takeRetainedValue().awaitSignal()
                return nil
            }, context)
        if code == 0 { pthread_detach(thread) }
    }

    private func awaitSignal() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        var received: Int32 = 0
        while unsafe sigwait(&signals, &received) != 0 {}
        isRequested.store(true, ordering: .sequentiallyConsistent)
        for _ in 0..<Self.grace / Self.step {
            if invocations.load(ordering: .sequentiallyConsistent) == 0 { break }
            usleep(UInt32(Self.step * 1000))
        }
        exit(0)
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
