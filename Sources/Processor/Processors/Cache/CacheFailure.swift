import Clients

/// Why an entity is not in the cache as its batch has it.
enum CacheFailure: Sendable, Equatable {
    /// Worth another try.
    case transient(String)
    /// The server says that it can never carry out this entity's command, for what `key` contains.
    case permanent(String, key: [UInt8])

    /// - Parameter error: The reply to `command`.
    init(_ error: RedisErrorReply, to command: RedisCommand) {
        var (key, message) = (command.key, error.message)
        // A script has several keys, and says which one it was.
        if let mark = message.utf8.range(of: CacheScript.errorKeyMark.utf8) {
            key = Array(message.utf8[mark.upperBound...])
            message = String(decoding: message.utf8[..<mark.lowerBound], as: UTF8.self)
        }
        let shownKey = MessageText.escaped(String(decoding: key, as: UTF8.self))
        let name = command.arguments.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let text = "\(name) failed for key \(shownKey): \(error.code) \(MessageText.escaped(message))"
        self = error.isAboutCommand ? .permanent(text, key: key) : .transient(text)
    }

    /// Why another try may succeed; nil when none can.
    var transientReason: String? { if case .transient(let reason) = self { reason } else { nil } }

    /// This failure together with another one of the same entity: what may still succeed is tried again first.
    func and(_ other: CacheFailure) -> CacheFailure {
        if case .permanent = self { other } else { self }
    }
}
