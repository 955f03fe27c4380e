import Dispatch
import Synchronization

/// The one bridge from a thread that may block to asynchronous code.
package enum BlockingTask {
    /// Runs `operation` to its end and returns what it returns.
    ///
    /// It starts on the calling thread and stays there until it first has to wait. The thread that is blocked belongs to
    /// the loop and not to Swift's pool, so the pool cannot run dry.
    ///
    /// - Parameter deadline: When `operation` is cancelled if it still runs. It is waited for all the same: nothing that was
    ///   begun continues after the response.
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

    /// What a task returns, and the wait for it; made without a semaphore, which most invocations do not need.
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

        /// Blocks until there is a value.
        ///
        /// - Returns: False where the deadline has passed before.
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
