import Basics
import Clients
import JSON

/// A temporary reason why Lambda rejects a mapping.
enum MappingDelay: Sendable, Equatable {
    /// The function is being created, updated, or reactivated.
    case function
    /// Lambda cannot assume the function's role, or the role does not allow all calls on the stream.
    case role

    /// The maximum time to wait for a new role or policy.
    ///
    /// Changes in IAM take seconds to reach Lambda. Until then, the error is the same as for a missing permission.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html>
    static let roleLimit = Duration.seconds(120)

    /// Returns nil for an error that a retry does not fix.
    init?(_ error: AWSError) {
        guard let refusal = error.refusal else { return nil }
        let message = refusal.message
        switch refusal.code {
        case "ResourceConflictException", "InvalidParameterValueException", "ResourceNotReadyException",
            "InvalidRequestContentException":
            if Self.functionTexts.contains(where: message.contains(bytes:)) {
                self = .function
            } else if refusal.code == "InvalidParameterValueException",
                Self.roleTexts.contains(where: message.contains(bytes:))
            {
                self = .role
            } else if refusal.code == "ResourceNotReadyException" {
                self = .function
            } else {
                return nil
            }
        default: return nil
        }
    }

    private static let functionTexts = [
        "currently in the following state", "state: Pending", "state Pending", "Pending state", "state: Inactive",
        "state Inactive", "Inactive state", "InProgress", "update is in progress",
    ]
    private static let roleTexts = [
        "cannot be assumed by Lambda", "cannot be assumed", "ensure the role can perform",
    ]

    /// The reason for errors and progress.
    var text: String {
        switch self {
        case .function: "the function is not ready"
        case .role: "Lambda cannot use the function's role yet"
        }
    }
}

extension MappingChange {
    /// Sends a request and, with `--wait`, repeats it until the function and its role are ready.
    func whenReady(_ request: AWSRequest) async throws -> JSONValue {
        guard waits else {
            do {
                return try await session.send(request).json()
            } catch let error as AWSError {
                guard let delay = MappingDelay(error) else { throw error }
                Console.note("note: \(delay.text); pass --wait to wait for it")
                throw error
            }
        }
        let start = ContinuousClock.now
        return try await waiter.wait(for: "lambda \(request.operation)") {
            do {
                return .reached(try await session.send(request).json())
            } catch let error as AWSError {
                guard let delay = MappingDelay(error),
                    delay != .role || ContinuousClock.now - start < MappingDelay.roleLimit
                else { throw error }
                return .pending(delay.text)
            }
        }
    }
}
