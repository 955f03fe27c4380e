/// Why there are no credentials; the texts never hold any.
public enum CredentialError: Error, Equatable, Sendable {
    /// Every place was looked at.
    case nowhere(looked: [String])
    /// A place that was chosen does not give any.
    case unusable(origin: String, reason: String)
}

extension CredentialError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .nowhere(let looked):
            "no AWS credentials; looked at \(looked.joined(separator: ", ")); set AWS_PROFILE or give --profile, "
                + "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure"
        case .unusable(let origin, let reason): "\(origin): \(reason)"
        }
    }
}
