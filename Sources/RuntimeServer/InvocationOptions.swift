/// How one invocation is handed to the runtime.
public struct InvocationOptions: Sendable {
    /// The request ID, which Lambda uses again when it retries a batch; nil makes a new one.
    public var requestID: String?
    /// From the moment that a runtime has the event to the moment given in `Lambda-Runtime-Deadline-Ms`.
    public var timeout: Duration
    /// Headers of `next` that are unlike Lambda's: a value replaces or adds one, nil leaves it out.
    public var headers: [String: String?]
    /// Whether the event is sent in chunks, rather than with its length.
    public var chunked: Bool
    /// Sizes of the chunks, over and over.
    package var chunkSizes = [8192]

    public init(
        requestID: String? = nil, timeout: Duration = .seconds(60), headers: [String: String?] = [:],
        chunked: Bool = false
    ) {
        self.requestID = requestID
        self.timeout = timeout
        self.headers = headers
        self.chunked = chunked
    }
}

/// What became of an invocation, as its caller sees it.
public enum Answer: Sendable, Equatable {
    /// The function's result; `latency` from the event's last byte written to the answer's last byte read.
    case response([UInt8], latency: Duration)
    /// The invocation failed; `type` is the `Lambda-Runtime-Function-Error-Type` as it came.
    case error(type: String?, body: [UInt8], latency: Duration)
    /// The runtime said that it cannot start.
    case initError(type: String?, body: [UInt8])
    /// No answer came before the deadline.
    case timedOut
    /// No answer will come, and why.
    case lost(String)
}
