/// The calls that a runtime makes.
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

/// A call, and the request ID in its path where it has one.
struct Route: Sendable, Equatable {
    var call: Call
    var requestID = ""

    private static let runtime = "/2018-06-01/runtime/"
    private static let methods: [Call: String] = [.next: "GET", .nextExtensionEvent: "GET"]

    /// Fails when there is no such path.
    init?(path: String) {
        switch path {
        case Self.runtime + "invocation/next": call = .next
        case Self.runtime + "init/error": call = .initError
        case "/2020-01-01/extension/register": call = .registerExtension
        case "/2020-01-01/extension/event/next": call = .nextExtensionEvent
        default:
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            // "", version, runtime, invocation, request ID, call
            guard path.hasPrefix(Self.runtime + "invocation/"), parts.count == 6, !parts[4].isEmpty else { return nil }
            switch parts[5] {
            case "response": call = .response
            case "error": call = .error
            default: return nil
            }
            requestID = Self.decoded(parts[4])
        }
    }

    /// `segment` with its percent-encoded bytes decoded (RFC 3986, section 2.1).
    private static func decoded(_ segment: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = segment.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The only method that the call takes.
    var method: String { Self.methods[call] ?? "POST" }
}

/// One request as it came.
package struct ReceivedRequest: Sendable {
    package var method: String
    package var path: String
    /// Names as they came, in order.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Which connection it came on, counted from 0.
    package var connection: Int

    /// The value of the first header of that name, in whatever case it was sent.
    package func value(of name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
