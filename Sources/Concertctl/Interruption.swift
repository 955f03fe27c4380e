import Dispatch
import Foundation
import Synchronization

/// The handling of Ctrl-C and SIGTERM.
///
/// The first signal cancels the command, which then reports what it has done. The second one ends the process.
enum Interruption {
    /// Runs `work` and cancels it on the first signal.
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
        // Run on the main actor, as without this handling.
        let task = Task { @MainActor in try await work() }
        request.cancels(task)
        return try await task.value
    }
}

extension DispatchSourceSignal {
    /// Activates the source and waits until it receives signals.
    ///
    /// Until then, a signal ends the process.
    fileprivate func register() async {
        await withCheckedContinuation { continuation in
            setRegistrationHandler { continuation.resume() }
            activate()
        }
    }
}

/// The state of a request to stop the command.
private final class Request: Sendable {
    private let state = Mutex<(isMade: Bool, cancel: (@Sendable () -> Void)?)>((false, nil))

    /// Records a signal and, if it is the first one, cancels the task.
    ///
    /// - Returns: Whether the signal is the first one.
    func isFirst() -> Bool {
        let (isFirst, cancel) = state.withLock { state in
            defer { state.isMade = true }
            return (!state.isMade, state.cancel)
        }
        cancel?()
        return isFirst
    }

    /// Cancels `task` on the first signal, or immediately if a signal was already received.
    func cancels(_ task: Task<some Sendable, any Error>) {
        let isMade = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.isMade
        }
        if isMade { task.cancel() }
    }
}
