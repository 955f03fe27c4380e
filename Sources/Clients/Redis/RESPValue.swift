import Transport

/// A reply of a server that speaks RESP.
///
/// Source: <https://redis.io/docs/latest/develop/reference/protocol-spec/>
public enum RESPValue: Sendable, Equatable {
    case simple(String)
    /// In the server's words, such as `WRONGTYPE Operation against a key...`.
    case error(String)
    case integer(Int64)
    /// Of a bulk string.
    case bytes([UInt8])
    case array([RESPValue])
    case null

    /// The text of a simple or a bulk string; nil for all others, and for what is not UTF-8.
    public var text: String? {
        switch self {
        case .simple(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    public var array: [RESPValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The server's words, where it refused.
    public var refusal: String? { if case .error(let words) = self { words } else { nil } }
}

/// Commands as they go on the wire, one behind the other.
public struct RESPCommands: Sendable {
    public private(set) var bytes: [UInt8] = []
    public private(set) var count = 0

    public init() {}

    /// Makes room for commands, so that large ones are not copied while it grows.
    mutating func reserve(_ commands: some Sequence<RedisCommand>) {
        bytes.reserveCapacity(commands.reduce(0) { $1.arguments.reduce($0 + 16) { $0 + $1.count + 16 } })
    }

    public mutating func append(_ arguments: [[UInt8]]) {
        bytes += "*\(arguments.count)\r\n".utf8
        for argument in arguments {
            bytes += "$\(argument.count)\r\n".utf8
            bytes += argument
            bytes += [0x0D, 0x0A]
        }
        count += 1
    }
}

/// Why a server did not carry out what it was asked for.
public enum RedisError: Error, Equatable, Sendable {
    case connection(CurlError)
    /// The server refused the login, or another command that every connection begins with.
    case refused(server: String, message: String)
    /// What came is no reply.
    case notRESP(String)
    /// The server did not answer before the deadline, or before the task was cancelled.
    ///
    /// A server that speaks TLS alone may say nothing at all to one who does not.
    case timedOut(server: String, mayWantTLS: Bool = false)
    /// The deadline had passed before anything was sent.
    case deadlinePassed(server: String)
}

extension RedisError {
    /// Whether the same commands may succeed soon: the server is being replaced or restarted, or the network failed.
    var isTransient: Bool {
        switch self {
        case .connection(let error): error.isRetryable
        case .refused(_, let message): RedisErrorReply(message).isTransient
        case .notRESP, .timedOut, .deadlinePassed: false
        }
    }
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .connection(let error): error.description
        case .refused(let server, let message): "\(server) refuses the connection: \(message)"
        case .notRESP(let found): "the server sent \(found), so it is none of Redis's kind"
        case .timedOut(let server, let mayWantTLS):
            "\(server) gave no answer in time" + (mayWantTLS ? "; if it speaks TLS only, use rediss://" : "")
        case .deadlinePassed(let server): "no time was left for a request to \(server)"
        }
    }
}
