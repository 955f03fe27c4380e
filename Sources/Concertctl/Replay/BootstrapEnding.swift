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
        if hasEnded.wait(timeout: .now() + .seconds(2)) == .timedOut { kill(process.processIdentifier, SIGKILL) }
    }

    /// Has Ctrl-C and SIGTERM end the process along with this one, which then exits as shells expect.
    ///
    /// - Returns: What listens, for as long as it is kept.
    func follow(_ process: Process) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                ask(process)
                _exit(128 + number)
            }
            source.activate()
            return source
        }
    }
}
