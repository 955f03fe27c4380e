/// Why there are no credentials; the texts never contain any.
public enum CredentialError: Error, Equatable, Sendable {
    /// No source has any.
    case notFound(searched: [String])
    /// The source that was chosen does not give any.
    case unusable(origin: String, reason: String)
    /// STS or SSO was asked for some, and did not give them.
    case failed(origin: String, AWSError)
    /// A token or a session was not renewed; `advice` has the command that starts another.
    case notRenewed(origin: String, AWSError, advice: String)
}

extension CredentialError {
    /// Whether another try may well succeed a little later.
    public var isRetryable: Bool {
        switch self {
        case .failed(_, let error), .notRenewed(_, let error, _): error.isRetryable
        case .notFound, .unusable: false
        }
    }
}

extension CredentialError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFound(let searched):
            "no AWS credentials; looked at \(searched.joined(separator: ", ")); set AWS_PROFILE or give --profile, "
                + "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure"
        case .unusable(let origin, let reason): "\(origin): \(reason)"
        case .failed(let origin, let error): "\(origin): \(error)"
        case .notRenewed(let origin, let error, let advice):
            "\(origin): the session was not renewed: \(error); \(advice)"
        }
    }
}
