import Basics
import Transport

/// A reply of a RESP server.
///
/// Source: <https://redis.io/docs/latest/develop/reference/protocol-spec/>
package enum RESPValue: Sendable, Equatable {
    case simple(String)
    /// An error message, such as `WRONGTYPE Operation against a key...`.
    case error(String)
    case integer(Int64)
    /// The bytes of a bulk string.
    case bytes([UInt8])
    case array([RESPValue])
    case null

    /// The text of a simple or bulk string; nil for other types and for invalid UTF-8.
    package var text: String? {
        switch self {
        case .simple(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    package var array: [RESPValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The message of an error reply.
    package var refusal: String? { if case .error(let words) = self { words } else { nil } }
}

/// Serialized commands, one after the other.
package struct RESPCommands: Sendable {
    package private(set) var bytes: [UInt8] = []
    package private(set) var count = 0

    package init() {}

    package mutating func append(_ arguments: [[UInt8]]) {
        appendHead(UInt8(ascii: "*"), arguments.count)
        for argument in arguments {
            appendHead(UInt8(ascii: "$"), argument.count)
            bytes.append(contentsOf: argument)
            appendEnd()
        }
        count += 1
    }

    private mutating func appendHead(_ type: UInt8, _ count: Int) {
        bytes.append(type)
        bytes.append(decimal: UInt64(count))
        appendEnd()
    }

    private mutating func appendEnd() {
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    /// Removes the bytes, keeping their memory for more commands; ``count`` still includes the removed ones.
    mutating func removeBytes() { bytes.removeAll(keepingCapacity: true) }
}

/// A failure of a Redis connection or server.
package enum RedisError: Error, Equatable, Sendable {
    case connection(TransportError)
    /// The server refused the login or another command of the connection's setup.
    case refused(server: String, message: String)
    /// The bytes received are not a reply.
    case notRESP(String)
    /// The server did not respond before the deadline or the cancellation of the task.
    ///
    /// A server that requires TLS may send nothing to a client without TLS.
    case timedOut(server: String, mayWantTLS: Bool = false)
    /// The deadline had passed before anything was sent.
    case deadlinePassed(server: String)
}

extension RedisError {
    /// Whether a retry may succeed soon: the server is being replaced or restarted, or the network failed.
    var isTransient: Bool {
        switch self {
        case .connection(let error): error.isRetryable
        case .refused(_, let message): RedisErrorReply(message).isTransient
        case .notRESP, .timedOut, .deadlinePassed: false
        }
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .connection(let error): error.description
        case .refused(let server, let message): "\(server) refused the connection: \(message)"
        case .notRESP(let found): "the server sent \(found), so it is not a Redis server"
        case .timedOut(let server, let mayWantTLS):
            "\(server) did not respond in time" + (mayWantTLS ? "; if it requires TLS, use rediss://" : "")
        case .deadlinePassed(let server): "the deadline passed before a request to \(server)"
        }
    }
}
