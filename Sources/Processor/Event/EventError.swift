import JSON

/// Why an invocation's event is not one that a Kinesis event source mapping sends.
public enum EventError: Error, Equatable, Sendable {
    case notJSON(JSONError)
    /// `found` says what stands there instead.
    case notKinesis(found: String)
    /// The record at `index` of `Records` cannot be told from others or has nothing in it.
    case invalidRecord(index: Int, problem: String)

    /// What the Runtime API is told; alarms match on it.
    public static let errorType = "Runtime.InvalidEvent"
}

extension EventError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notJSON(let error): "the event is not JSON: \(error)"
        case .notKinesis(let found):
            "the event is not a Kinesis event: \(found); is the function's event source mapping on a Kinesis stream?"
        case .invalidRecord(let index, let problem): "the event's record \(index) is invalid: \(problem)"
        }
    }
}
