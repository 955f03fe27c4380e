/// Why the loop cannot go on: the process should end, and Lambda starts a new one.
public enum RuntimeError: Error, Sendable, Equatable {
    /// The Runtime API refused a call for good.
    case refused(call: String, status: Int)
    /// `next` failed as often as it is tried.
    case unreachable(reason: String, tries: Int)
    /// The system gives no thread for a loop.
    case noThread(reason: String)
}

extension RuntimeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused(let call, let status):
            "the Runtime API answered \(call) with status \(status), which leaves nothing to do but to start anew"
        case .unreachable(let reason, let tries):
            "the Runtime API gave no invocation in \(tries) tries: \(reason); "
                + "is AWS_LAMBDA_RUNTIME_API right, and does anything listen there?"
        case .noThread(let reason): "no thread could be started: \(reason)"
        }
    }
}

/// Why an invocation, or the initialization, failed as a whole: what Lambda is told.
public struct InvocationError: Error, Sendable, Equatable {
    /// Matches `(Runtime|Function)\.[A-Z][a-zA-Z]+`, or Lambda replaces it by `Runtime.Unknown`; alarms match on it.
    public var type: String
    public var message: String

    public init(type: String, message: String) {
        self.type = type
        self.message = message
    }
}
