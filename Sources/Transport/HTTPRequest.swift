/// An HTTP request that is sent without changes.
///
/// In addition to ``headers``, only `Host` and, with a body, `Content-Length` are sent.
package struct HTTPRequest: Sendable, Equatable {
    package var method: String
    /// An absolute `http` or `https` URL, already percent-encoded; dot segments of the path are not removed.
    package var url: String
    /// The headers, in the order in which they are sent.
    package var headers: [HTTPHeader]
    package var body: [UInt8]
    /// The timeout of the whole exchange.
    ///
    /// With `nil`, the request waits without limit. The Runtime API's `next` requires that, because Lambda freezes the
    /// process during that call.
    package var timeout: Duration?

    package init(
        method: String = "GET", url: String, headers: [HTTPHeader] = [], body: [UInt8] = [], timeout: Duration? = nil
    ) {
        (self.method, self.url, self.headers, self.body, self.timeout) = (method, url, headers, body, timeout)
    }
}

/// A header of a request or a response.
package struct HTTPHeader: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}
