import JSON

/// The error that a server's error reply reports.
///
/// Redis before 7.0 wraps an error inside a script in another one, and marks it with a location, a minus sign or both:
/// `ERR Error running script (call to f_...): @user_script:1: @user_script: 1: -READONLY You can't write against...`.
public struct RedisErrorReply: Sendable, Equatable {
    /// Such as `READONLY`; `ERR` for an error that has no code of its own.
    public var code: String
    /// What follows the code.
    public var message: String

    /// - Parameter words: The reply, without the minus sign that begins it.
    public init(_ words: String) {
        var rest = words.utf8[...]
        if rest.starts(with: "ERR Error running script (call to ".utf8), let end = rest.range(of: "): ".utf8) {
            rest = rest[end.upperBound...]
        }
        while let end = Self.endOfLocation(rest) { rest = rest[end...] }
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let code = rest.prefix(while: Self.isPartOfCode)
        let isCode = !code.isEmpty && (code.endIndex == rest.endIndex || rest[code.endIndex] == UInt8(ascii: " "))
        self.code = isCode ? String(decoding: code, as: UTF8.self) : "ERR"
        message = String(decoding: isCode ? rest[code.endIndex...].dropFirst() : rest, as: UTF8.self)
    }

    /// The end of `@user_script:1: ` or `@user_script: 1: ` at the start of `text`; nil without one.
    private static func endOfLocation(_ text: Substring.UTF8View) -> Substring.UTF8View.Index? {
        let name = "@user_script:".utf8
        guard text.starts(with: name) else { return nil }
        let rest = text.dropFirst(name.count).drop { $0 == UInt8(ascii: " ") }
            .drop { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return rest.starts(with: ": ".utf8) ? rest.dropFirst(2).startIndex : nil
    }

    private static func isPartOfCode(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_")
    }
}

/// Classification.
extension RedisErrorReply {
    /// Whether the server is expected to accept the same command soon: it starts, fails over, or is short of something.
    ///
    /// Source: <https://github.com/redis/redis/blob/7.0/src/server.c>, `createSharedObjects`
    public var isTransient: Bool {
        Self.transientCodes.contains(code) || code == "ERR" && message.utf8.starts(with: Self.tooManyClients.utf8)
    }

    private static let transientCodes: Set = [
        "LOADING", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "NOREPLICAS", "NOGOODSLAVE", "OOM",
        "MISCONF",
    ]
    private static let tooManyClients = "max number of clients reached"

    /// Whether the server says of this one command that it can never be carried out as long as its key is what it is.
    ///
    /// A closed list: any other error may be the server's, its configuration's or its user's.
    public var isAboutCommand: Bool {
        code == "WRONGTYPE" || code == "ERR" && Self.aboutCommand.contains { message.utf8.starts(with: $0.utf8) }
    }

    private static let aboutCommand = [
        "value is not a valid float", "string exceeds maximum allowed size", "resulting score is not a number",
    ]

    /// Whether the server is no longer the one to write to, so that its name may stand for another one.
    var isFromReplica: Bool { code == "READONLY" || code == "MASTERDOWN" }
}

extension RESPValue {
    /// The error of an error reply; nil for all others.
    public var errorReply: RedisErrorReply? { refusal.map(RedisErrorReply.init) }
}
