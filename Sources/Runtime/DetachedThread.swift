import Glibc

/// A dedicated thread for work that blocks permanently; Dispatch provides at most 255 threads, some of which the sinks
/// need.
enum DetachedThread {
    /// Starts a thread that runs `body`.
    ///
    /// - Throws: ``RuntimeError/noThread(reason:)`` if the system cannot create a thread.
    static func start(_ body: @escaping @Sendable () -> Void) throws(RuntimeError) {
        // Released by the thread, which takes over the reference, or here if no thread was created.
        let work = unsafe Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            unsafe work.release()
            throw .noThread(reason: unsafe String(cString: strerror(code)))
        }
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
