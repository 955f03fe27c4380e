import Basics
import Clients

/// The reason why an entity could not be written to the cache.
enum CacheFailure: Sendable, Equatable {
    /// A failure that can pass.
    case transient(String)
    /// The server can never run this entity's command because of the value that `key` contains.
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

    /// The reason of a transient failure; nil if the failure is permanent.
    var transientReason: String? { if case .transient(let reason) = self { reason } else { nil } }

    /// Combines two failures of the same entity: a transient one takes precedence, so that the entity is retried.
    func and(_ other: CacheFailure) -> CacheFailure {
        if case .permanent = self { other } else { self }
    }
}
