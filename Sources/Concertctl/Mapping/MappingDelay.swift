import Clients
import JSON

/// A refusal of a mapping that ends by itself: the function or its role is not ready yet.
enum MappingDelay: Sendable, Equatable {
    /// The function is being created, updated or brought back from being idle.
    case function
    /// Lambda cannot use the function's role, or not for all calls on the stream.
    case role

    /// How long a new role or policy is waited for.
    ///
    /// IAM's changes take seconds to reach Lambda; a role that lacks a right is refused in the same words.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html>
    static let roleLimit = Duration.seconds(120)

    /// Returns nil for a refusal that another try does not change.
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

    /// How errors and progress name it.
    var text: String {
        switch self {
        case .function: "the function is not ready"
        case .role: "Lambda cannot use the function's role yet"
        }
    }
}

extension MappingChange {
    /// Makes a call about a mapping; with `--wait`, again and again while the function or its role is not ready.
    func whenReady(_ request: AWSRequest) async throws -> JSONValue {
        guard waits else {
            do {
                return try await session.send(request).json()
            } catch let error as AWSError {
                guard let delay = MappingDelay(error) else { throw error }
                Console.note("note: \(delay.text); --wait repeats the call until it is")
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
