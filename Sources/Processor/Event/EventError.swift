import JSON

/// The reason why an event does not come from a Kinesis event source mapping.
package enum EventError: Error, Equatable, Sendable {
    case notJSON(JSONError)
    /// The event has another structure, which `found` describes.
    case notKinesis(found: String)
    /// The record at `index` of `Records` has no valid sequence number or no data.
    case invalidRecord(index: Int, problem: String)

    /// The error type that is reported to the Runtime API; alarms match it.
    package static let errorType = "Runtime.InvalidEvent"
}

extension EventError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notJSON(let error): "the event is not JSON: \(error)"
        case .notKinesis(let found):
            "the event is not a Kinesis event: \(found); is the function's event source mapping on a Kinesis stream?"
        case .invalidRecord(let index, let problem): "the event's record \(index) is invalid: \(problem)"
        }
    }
}
