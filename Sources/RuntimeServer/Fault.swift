import Synchronization

/// Something that goes wrong once, or as often as it is told to: a script for tests.
package struct Fault: Sendable {
    /// What goes wrong.
    package enum Kind: Sendable, Equatable {
        /// Answers with this status, and does nothing else; an answer of the runtime is lost by it.
        case status(Int)
        /// Closes when the head of the request has come, and its body perhaps not.
        case closeBeforeReading
        /// Closes when the whole request has come, and forgets it.
        case closeAfterReading
        /// Does what was asked, and closes without saying so.
        case closeAfterAccepting
        /// Sends this many bytes of the event, and closes; the event stays in the queue.
        case closeWithinEvent(after: Int)
        /// Answers as ever, and then closes a connection that it had promised to keep.
        case closeAfterAnswering
        /// Sends the response in pieces of this size, with a pause after each.
        case drip(bytes: Int, pause: Duration)
        /// Sends these bytes in place of a response, and closes.
        case raw([UInt8])
    }

    package var call: Call
    package var kind: Kind
    /// How many calls it strikes.
    package var times: Int

    package init(_ call: Call, _ kind: Kind, times: Int = 1) {
        self.call = call
        self.kind = kind
        self.times = times
    }
}

/// Faults to come, in order.
final class FaultScript: Sendable {
    private let faults = Mutex<[Fault]>([])

    func append(_ fault: Fault) {
        guard fault.times > 0 else { return }
        faults.withLock { $0.append(fault) }
    }

    func removeAll() { faults.withLock { $0 = [] } }

    /// The fault that strikes this call, which is then used up by one.
    func take(for call: Call) -> Fault.Kind? {
        faults.withLock { faults in
            guard let index = faults.firstIndex(where: { $0.call == call }) else { return nil }
            let kind = faults[index].kind
            faults[index].times -= 1
            if faults[index].times == 0 { faults.remove(at: index) }
            return kind
        }
    }
}
