/// An error that ends the loop; the process then exits, and Lambda starts a new one.
package enum RuntimeError: Error, Sendable, Equatable {
    /// The Runtime API rejected a call permanently.
    case refused(call: String, status: Int)
    /// All attempts of `next` failed.
    case unreachable(reason: String, tries: Int)
    /// The system cannot create a thread for a loop.
    case noThread(reason: String)
}

extension RuntimeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let call, let status):
            "the Runtime API answered \(call) with status \(status); restarting"
        case .unreachable(let reason, let tries):
            "the Runtime API returned no invocation in \(tries) attempts: \(reason); "
                + "check that AWS_LAMBDA_RUNTIME_API is correct and that a server listens there"
        case .noThread(let reason): "no thread could be started: \(reason)"
        }
    }
}

/// An error of an invocation or of the initialization as a whole, which is reported to the Runtime API.
package struct InvocationError: Error, Sendable, Equatable {
    /// The type matches `(Runtime
    /// Function)\.[A-Z][a-zA-Z]+`, or Lambda replaces it by `Runtime.Unknown`; alarms match it.
    package var type: String
    package var message: String

    package init(type: String, message: String) {
        self.type = type
        self.message = message
    }
}
