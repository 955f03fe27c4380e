import Dispatch
import Synchronization

/// The one bridge from a thread that may block to asynchronous code.
package enum BlockingTask {
    /// Runs `operation` to its end and returns what it returns.
    ///
    /// It starts on the calling thread and stays there until it first has to wait. The thread that is blocked belongs to
    /// the loop and not to Swift's pool, so the pool cannot run dry.
    package static func run<Result: Sendable>(_ operation: @escaping @Sendable () async -> Result) -> Result {
        let answer = Answer<Result>()
        let finished = DispatchSemaphore(value: 0)
        Task.immediate {
            answer.set(await operation())
            finished.signal()
        }
        while true {
            finished.wait()
            if let result = answer.get() { return result }
        }
    }

    private final class Answer<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)

        func set(_ newValue: Value) { value.withLock { $0 = newValue } }

        func get() -> Value? { value.withLock { $0 } }
    }
}
