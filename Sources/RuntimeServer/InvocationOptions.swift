/// How one invocation is delivered to the runtime.
package struct InvocationOptions: Sendable {
    /// The request ID, which Lambda reuses when it retries a batch; nil creates a new one.
    package var requestID: String?
    /// The time from the delivery of the event to the deadline in `Lambda-Runtime-Deadline-Ms`.
    package var timeout: Duration
    /// Changes to the headers of `next`: a value replaces or adds a header, nil removes it.
    package var headers: [String: String?]
    /// Whether the event is sent in chunks instead of with its length.
    package var chunked: Bool
    /// The sizes of the chunks, used cyclically.
    package var chunkSizes = [8192]

    package init(
        requestID: String? = nil, timeout: Duration = .seconds(60), headers: [String: String?] = [:],
        chunked: Bool = false
    ) {
        self.requestID = requestID
        self.timeout = timeout
        self.headers = headers
        self.chunked = chunked
    }
}

/// The result of an invocation for its caller.
package enum Answer: Sendable, Equatable {
    /// The function's response; `latency` is the time from the event's last byte sent to the response's last byte read.
    case response([UInt8], latency: Duration)
    /// The invocation failed; `type` is the `Lambda-Runtime-Function-Error-Type` as received.
    case error(type: String?, body: [UInt8], latency: Duration)
    /// The runtime reported that its initialization failed.
    case initError(type: String?, body: [UInt8])
    /// No answer arrived before the deadline.
    case timedOut
    /// No answer will arrive, for the given reason.
    case lost(String)
}
