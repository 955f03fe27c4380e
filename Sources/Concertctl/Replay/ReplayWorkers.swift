import Dispatch
import Foundation
import Synchronization

/// Threads that deliver events concurrently, each to its own target.
///
/// Deliveries block while they wait for processes and sinks, which Swift's cooperative threads must not do.
final class ReplayWorkers: Sendable {
    /// A completed delivery.
    struct CompletedDelivery: Sendable {
        /// The worker's index, from 0 to ``count`` - 1.
        var worker: Int
        var result: Result<DeliveryResult, any Error>
    }

    private let mailboxes: [Mailbox<ReplayEvent?>]
    private let completed = Mailbox<CompletedDelivery>()

    /// Starts a thread for each of `targets`.
    init(_ targets: [any ReplayTarget]) {
        mailboxes = targets.map { _ in Mailbox() }
        for (worker, target) in targets.enumerated() {
            let thread = Thread { [mailbox = mailboxes[worker], completed] in
                var target = target
                while let event = mailbox.take() {
                    completed.put(CompletedDelivery(worker: worker, result: Result { try target.deliver(event) }))
                }
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    var count: Int { mailboxes.count }

    /// Starts the delivery of `event` by a worker; ``next()`` returns its result.
    func deliver(_ event: ReplayEvent, by worker: Int) { mailboxes[worker].put(event) }

    /// Waits for the next delivery to end.
    func next() -> CompletedDelivery { completed.take() }

    /// Ends the threads after their current deliveries.
    func stop() { for mailbox in mailboxes { mailbox.put(nil) } }
}

/// A queue whose reader waits for messages.
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
