/// A call of a runtime.
///
/// Sources: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>
package enum Call: Sendable, Hashable {
    case next
    case response
    case error
    case initError
    case registerExtension
    case nextExtensionEvent
}

/// A call, and the request ID of its path if it contains one.
struct Route: Sendable, Equatable {
    var call: Call
    var requestID = ""

    private static let runtime = "/2018-06-01/runtime/"
    private static let methods: [Call: String] = [.next: "GET", .nextExtensionEvent: "GET"]

    /// Fails if the path is not that of a call.
    init?(path: String) {
        func isPath(_ known: String) -> Bool { path.utf8.elementsEqual(known.utf8) }
        if isPath(Self.runtime + "invocation/next") {
            call = .next
        } else if isPath(Self.runtime + "init/error") {
            call = .initError
        } else if isPath("/2020-01-01/extension/register") {
            call = .registerExtension
        } else if isPath("/2020-01-01/extension/event/next") {
            call = .nextExtensionEvent
        } else {
            let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            // "", version, runtime, invocation, request ID, call
            guard path.utf8.starts(with: (Self.runtime + "invocation/").utf8), parts.count == 6, !parts[4].isEmpty
            else {
                return nil
            }
            if parts[5].elementsEqual("response".utf8) {
                call = .response
            } else if parts[5].elementsEqual("error".utf8) {
                call = .error
            } else {
                return nil
            }
            requestID = Self.decoded(Array(parts[4]))
        }
    }

    /// Returns `segment` with its percent-encoded bytes decoded (RFC 3986, section 2.1).
    private static func decoded(_ segment: [UInt8]) -> String {
        var bytes: [UInt8] = []
        var rest = segment[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = ASCII.digit(rest[rest.startIndex]),
                let low = ASCII.digit(rest[rest.startIndex + 1])
            {
                bytes.append(UInt8(high << 4 | low))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The method that the call requires.
    var method: String { Self.methods[call] ?? "POST" }
}

/// A request as received.
package struct ReceivedRequest: Sendable {
    package var method: String
    package var path: String
    /// The headers in the order received.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// The number of the connection, starting at 0.
    package var connection: Int

    /// Returns the value of the first header with the name, ignoring case.
    package func value(of name: String) -> String? {
        headers.first { ASCII.equal($0.name, name) }?.value
    }
}
