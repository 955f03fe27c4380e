/// A Lua script of one key, known to servers by its digest.
public struct RedisScript: Sendable {
    public let source: String
    private let digest: String

    public init(_ source: String) {
        self.source = source
        digest = SHA1.digest(of: Array(source.utf8)).hexadecimal
    }

    /// One run of it.
    public struct Call: Sendable {
        public var key: String
        public var arguments: [[UInt8]]

        public init(_ key: String, _ arguments: [[UInt8]]) { (self.key, self.arguments) = (key, arguments) }

        public init(_ key: String, _ words: [String]) { self.init(key, words.map { Array($0.utf8) }) }
    }

    /// - Parameter isWhole: Whether the text goes along, for a server that does not know it yet.
    fileprivate func command(_ call: Call, isWhole: Bool) -> RedisCommand {
        let head = (isWhole ? ["EVAL", source] : ["EVALSHA", digest]) + ["1", call.key]
        return RedisCommand(head.map { Array($0.utf8) } + call.arguments, keyIndex: 3)
    }
}

extension RedisClient {
    /// Runs a script, which must bear being run twice, once for each call, and returns the replies in order.
    ///
    /// A server that was restarted, or a node that is new, is told the script's text.
    public func run(
        _ script: RedisScript, _ calls: [RedisScript.Call], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        var replies = try await run(calls.map { script.command($0, isWhole: false) }, until: deadline)
        let unknown = replies.indices.filter { replies[$0].refusal?.hasPrefix("NOSCRIPT") ?? false }
        guard !unknown.isEmpty else { return replies }
        let whole = try await run(unknown.map { script.command(calls[$0], isWhole: true) }, until: deadline)
        for (index, reply) in zip(unknown, whole) { replies[index] = reply }
        return replies
    }
}
