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

/// Reads replies out of bytes that arrive in pieces.
///
/// RESP3's types are read, too: maps and sets as arrays, doubles and big numbers as text, booleans as 1 and 0; pushes and
/// attributes are passed over. What a length claims is checked before memory is taken for it.
public struct RESPParser: Sendable {
    /// Bytes that came and were not read yet start at `offset`.
    public var buffer: [UInt8] = []
    private var offset = 0

    private static let bulkLimit = 64 << 20
    private static let elementLimit = 1 << 20
    private static let depthLimit = 8
    /// A line holds a number or a message.
    private static let lineLimit = 64 << 10

    public init() {}

    /// Whether everything that came has been read.
    public var isEmpty: Bool { offset == buffer.count }

    /// The next whole reply; nil while it has not arrived.
    ///
    /// - Throws: ``RedisError/notRESP(_:)``; the connection is then of no use any more.
    public mutating func next() throws(RedisError) -> RESPValue? {
        while true {
            var position = offset
            var isAside = false
            guard let value = try value(at: &position, depth: 0, &isAside) else {
                // What was read is let go now and then, so that the buffer does not grow.
                if offset > 1 << 20 {
                    buffer.removeFirst(offset)
                    offset = 0
                }
                return nil
            }
            offset = position
            if offset == buffer.count {
                buffer.removeAll(keepingCapacity: true)
                offset = 0
            }
            if !isAside { return value }
        }
    }

    private func value(
        at position: inout Int, depth: Int, _ isAside: inout Bool
    ) throws(RedisError) -> RESPValue? {
        guard depth < Self.depthLimit else { throw .notRESP("replies nested deeper than \(Self.depthLimit)") }
        guard let line = try line(at: &position) else { return nil }
        guard let type = line.first else { throw .notRESP("an empty line") }
        let content = line.dropFirst()
        switch type {
        case UInt8(ascii: "+"): return .simple(Self.text(content))
        case UInt8(ascii: "-"): return .error(Self.text(content))
        case UInt8(ascii: ":"): return .integer(try Self.number(content))
        case UInt8(ascii: ","), UInt8(ascii: "("): return .simple(Self.text(content))
        case UInt8(ascii: "#"): return .integer(content.first == UInt8(ascii: "t") ? 1 : 0)
        case UInt8(ascii: "_"): return .null
        case UInt8(ascii: "$"): return try bulk(content, at: &position).map { $0.map(RESPValue.bytes) ?? .null }
        case UInt8(ascii: "!"):
            return try bulk(content, at: &position).map { .error(Self.text(($0 ?? [])[...])) }
        case UInt8(ascii: "="):
            // Three letters say of which kind the text is.
            return try bulk(content, at: &position).map { .bytes(Array(($0 ?? []).dropFirst(4))) }
        case UInt8(ascii: "*"), UInt8(ascii: "~"): return try elements(content, 1, at: &position, depth: depth)
        case UInt8(ascii: "%"): return try elements(content, 2, at: &position, depth: depth)
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            isAside = depth == 0
            return try elements(content, type == UInt8(ascii: "|") ? 2 : 1, at: &position, depth: depth)
        default: throw .notRESP("a reply that begins with byte \(type)")
        }
    }

    /// Without its line end; nil while that has not arrived.
    private func line(at position: inout Int) throws(RedisError) -> ArraySlice<UInt8>? {
        guard let end = buffer[position...].firstIndex(of: 0x0D) else {
            guard buffer.count - position <= Self.lineLimit else { throw .notRESP("a line of more than 64 KiB") }
            return nil
        }
        guard end + 1 < buffer.count else { return nil }
        guard buffer[end + 1] == 0x0A else { throw .notRESP("a line that does not end") }
        defer { position = end + 2 }
        return buffer[position..<end]
    }

    /// Nil while it has not arrived; nil inside for the null string.
    private func bulk(_ length: ArraySlice<UInt8>, at position: inout Int) throws(RedisError) -> [UInt8]?? {
        let count = try Self.number(length)
        if count == -1 { return .some(nil) }
        guard (0...Int64(Self.bulkLimit)).contains(count) else { throw .notRESP("a string of \(count) bytes") }
        let end = position + Int(count)
        guard end + 2 <= buffer.count else { return nil }
        guard buffer[end] == 0x0D, buffer[end + 1] == 0x0A else { throw .notRESP("a string that does not end") }
        defer { position = end + 2 }
        return Array(buffer[position..<end])
    }

    private func elements(
        _ length: ArraySlice<UInt8>, _ factor: Int, at position: inout Int, depth: Int
    ) throws(RedisError) -> RESPValue? {
        let count = try Self.number(length)
        if count == -1 { return .null }
        guard (0...Int64(Self.elementLimit)).contains(count) else { throw .notRESP("a list of \(count) elements") }
        var elements: [RESPValue] = []
        for _ in 0..<Int(count) * factor {
            var isAside = false
            guard let element = try value(at: &position, depth: depth + 1, &isAside) else { return nil }
            elements.append(element)
        }
        return .array(elements)
    }

    private static func number(_ digits: ArraySlice<UInt8>) throws(RedisError) -> Int64 {
        guard let number = Int64(String(decoding: digits, as: UTF8.self)) else {
            throw .notRESP("a length that is no number")
        }
        return number
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// Commands as they go on the wire, one behind the other.
public struct RESPCommands: Sendable {
    public private(set) var bytes: [UInt8] = []
    public private(set) var count = 0

    public init() {}

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
    case refused(server: String, words: String)
    /// What came is no reply.
    case notRESP(String)
    /// The task was cancelled, or its time was over.
    ///
    /// A server that speaks TLS alone may say nothing at all to one who does not.
    case outOfTime(server: String, mayWantTLS: Bool = false)
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .connection(let error): error.description
        case .refused(let server, let words): "\(server) refuses the connection: \(words)"
        case .notRESP(let found): "the server sent \(found), so it is none of Redis's kind"
        case .outOfTime(let server, let mayWantTLS):
            "\(server) gave no answer in time" + (mayWantTLS ? "; if it speaks TLS only, use rediss://" : "")
        }
    }
}
