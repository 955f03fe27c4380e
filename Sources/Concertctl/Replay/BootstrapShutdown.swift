import Dispatch
import Foundation
import Synchronization

/// The shutdown of a bootstrap's process, at the end of the replay and on an interruption.
final class BootstrapShutdown: Sendable {
    private let wasAsked = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Whether the process was asked to end, so that its end is not a failure.
    var isAsked: Bool { wasAsked.load(ordering: .sequentiallyConsistent) }

    /// Records that the process has ended.
    func confirm() { hasEnded.signal() }

    /// Sends SIGTERM, like Lambda, and SIGKILL after two seconds.
    func ask(_ process: Process) {
        wasAsked.store(true, ordering: .sequentiallyConsistent)
        process.terminate()
        guard hasEnded.wait(timeout: .now() + .seconds(2)) == .success else {
            kill(process.processIdentifier, SIGKILL)
            return
        }
        // Releases other callers that wait.
        hasEnded.signal()
    }
}
