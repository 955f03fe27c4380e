import Dispatch
import Synchronization

/// One invocation, which is waiting for a runtime, taken by a runtime, or settled.
final class Assignment: Sendable {
    let requestID: String
    /// The ID of this attempt; `requestID` is the ID of the invocation with all its retries.
    let invocationID: String
    let event: [UInt8]
    let options: InvocationOptions

    private struct Progress: Sendable {
        var takenAt: ContinuousClock.Instant?
        var deliveredAt: ContinuousClock.Instant?
        var answer: Answer?
    }

    private let progress = Mutex(Progress())
    private let isSettled = DispatchSemaphore(value: 0)

    init(_ event: [UInt8], options: InvocationOptions) {
        requestID = options.requestID ?? Identifier.uuid()
        invocationID = (options.headers["Lambda-Runtime-Invocation-Id"] ?? nil) ?? Identifier.uuid()
        self.event = event
        self.options = options
    }

    /// The answer, if there is one.
    var answer: Answer? { progress.withLock { $0.answer } }

    func markTaken() { progress.withLock { $0.takenAt = .now } }

    func markDelivered() { progress.withLock { $0.deliveredAt = .now } }

    /// Marks that the event did not arrive, so that no runtime has taken it.
    func markReturned() { progress.withLock { $0.takenAt = nil } }

    /// Returns the duration up to an answer at `instant`.
    func latency(at instant: ContinuousClock.Instant) -> Duration {
        progress.withLock { $0.deliveredAt }.map { max(instant - $0, .zero) } ?? .zero
    }

    /// Sets the answer; only the first call has an effect.
    ///
    /// - Returns: Whether this was the first call.
    @discardableResult
    func settle(_ answer: Answer) -> Bool {
        let isFirst = progress.withLock { progress in
            guard progress.answer == nil else { return false }
            progress.answer = answer
            return true
        }
        if isFirst { isSettled.signal() }
        return isFirst
    }

    /// Waits for the answer: up to the options' timeout for a runtime to take the event, and as long again for its
    /// answer.
    func wait() -> Answer {
        let start = ContinuousClock.now
        while true {
            let end = (progress.withLock { $0.takenAt } ?? start) + options.timeout
            let left = end - .now
            if left <= .zero { settle(.timedOut) }
            if let answer { return answer }
            _ = isSettled.wait(timeout: .now() + left.seconds)
        }
    }
}

/// Unique identifiers.
enum Identifier {
    /// Returns a random UUID in lower case.
    static func uuid() -> String {
        [8, 4, 4, 4, 12].map(hexadecimal).joined(separator: "-")
    }

    /// Returns the given number of random hexadecimal digits.
    static func hexadecimal(_ count: Int) -> String {
        String((0..<count).map { _ in "0123456789abcdef".randomElement() ?? "0" })
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
