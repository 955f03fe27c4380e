/// An HTTP request that is sent without changes.
///
/// In addition to ``headers``, only `Host` and, with a body, `Content-Length` are sent.
public struct HTTPRequest: Sendable, Equatable {
    public var method: String
    /// An absolute `http` or `https` URL, already percent-encoded; dot segments of the path are not removed.
    public var url: String
    /// The headers, in the order in which they are sent.
    public var headers: [HTTPHeader]
    public var body: [UInt8]
    /// The timeout of the whole exchange.
    ///
    /// With `nil`, the request waits without limit. The Runtime API's `next` requires that, because Lambda freezes the
    /// process during that call.
    public var timeout: Duration?

    public init(
        method: String = "GET", url: String, headers: [HTTPHeader] = [], body: [UInt8] = [], timeout: Duration? = nil
    ) {
        (self.method, self.url, self.headers, self.body, self.timeout) = (method, url, headers, body, timeout)
    }
}

/// A header of a request or a response.
public struct HTTPHeader: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}
