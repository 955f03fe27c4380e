import Clients
import Processor
import Transport

/// Advice on errors, in addition to their own descriptions.
enum ErrorAdvice {
    /// Returns nil if there is no advice beyond the description of the error.
    static func advice(on error: any Error) -> String? {
        // A failed call for credentials calls for the same advice.
        let credentialError: AWSError? =
            if case .failed(_, let error) = error as? CredentialError { error } else { nil }
        return switch credentialError ?? error as? AWSError {
        case .refused(let refusal): advice(on: refusal)
        case .unreachable(_, _, _, let error):
            switch error.advice {
            case let advice? where error.isRetryable: "\(advice); and check the Region and the network"
            case let advice: advice
            }
        case .misconfigured(let problem):
            problem.contains("Region") ? "or pass --region, such as --region us-east-1" : nil
        case .unreadable: nil
        case nil: (error as? WarehouseError).map(advice) ?? (error as? TransportError)?.advice
        }
    }

    private static func advice(on error: WarehouseError) -> String? {
        guard let cause = error.cause else { return nil }
        // The descriptions of these errors are more specific than the advice for any service.
        let isToldAlready = ["AccessDeniedException", "ResourceNotFoundException"].contains(cause.code)
        return isToldAlready ? nil : advice(on: cause)
    }

    private static func notFound(_ refusal: AWSRefusal) -> String {
        guard let region = refusal.region else { return "check the name and the Region" }
        return "not found in \(region), which was queried: check the name, or pass --region"
    }

    /// Returns advice for S3's response about a bucket in another Region.
    private static func otherRegion(_ refusal: AWSRefusal) -> String {
        let queried = refusal.region.map { "\($0) was queried" } ?? "another Region was queried"
        guard let region = refusal.bucketRegion else {
            return "the bucket is in another Region, \(queried): pass --region"
        }
        return "the bucket is in \(region), \(queried): pass --region \(region)"
    }

    private static func advice(on refusal: AWSRefusal) -> String? {
        switch refusal.code {
        case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "AuthorizationError":
            "the credentials work, but may not do this: allow \(refusal.service):\(refusal.operation) in their policy"
        case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClient":
            "AWS does not know these credentials: check the profile or the keys, and that the Region is enabled"
        case "ExpiredTokenException", "ExpiredToken": "get new credentials, with aws sso login for example"
        case "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature":
            "check the secret access key for a missing or an extra character, and this machine's clock"
        case "ResourceNotFoundException":
            notFound(refusal) + "; concertctl stream list and concertctl mapping list show what exists there"
        case "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NoSuchBucket", "NotFound",
            "ClusterNotFound":
            notFound(refusal)
        case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
            otherRegion(refusal)
        case "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException":
            "check the key: it must be in this Region and enabled, and its policy must let these credentials use it"
        case "LimitExceededException": "wait a little and try again, or ask for a higher quota"
        default: nil
        }
    }
}
