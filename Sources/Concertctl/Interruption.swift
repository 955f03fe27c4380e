import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM: the first cancels what the command does, so that it can tell what was done; the second ends it.
enum Interruption {
    /// Runs `work`, cancelled when somebody interrupts the program.
    static func interruptible<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws
        -> Result
    {
        // On the main thread, as without an interruption; only the task that waits is another.
        let task = Task { @MainActor in try await work() }
        let sources = [SIGINT, SIGTERM].map { number in
            // Not ignored before, or a signal in between would be lost.
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            let count = SignalCount()
            source.setEventHandler {
                if count.increment() > 1 {
                    OutputFile.discardDrafts()
                    _exit(128 + number)
                }
                task.cancel()
            }
            source.activate()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return try await task.value
    }
}

/// How often a signal came.
private final class SignalCount: Sendable {
    private let count = Atomic(0)

    func increment() -> Int { count.add(1, ordering: .relaxed).newValue }
}
