import Clients

/// What a command wants of a stream, and the call that brings it there.
struct StreamGoal: Sendable {
    /// Such as `retention of 48 h`.
    var what: String
    /// How the stream stands in this matter, such as `retention 24 h`.
    var state: @Sendable (StreamSummary) -> String
    /// Whether there is nothing to do.
    var isReached: @Sendable (StreamSummary) -> Bool
    /// Whether the call has taken effect, where the summary may not show the goal in the words that asked for it.
    var isApplied: (@Sendable (StreamSummary) -> Bool)?
    /// What somebody must know before it is done.
    var warning: @Sendable (StreamSummary) -> String? = { _ in nil }
    /// What `LimitExceededException` means here.
    var limit: String?
    var request: @Sendable (StreamSummary) -> AWSRequest
}

/// What became of a wish.
enum ChangeVerdict: String, Sendable {
    case created
    case alreadySo = "already so"
    case changed
    case skipped
    /// It is not as wished, and is left so.
    case differs
    case failed
    case put
}
