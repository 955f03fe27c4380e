import Dispatch
import Foundation
import Synchronization

/// Threads that deliver events side by side, each to a target of its own.
///
/// Deliveries wait for processes and for sinks, which Swift's own few threads must not.
final class ReplayWorkers: Sendable {
    /// What came of one delivery.
    struct Ending: Sendable {
        /// Whose delivery it was, 0 to ``count`` - 1.
        var worker: Int
        var result: Result<Delivery, any Error>
    }

    private let mailboxes: [Mailbox<ReplayEvent?>]
    private let endings = Mailbox<Ending>()

    /// Starts a thread for each of `targets`.
    init(_ targets: [any ReplayTarget]) {
        mailboxes = targets.map { _ in Mailbox() }
        for (worker, target) in targets.enumerated() {
            let thread = Thread { [mailbox = mailboxes[worker], endings] in
                var target = target
                while let event = mailbox.take() {
                    endings.put(Ending(worker: worker, result: Result { try target.deliver(event) }))
                }
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    var count: Int { mailboxes.count }

    /// Has one of the workers deliver `event`; the ending is then among those that ``next()`` returns.
    func deliver(_ event: ReplayEvent, by worker: Int) { mailboxes[worker].put(event) }

    /// Waits for the next delivery to end.
    func next() -> Ending { endings.take() }

    /// Ends the threads, each behind what it was given.
    func stop() { for mailbox in mailboxes { mailbox.put(nil) } }
}

/// A queue whose reader waits for what is not there yet.
private final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    private let count = DispatchSemaphore(value: 0)

    func put(_ message: Message) {
        messages.withLock { $0.append(message) }
        count.signal()
    }

    func take() -> Message {
        count.wait()
        return messages.withLock { $0.removeFirst() }
    }
}
