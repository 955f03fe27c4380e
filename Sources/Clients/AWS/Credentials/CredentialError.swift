/// Why there are no credentials; the texts never hold any.
public enum CredentialError: Error, Equatable, Sendable {
    /// Every place was looked at.
    case nowhere(looked: [String])
    /// A place that was chosen does not give any.
    case unusable(origin: String, reason: String)
    /// STS or SSO was asked for some, and did not give them.
    case failed(origin: String, AWSError)
}

extension CredentialError {
    /// Whether another try may well succeed a little later.
    public var isRetryable: Bool { if case .failed(_, let error) = self { error.isRetryable } else { false } }
}

extension CredentialError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .nowhere(let looked):
            "no AWS credentials; looked at \(looked.joined(separator: ", ")); set AWS_PROFILE or give --profile, "
                + "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure"
        case .unusable(let origin, let reason): "\(origin): \(reason)"
        case .failed(let origin, let error): "\(origin): \(error)"
        }
    }
}
