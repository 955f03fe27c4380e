import Dispatch
import Synchronization

/// A bridge from a thread that may block to asynchronous code.
package enum BlockingTask {
    /// Runs `operation` to completion and returns its result.
    ///
    /// The operation starts on the calling thread and stays there until it first suspends. The blocked thread belongs to
    /// the invocation loop and not to Swift's thread pool, so the pool cannot be exhausted.
    ///
    /// - Parameter deadline: When to cancel `operation`. The function waits for a cancelled operation to return, so that no
    ///   work continues after the response.
    package static func run<Result: Sendable>(
        until deadline: ContinuousClock.Instant? = nil, _ operation: @escaping @Sendable () async -> Result
    ) -> Result {
        let answer = Answer<Result>()
        let task = Task.immediate { answer.set(await operation()) }
        if let result = answer.get() { return result }
        var isTimed = deadline != nil
        while true {
            let isInTime = answer.wait(until: isTimed ? deadline : nil)
            if let result = answer.get() { return result }
            if !isInTime {
                task.cancel()
                isTimed = false
            }
        }
    }

    /// The result of a task, and a way to wait for it.
    ///
    /// The semaphore is created only if the caller has to wait.
    private final class Answer<Value: Sendable>: Sendable {
        private struct State {
            var value: Value?
            var finished: DispatchSemaphore?
        }

        private let state = Mutex(State())

        func set(_ value: Value) {
            let finished = state.withLock { state in
                state.value = value
                return state.finished
            }
            finished?.signal()
        }

        func get() -> Value? { state.withLock { $0.value } }

        /// Blocks until a value is set.
        ///
        /// - Returns: False if the deadline passed first.
        func wait(until deadline: ContinuousClock.Instant?) -> Bool {
            let finished = state.withLock { state -> DispatchSemaphore? in
                guard state.value == nil else { return nil }
                let finished = state.finished ?? DispatchSemaphore(value: 0)
                state.finished = finished
                return finished
            }
            guard let finished else { return true }
            guard let deadline else {
                finished.wait()
                return true
            }
            let nanoseconds = max(.zero, deadline - .now) / .nanoseconds(1)
            return finished.wait(timeout: .now() + .nanoseconds(Int(min(nanoseconds, 1e18)))) == .success
        }
    }
}
