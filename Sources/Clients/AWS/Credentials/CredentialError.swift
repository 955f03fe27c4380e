/// An error of a credential source; its text never contains credentials.
package enum CredentialError: Error, Equatable, Sendable {
    /// No source has credentials.
    case notFound(searched: [String])
    /// The selected source cannot provide credentials.
    case unusable(origin: String, reason: String)
    /// STS or SSO returned an error.
    case failed(origin: String, AWSError)
    /// A token or session was not renewed; `advice` is the command that starts a new one.
    case notRenewed(origin: String, AWSError, advice: String)
}

extension CredentialError {
    /// Whether a retry may succeed.
    package var isRetryable: Bool {
        switch self {
        case .failed(_, let error), .notRenewed(_, let error, _): error.isRetryable
        case .notFound, .unusable: false
        }
    }
}

extension CredentialError: CustomStringConvertible {
    package var description: String {
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
