import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM: the first cancels what the command does, so that it can report what was done; the second ends it.
enum Interruption {
    /// Runs `work`, cancelled when somebody interrupts the program.
    static func interruptible<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws
        -> Result
    {
        let request = Request()
        let sources = [SIGINT, SIGTERM].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                guard request.isFirst() else {
                    OutputFile.discardDrafts()
                    _exit(128 + number)
                }
            }
            return source
        }
        defer { for source in sources { source.cancel() } }
        for source in sources { await source.register() }
        // On the main thread, as without an interruption; only the task that waits is another.
        let task = Task { @MainActor in try await work() }
        request.cancels(task)
        return try await task.value
    }
}

extension DispatchSourceSignal {
    /// Activates the source, and waits until signals come to it: until then, they end the program before it does anything.
    fileprivate func register() async {
        await withCheckedContinuation { continuation in
            setRegistrationHandler { continuation.resume() }
            activate()
        }
    }
}

/// Whether the end was asked for, and what to cancel then.
private final class Request: Sendable {
    private let state = Mutex<(isMade: Bool, cancel: (@Sendable () -> Void)?)>((false, nil))

    /// Notes a signal.
    ///
    /// - Returns: Whether it is the first one, which cancels the task.
    func isFirst() -> Bool {
        let (isFirst, cancel) = state.withLock { state in
            defer { state.isMade = true }
            return (!state.isMade, state.cancel)
        }
        cancel?()
        return isFirst
    }

    /// Cancels `task` with the first signal, or at once if there was one.
    func cancels(_ task: Task<some Sendable, any Error>) {
        let isMade = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.isMade
        }
        if isMade { task.cancel() }
    }
}
