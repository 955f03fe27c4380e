/// A poller that waits for a state, with pauses that grow to a few seconds.
struct Waiter: Sendable {
    private static let standard = 600
    static let timeout = Option<Int>(
        "--timeout", value: "SECONDS", 1...86_400, default: standard, "maximum time to wait")

    enum State<Value: Sendable>: Sendable {
        case reached(Value)
        /// The state is not reached; the text is the current state.
        case pending(String)
    }

    private let limit: Duration
    private static let longestPause = Duration.seconds(3)

    init(limit: Duration = .seconds(standard)) { self.limit = limit }

    init(_ input: Input) throws(UsageError) {
        self.init(limit: .seconds(try input[Self.timeout]))
    }

    /// Polls until the state is reached.
    ///
    /// - Parameter what: The awaited state, such as `stream s to become ACTIVE`.
    /// - Throws: ``WaitTimeout`` after the maximum time. Nothing is undone.
    func wait<Value: Sendable>(
        for what: String, _ look: () async throws -> State<Value>
    ) async throws -> Value {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(200)
        var progress = Progress()
        defer { progress.end() }
        while true {
            switch try await look() {
            case .reached(let value): return value
            case .pending(let state):
                let elapsed = ContinuousClock.now - start
                guard elapsed + pause <= limit else {
                    throw WaitTimeout(
                        description: "waited \(limit.components.seconds) s for \(what), which is still \(state); "
                            + "it may still complete: check again later, or pass a longer --timeout")
                }
                progress.show("waiting for \(what): \(state), \(elapsed.components.seconds) s")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 1.5, Self.longestPause)
        }
    }
}

/// An error after the maximum time to wait.
struct WaitTimeout: Error, CustomStringConvertible {
    var description: String
}
