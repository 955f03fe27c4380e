import Glibc

/// A thread of its own for work that blocks for good; Dispatch lends no more than 255 at once, and sinks need some too.
enum DetachedThread {
    /// - Throws: ``RuntimeError/noThread(reason:)`` when the system gives none.
    static func start(_ body: @escaping @Sendable () -> Void) throws(RuntimeError) {
        // Balanced in the thread, which takes the reference over; here, when there is no thread.
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
