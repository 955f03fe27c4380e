import Basics
import JSON

/// The cause of a failed stack operation, and the advice on it.
struct StackFailure: Sendable, Equatable {
    /// The kinds of causes that have advice of their own.
    enum Cause: String, Sendable, CaseIterable {
        case otherRegion
        case roleNotReady
        case permission
        case exportInUse
        case nameTaken
        case timedOut
        case quota
        case changedOutside
        case other
    }

    /// The phrases in error messages that identify a cause; the first matching cause is used.
    private static let words: [(cause: Cause, words: [String])] = [
        (.otherRegion, ["PermanentRedirect", "bucket is in this region", "AuthorizationHeaderMalformed"]),
        (
            .roleNotReady,
            [
                "cannot be assumed", "unable to assume", "to assume the role", "ensure the role can perform",
                "execution role does not have permissions",
            ]
        ),
        (.permission, ["AccessDenied", "not authorized to perform", "UnauthorizedOperation", "Access Denied"]),
        (.exportInUse, ["as it is in use by"]),
        (.nameTaken, ["already exist", "AlreadyExists"]),
        (.timedOut, ["timed out", "xceeded attempts to wait", "stabilize", "NotStabilized"]),
        (
            .quota,
            [
                "LimitExceeded", "imit exceeded", "QuotaExceeded", "quota", "exceeds the limit",
                "UnreservedConcurrentExecution",
            ]
        ),
        (.changedOutside, ["does not exist", "NotFound", "not found", "drift", "NoSuch"]),
    ]

    /// The event that reports the failure, or nil if there is none.
    let event: StackEvent?
    let reason: String
    let cause: Cause

    init(_ event: StackEvent? = nil, reason: String) {
        (self.event, self.reason) = (event, reason)
        let found =
            Self.words.first { row in row.words.contains { reason.utf8.contains(part: $0.utf8) } }?.cause ?? .other
        // A resource that is only being created has not been changed by others.
        let isCreation = event?.status.utf8.starts(with: "CREATE".utf8) ?? false
        cause = found == .changedOutside && isCreation ? .other : found
    }

    /// Finds the first failure of an operation; others follow from it.
    ///
    /// - Parameter events: Oldest first.
    init(_ stack: Stack, _ events: [StackEvent]) {
        let first = events.first { event in
            event.isFailure && !event.isOfStack && !event.reason.utf8.contains(part: " cancelled".utf8)
        }
        let fallback = events.first { $0.isFailure && !$0.reason.isEmpty }
        let found = first ?? fallback
        self.init(found, reason: found?.reason ?? stack.reason ?? "CloudFormation gives no reason")
    }

    /// What failed, and why.
    var description: String {
        guard let event, !event.isOfStack else { return reason }
        return "\(event.logicalID) (\(event.type)) failed: \(reason)"
    }

    /// The action that the deployer may not perform, such as `lambda:CreateFunction`.
    private var action: String? {
        let lead = "not authorized to perform: "
        guard let start = reason.range(of: lead)?.upperBound else { return nil }
        let action = reason[start...].utf8.prefix { !" \"',;)".utf8.contains($0) }
        return action.contains(UInt8(ascii: ":")) ? String(decoding: action, as: UTF8.self) : nil
    }

    /// Returns the advice on the failure.
    ///
    /// - Parameter options: The options of a command line that select the stack.
    func advice(options: String) -> String {
        switch cause {
        case .otherRegion:
            "the bucket with the code must be in the Region of the stack: leave --bucket out, or name one of this Region"
        case .roleNotReady:
            "IAM needs some seconds until a new role can be used everywhere: try again"
        case .permission:
            "allow \(action ?? "what the message names") in a policy of who deploys: concertctl deploy --print-policy "
                + "prints all that is needed"
        case .exportInUse: "another stack, which the message names, uses the output: change that stack first"
        case .nameTaken: nameAdvice
        case .timedOut:
            "the service took too long; see whether it works there, its quotas and networks (subnets, security groups), "
                + "and try again"
        case .quota:
            "a quota of the account is used up: free what is not needed, or ask for more in the console under "
                + "Service Quotas"
        case .changedOutside:
            "the resource was changed or deleted outside of the stack: aws cloudformation detect-stack-drift "
                + "\(options) shows what differs; make it as the stack has it, and try again"
        case .other: "fix what the message names, and try again"
        }
    }

    private var nameAdvice: String {
        let text = "the name is taken by a resource outside of the stack: "
        return switch event?.type {
        case "AWS::Kinesis::Stream":
            text + "read from the stream that exists with --parameter StreamArn=ARN, or choose another name with "
                + "--parameter StreamName=NAME"
        case "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::CloudWatch::Dashboard",
            "AWS::Kinesis::StreamConsumer":
            text + "choose another one with --parameter FunctionName=NAME (or LoaderName), or delete the resource"
        default: text + "delete the resource, or choose another name"
        }
    }
}

extension Sequence<UInt8> {
    /// Returns whether the bytes contain `part` as a contiguous sequence.
    func contains(part: some Collection<UInt8>) -> Bool {
        let (bytes, part) = (Array(self), Array(part))
        guard bytes.count >= part.count else { return false }
        return (0...(bytes.count - part.count)).contains { bytes[$0..<$0 + part.count].elementsEqual(part) }
    }
}
