import Clients

/// The desired state of one stream setting, and the call that applies it.
struct DesiredState: Sendable {
    /// The desired state in words, such as `a retention of 48 h`.
    var what: String
    /// The current state in words, such as `retention 24 h`.
    var state: @Sendable (StreamSummary) -> String
    /// Whether the stream is in the desired state.
    var isReached: @Sendable (StreamSummary) -> Bool
    /// Whether the call has taken effect, if the summary may show the state differently from the request.
    var isApplied: (@Sendable (StreamSummary) -> Bool)?
    /// A warning to print before the call.
    var warning: @Sendable (StreamSummary) -> String? = { _ in nil }
    /// An explanation of `LimitExceededException` for this call.
    var limit: String?
    var request: @Sendable (StreamSummary) -> AWSRequest
}

/// The result of one change.
enum ChangeVerdict: String, Sendable {
    case created
    case unchanged
    case changed
    case skipped
    /// The stream differs from the options and was not changed.
    case differs
    case failed
    case put
}
