import Dispatch
import Synchronization

/// Every invocation there is, and the rules by which runtimes take and answer them.
final class InvocationQueue: Sendable {
    /// What a runtime's answer is worth.
    enum Verdict: Sendable, Equatable {
        case accepted
        /// No runtime was given an invocation yet.
        case notRequested
        case unknownRequestID
        case alreadyAnswered
        /// The deadline has passed, or the answer is for an earlier attempt.
        case stale
    }

    private struct State: Sendable {
        /// Oldest first.
        var waiting: [Assignment] = []
        /// What runtimes have, and what they lately had, by request ID as bytes.
        var taken: [[UInt8]: Assignment] = [:]
        /// Keys of `taken`, oldest first.
        var order: [[UInt8]] = []
        var ending: Answer?
        var isStopped = false
    }

    private let state = Mutex(State())
    /// At least as often signalled as there are waiting assignments.
    private let available = DispatchSemaphore(value: 0)

    /// Settled invocations are kept so far back, to tell a second answer from an unknown one.
    private static let settledLimit = 1024

    func add(_ assignment: Assignment) {
        let ending = state.withLock { state in
            if state.ending == nil { state.waiting.append(assignment) }
            return state.ending
        }
        if let ending { assignment.settle(ending) } else { available.signal() }
    }

    /// Waits for an invocation for the runtime behind `socket`; nil when there will be none, or the runtime has gone.
    func next(for socket: ClientSocket) -> Assignment? {
        while true {
            available.wait()
            guard socket.isOpen, !state.withLock({ $0.isStopped }) else {
                // Not ours to use up: another runtime may be waiting, and all must see a stop.
                available.signal()
                return nil
            }
            if let assignment = take() { return assignment }
        }
    }

    private func take() -> Assignment? {
        state.withLock { state in
            while !state.waiting.isEmpty {
                let assignment = state.waiting.removeFirst()
                guard assignment.answer == nil else { continue }
                assignment.markTaken()
                let key = Array(assignment.requestID.utf8)
                if state.taken.updateValue(assignment, forKey: key) == nil { state.order.append(key) }
                forgetSettled(&state)
                return assignment
            }
            return nil
        }
    }

    private func forgetSettled(_ state: inout State) {
        while state.order.count > Self.settledLimit, let oldest = state.order.first, state.taken[oldest]?.answer != nil
        {
            state.taken[oldest] = nil
            state.order.removeFirst()
        }
    }

    /// Puts back what did not reach its runtime, first in the queue.
    func requeue(_ assignment: Assignment) {
        assignment.markReturned()
        state.withLock { state in
            let key = Array(assignment.requestID.utf8)
            state.taken[key] = nil
            state.order.removeAll { $0 == key }
            state.waiting.insert(assignment, at: 0)
        }
        available.signal()
    }

    /// Settles an invocation with what its runtime posted, if the runtime may.
    ///
    /// - Parameters:
    ///   - invocationID: The attempt that the runtime names; nil when it names none, which older ones don't.
    ///   - answer: What its caller gets, where the verdict is ``Verdict/accepted``.
    func answer(_ requestID: String, invocationID: String?, with answer: (Assignment) -> Answer) -> Verdict {
        let (assignment, isEmpty) = state.withLock { ($0.taken[Array(requestID.utf8)], $0.taken.isEmpty) }
        guard let assignment else { return isEmpty ? .notRequested : .unknownRequestID }
        if let invocationID, !invocationID.utf8.elementsEqual(assignment.invocationID.utf8) { return .stale }
        if assignment.settle(answer(assignment)) { return .accepted }
        return assignment.answer == .timedOut ? .stale : .alreadyAnswered
    }

    /// Settles every invocation, those to come included, with `answer`; the first such call counts.
    func end(with answer: Answer) {
        let (open, ending) = state.withLock { state in
            if state.ending == nil { state.ending = answer }
            defer { state.waiting = [] }
            return (state.waiting + state.taken.values, state.ending ?? answer)
        }
        for assignment in open { assignment.settle(ending) }
    }

    /// Lets every waiting runtime go.
    func stop() {
        state.withLock { $0.isStopped = true }
        available.signal()
    }
}
