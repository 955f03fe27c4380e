import Dispatch
import Synchronization

/// One invocation on its way: waiting for a runtime, in a runtime's hands, settled.
final class Assignment: Sendable {
    let requestID: String
    /// Names this attempt, where `requestID` names the invocation with all its retries.
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

    /// The answer, once there is one.
    var answer: Answer? { progress.withLock { $0.answer } }

    func markTaken() { progress.withLock { $0.takenAt = .now } }

    func markDelivered() { progress.withLock { $0.deliveredAt = .now } }

    /// The event did not arrive: as if no runtime had taken it.
    func markReturned() { progress.withLock { $0.takenAt = nil } }

    /// How long the answer that came at `instant` has taken.
    func latency(at instant: ContinuousClock.Instant) -> Duration {
        progress.withLock { $0.deliveredAt }.map { max(instant - $0, .zero) } ?? .zero
    }

    /// Gives the answer; the first one counts.
    ///
    /// - Returns: Whether this was the first.
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

    /// Waits for the answer, for as long as the options say and no runtime takes it, and as long again for its answer.
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

/// Names that nobody else has.
enum Identifier {
    /// A random UUID, in lower case.
    static func uuid() -> String {
        [8, 4, 4, 4, 12].map(hexadecimal).joined(separator: "-")
    }

    /// As many random hexadecimal digits.
    static func hexadecimal(_ count: Int) -> String {
        String((0..<count).map { _ in "0123456789abcdef".randomElement() ?? "0" })
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
