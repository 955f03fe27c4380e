import Dispatch
import Foundation
import Synchronization

/// How a bootstrap's process is brought to its end, when the replay is over and when it is interrupted.
final class BootstrapEnding: Sendable {
    private let wasAsked = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Whether the process was told to end, and did not of itself.
    var isAsked: Bool { wasAsked.load(ordering: .sequentiallyConsistent) }

    /// The process has ended.
    func confirm() { hasEnded.signal() }

    /// SIGTERM, as Lambda sends it, and after two seconds SIGKILL for what does not hear.
    func ask(_ process: Process) {
        wasAsked.store(true, ordering: .sequentiallyConsistent)
        process.terminate()
        guard hasEnded.wait(timeout: .now() + .seconds(2)) == .success else {
            kill(process.processIdentifier, SIGKILL)
            return
        }
        // For whoever else asks.
        hasEnded.signal()
    }
}
