import Basics
import JSON

/// The error in a server's error reply.
///
/// Redis before 7.0 wraps an error of a script in another one and prefixes it with a location, a minus sign or both:
/// `ERR Error running script (call to f_...): @user_script:1: @user_script: 1: -READONLY You can't write against...`.
package struct RedisErrorReply: Sendable, Equatable {
    /// The error code, such as `READONLY`; `ERR` for an error without its own code.
    package var code: String
    /// The text after the code.
    package var message: String

    /// - Parameter words: The reply, without its leading minus sign.
    package init(_ words: String) {
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

    /// Returns the end of `@user_script:1: ` or `@user_script: 1: ` at the start of `text`, or nil if there is none.
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
    /// Whether the server is expected to accept the same command soon: it starts, fails over, or lacks a resource.
    ///
    /// Source: <https://github.com/redis/redis/blob/7.0/src/server.c>, `createSharedObjects`
    package var isTransient: Bool {
        Self.transientCodes.contains(code) || code == "ERR" && message.utf8.starts(with: Self.tooManyClients.utf8)
    }

    private static let transientCodes: Set = [
        "LOADING", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "NOREPLICAS", "NOGOODSLAVE", "OOM",
        "MISCONF",
    ]
    private static let tooManyClients = "max number of clients reached"

    /// Whether the server reports that this command can never succeed while its key has its present value.
    ///
    /// A closed list: any other error may be caused by the server, its configuration or the user's permissions.
    package var isAboutCommand: Bool {
        code == "WRONGTYPE" || code == "ERR" && Self.aboutCommand.contains { message.utf8.starts(with: $0.utf8) }
    }

    private static let aboutCommand = [
        "value is not a valid float", "string exceeds maximum allowed size", "resulting score is not a number",
    ]

    /// Whether the server has ceased to be the primary, so that its name may resolve to another server.
    var isFromReplica: Bool { code == "READONLY" || code == "MASTERDOWN" }
}

extension RESPValue {
    /// The error of an error reply; nil for other replies.
    package var errorReply: RedisErrorReply? { refusal.map(RedisErrorReply.init) }
}
