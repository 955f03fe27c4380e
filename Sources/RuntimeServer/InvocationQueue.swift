import Dispatch
import Synchronization

/// All invocations, and the rules by which runtimes take and answer them.
final class InvocationQueue: Sendable {
    /// The result of a runtime's answer.
    enum Verdict: Sendable, Equatable {
        case accepted
        /// No runtime has taken an invocation yet.
        case notRequested
        case unknownRequestID
        case alreadyAnswered
        /// The deadline has passed, or the answer is for an earlier attempt.
        case stale
    }

    private struct State: Sendable {
        /// The waiting invocations, oldest first.
        var waiting: [Assignment] = []
        /// The invocations that runtimes have or recently had, by the bytes of the request ID.
        var taken: [[UInt8]: Assignment] = [:]
        /// The keys of `taken`, oldest first.
        var order: [[UInt8]] = []
        var ending: Answer?
        var isStopped = false
    }

    private let state = Mutex(State())
    /// Signalled at least as often as there are waiting assignments.
    private let available = DispatchSemaphore(value: 0)

    /// The number of settled invocations that are kept, to distinguish a second answer from an unknown request ID.
    private static let settledLimit = 1024

    func add(_ assignment: Assignment) {
        let ending = state.withLock { state in
            if state.ending == nil { state.waiting.append(assignment) }
            return state.ending
        }
        if let ending { assignment.settle(ending) } else { available.signal() }
    }

    /// Waits for an invocation for the runtime at `socket`; returns nil if the server stops or the runtime has exited.
    func next(for socket: ClientSocket) -> Assignment? {
        while true {
            available.wait()
            guard socket.isOpen, !state.withLock({ $0.isStopped }) else {
                // The signal is not for this runtime: others may be waiting, and all must notice a stop.
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

    /// Puts an invocation that did not reach its runtime back at the front of the queue.
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

    /// Settles an invocation with the answer of its runtime, if the runtime is allowed to answer.
    ///
    /// - Parameters:
    ///   - invocationID: The attempt that the runtime names; nil if it names none, as older runtimes do.
    ///   - answer: Returns the caller's answer; called if the verdict is ``Verdict/accepted``.
    func answer(_ requestID: String, invocationID: String?, with answer: (Assignment) -> Answer) -> Verdict {
        let (assignment, isEmpty) = state.withLock { ($0.taken[Array(requestID.utf8)], $0.taken.isEmpty) }
        guard let assignment else { return isEmpty ? .notRequested : .unknownRequestID }
        if let invocationID, !invocationID.utf8.elementsEqual(assignment.invocationID.utf8) { return .stale }
        if assignment.settle(answer(assignment)) { return .accepted }
        return assignment.answer == .timedOut ? .stale : .alreadyAnswered
    }

    /// Settles all present and future invocations with `answer`; only the first call has an effect.
    func end(with answer: Answer) {
        let (open, ending) = state.withLock { state in
            if state.ending == nil { state.ending = answer }
            defer { state.waiting = [] }
            return (state.waiting + state.taken.values, state.ending ?? answer)
        }
        for assignment in open { assignment.settle(ending) }
    }

    /// Releases all waiting runtimes.
    func stop() {
        state.withLock { $0.isStopped = true }
        available.signal()
    }
}
