import Synchronization

/// A fault that occurs once, or a given number of times, for tests.
package struct Fault: Sendable {
    /// The kind of a fault.
    package enum Kind: Sendable, Equatable {
        /// Sends this status instead of processing the call; a response of the runtime is lost.
        case status(Int)
        /// Closes the connection after the head of the request has arrived, but possibly not its body.
        case closeBeforeReading
        /// Closes the connection after the whole request has arrived, and discards the request.
        case closeAfterReading
        /// Processes the request and closes the connection without a response.
        case closeAfterAccepting
        /// Sends this many bytes of the event and closes the connection; the event stays in the queue.
        case closeWithinEvent(after: Int)
        /// Responds normally, then closes a connection that was announced as persistent.
        case closeAfterAnswering
        /// Sends the response in pieces of this size, with a pause after each.
        case drip(bytes: Int, pause: Duration)
        /// Sends these bytes instead of a response and closes the connection.
        case raw([UInt8])
    }

    package var call: Call
    package var kind: Kind
    /// The number of calls that are affected.
    package var times: Int

    package init(_ call: Call, _ kind: Kind, times: Int = 1) {
        self.call = call
        self.kind = kind
        self.times = times
    }
}

/// The pending faults in order.
final class FaultScript: Sendable {
    private let faults = Mutex<[Fault]>([])

    func append(_ fault: Fault) {
        guard fault.times > 0 else { return }
        faults.withLock { $0.append(fault) }
    }

    func removeAll() { faults.withLock { $0 = [] } }

    /// Returns the fault for this call and decrements its count.
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
