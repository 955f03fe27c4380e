/// One HTTP request, sent exactly as it stands here.
///
/// Beside ``headers``, only `Host` and, where there is a body, `Content-Length` go on the wire.
public struct HTTPRequest: Sendable, Equatable {
    public var method: String
    /// Absolute, `http` or `https`, already percent-encoded; the path is sent as it is, dots and all.
    public var url: String
    /// In the order in which they are sent.
    public var headers: [HTTPHeader]
    public var body: [UInt8]
    /// For the whole exchange.
    ///
    /// `nil` waits without limit, which the Runtime API's `next` needs because Lambda freezes the process in it.
    public var timeout: Duration?

    public init(
        method: String = "GET", url: String, headers: [HTTPHeader] = [], body: [UInt8] = [], timeout: Duration? = nil
    ) {
        (self.method, self.url, self.headers, self.body, self.timeout) = (method, url, headers, body, timeout)
    }
}

/// One named line of the head of a request or an answer.
public struct HTTPHeader: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}
