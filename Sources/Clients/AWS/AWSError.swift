import JSON
import Transport

/// Why a call of an AWS service brought no result.
public enum AWSError: Error, Equatable, Sendable {
    /// The service answered, and said no.
    case refused(AWSRefusal)
    /// No whole answer came; the service may have acted all the same.
    case unreachable(service: String, operation: String, attempts: Int, error: CurlError)
    /// What answered was not the service: a proxy's or a captive portal's page, or half a document.
    case unreadable(service: String, operation: String, status: Int, found: String)
    /// `AWS_ENDPOINT_URL...` is no URL, or the Region has no name's form.
    case misconfigured(String)
}

/// A service's refusal, in its own words.
public struct AWSRefusal: Equatable, Sendable {
    public var service: String
    public var operation: String
    public var status: Int
    /// Such as `ResourceNotFoundException`; without a namespace.
    public var code: String
    /// Credentials in it are masked.
    public var message: String
    public var requestID: String?
    /// Whether the same call may well succeed a little later.
    public var isRetryable: Bool
    public var attempts: Int
    /// The Region that was queried; nil when it is not known.
    public var region: String?
    /// The Region that the response says the bucket is in, where that is another one.
    public var bucketRegion: String?
    /// Whether an earlier attempt of the same call had no answer, or a server's fault, and may have been carried out.
    public var followsUnknown = false

    public init(
        service: String, operation: String, status: Int, code: String, message: String, requestID: String? = nil,
        isRetryable: Bool = false, attempts: Int = 1
    ) {
        (self.service, self.operation, self.status, self.code) = (service, operation, status, code)
        (self.message, self.requestID, self.isRetryable) = (message, requestID, isRetryable)
        self.attempts = attempts
    }
}

extension AWSError {
    public var refusal: AWSRefusal? { if case .refused(let refusal) = self { refusal } else { nil } }

    /// The service's code; nil when no service answered.
    public var code: String? { refusal?.code }

    /// Whether the same call may well succeed a little later.
    public var isRetryable: Bool {
        switch self {
        case .refused(let refusal): refusal.isRetryable
        case .unreachable(_, _, _, let error): error.isRetryable
        case .unreadable(_, _, let status, _): status >= 500
        case .misconfigured: false
        }
    }

    /// Whether the service surely has not done what it was asked for.
    public var isDefinite: Bool {
        switch self {
        case .refused(let refusal): refusal.status < 500 && !refusal.followsUnknown
        case .unreachable, .unreadable: false
        case .misconfigured: true
        }
    }

    /// This error, as that of a call whose attempt before ended with `earlier`.
    func following(_ earlier: AWSError?) -> AWSError {
        guard let earlier, !earlier.isDefinite, case .refused(var refusal) = self else { return self }
        refusal.followsUnknown = true
        return .refused(refusal)
    }
}

extension AWSError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .unreachable(let service, let operation, let attempts, let error):
            "\(service) \(operation): \(error)\(Self.tried(attempts))"
        case .unreadable(let service, let operation, let status, let found):
            "\(service) \(operation): status \(status) with \(found), which is no answer of the service; "
                + "check the endpoint, and proxies on the way"
        case .misconfigured(let problem): problem
        }
    }

    fileprivate static func tried(_ attempts: Int) -> String { attempts > 1 ? ", tried \(attempts) times" : "" }
}

extension AWSRefusal: CustomStringConvertible {
    public var description: String {
        let text = message.isEmpty ? "" : ": \(message)"
        let request = requestID.map { ", request \($0)" } ?? ""
        let help = isRetryable ? "; another try may help" : ""
        return "\(service) \(operation): \(code)\(text) (status \(status)\(request))"
            + AWSError.tried(attempts) + help
    }
}

/// Hides what must not be read in words that come from elsewhere: errors quote the tokens that they refuse.
struct SecretMask: Sendable {
    private let secrets: [String]

    /// - Parameter others: Such as a token that a call carries.
    init(_ credentials: AWSCredentials?, others: [String] = []) {
        let texts = [credentials?.secretAccessKey, credentials?.sessionToken, credentials?.accessKeyID] + others
        secrets = texts.compactMap { $0 }.filter { $0.utf8.count >= 8 }.flatMap { [$0, PercentEncoding.encode($0)] }
    }

    func masked(_ text: String) -> String {
        var text = text
        for secret in secrets { text = text.substituting(secret, with: "***") }
        return Self.maskingWords(in: text)
    }

    /// Other people's, too: access key IDs by their form, and tokens by being one very long word.
    private static func maskingWords(in text: String) -> String {
        var result = ""
        var word = ""
        for character in text + " " {
            if character.isASCII, character.isLetter || character.isNumber || "+/=%_-".contains(character) {
                word.append(character)
            } else {
                result += word.utf8.count >= 100 ? "***" : maskingKeys(in: word)
                result.append(character)
                word = ""
            }
        }
        return String(result.dropLast())
    }

    /// Also inside a word, as in `Credential=AKIA.../20260101/us-east-1`.
    private static func maskingKeys(in word: String) -> String {
        var result = ""
        var rest = word[...]
        while !rest.isEmpty {
            let run = rest.prefix { $0.isLetter || $0.isNumber }
            rest = rest[run.endIndex...]
            let isKey =
                ["AKIA", "ASIA"].contains { run.hasPrefix($0) } && run.utf8.count >= 16
                && run.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
            result += isKey ? "***" : run
            if let separator = rest.popFirst() { result.append(separator) }
        }
        return result
    }
}
