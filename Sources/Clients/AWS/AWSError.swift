import Basics
import JSON
import Transport

/// A call of an AWS service that failed.
package enum AWSError: Error, Equatable, Sendable {
    /// An error response of the service.
    case refused(AWSRefusal)
    /// No complete response; the service may have processed the request.
    case unreachable(service: String, operation: String, attempts: Int, error: TransportError)
    /// A response that is not the service's: a page of a proxy or a captive portal, or a truncated document.
    case unreadable(service: String, operation: String, status: Int, found: String)
    /// An invalid endpoint URL or Region.
    case misconfigured(String)
}

/// An error response of a service.
package struct AWSRefusal: Equatable, Sendable {
    package var service: String
    package var operation: String
    package var status: Int
    /// The error code without its namespace, such as `ResourceNotFoundException`.
    package var code: String
    /// The message, with credentials masked, truncated to about 4 KB.
    package var message: String
    package var requestID: String?
    /// Whether a retry of the same call may succeed.
    package var isRetryable: Bool
    package var attempts: Int
    /// The Region of the request, if known.
    package var region: String?
    /// The bucket's Region according to the response, if it is another one.
    package var bucketRegion: String?
    /// Whether an earlier attempt of the same call had no response or a server error, and may have been processed.
    package var followsUnknown = false

    package init(
        service: String, operation: String, status: Int, code: String, message: String, requestID: String? = nil,
        isRetryable: Bool = false, attempts: Int = 1
    ) {
        (self.service, self.operation, self.status, self.code) = (service, operation, status, code)
        (self.message, self.requestID, self.isRetryable) = (message, requestID, isRetryable)
        self.attempts = attempts
    }
}

extension AWSError {
    package var refusal: AWSRefusal? { if case .refused(let refusal) = self { refusal } else { nil } }

    /// The service's error code; nil if there was no error response.
    package var code: String? { refusal?.code }

    /// Whether a retry of the same call may succeed.
    package var isRetryable: Bool {
        switch self {
        case .refused(let refusal): refusal.isRetryable
        case .unreachable(_, _, _, let error): error.isRetryable
        case .unreadable(_, _, let status, _): status >= 500
        case .misconfigured: false
        }
    }

    /// Whether the service certainly has not processed the request.
    package var isDefinite: Bool {
        switch self {
        case .refused(let refusal): refusal.status < 500 && !refusal.followsUnknown
        case .unreachable, .unreadable: false
        case .misconfigured: true
        }
    }

    /// Returns this error as the result of a call whose previous attempt failed with `earlier`.
    func following(_ earlier: AWSError?) -> AWSError {
        guard let earlier, !earlier.isDefinite, case .refused(var refusal) = self else { return self }
        refusal.followsUnknown = true
        return .refused(refusal)
    }
}

extension AWSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .unreachable(let service, let operation, let attempts, let error):
            "\(service) \(operation): \(error)\(Self.tried(attempts))"
        case .unreadable(let service, let operation, let status, let found):
            "\(service) \(operation): status \(status) with \(found), which is not a response of the service; "
                + "check the endpoint, and proxies on the way"
        case .misconfigured(let problem): problem
        }
    }

    fileprivate static func tried(_ attempts: Int) -> String { attempts > 1 ? ", tried \(attempts) times" : "" }
}

extension AWSRefusal: CustomStringConvertible {
    package var description: String {
        let text = message.isEmpty ? "" : ": \(message)"
        let request = requestID.map { ", request \($0)" } ?? ""
        let help = isRetryable ? "; a retry may succeed" : ""
        return "\(service) \(operation): \(code)\(text) (status \(status)\(request))"
            + AWSError.tried(attempts) + help
    }
}

/// A filter that masks secrets in external texts, because services quote the tokens that they reject.
struct SecretMask: Sendable {
    private let secrets: [[UInt8]]

    private static let mask = Array("***".utf8)
    /// The maximum number of bytes of a text that are read.
    private static let inputLimit = 64 << 10
    /// The maximum number of bytes of a text that are kept.
    private static let outputLimit = 4 << 10

    /// - Parameter others: Other secrets, such as a token that the call contains.
    init(_ credentials: AWSCredentials?, others: [String] = []) {
        let texts = [credentials?.secretAccessKey, credentials?.sessionToken, credentials?.accessKeyID] + others
        secrets = texts.compactMap { $0 }.filter { $0.utf8.count >= 8 }.flatMap { [$0, PercentEncoding.encode($0)] }
            .map { Array($0.utf8) }
    }

    /// Returns the text without secrets, truncated if it is longer than any message of a service.
    func masked(_ text: String) -> String {
        var bytes = Array(text.utf8.prefix(Self.inputLimit))
        let isCut = bytes.count < text.utf8.count
        for secret in secrets { bytes = bytes.substituting(secret, with: Self.mask) }
        if isCut {
            // The last word may be the first half of a secret.
            while let last = bytes.last, Self.isWordByte(last) { bytes.removeLast() }
        }
        bytes = Self.maskingWords(in: bytes)
        guard isCut || bytes.count > Self.outputLimit else { return String(decoding: bytes, as: UTF8.self) }
        // Truncates between two Unicode scalars.
        var end = min(bytes.count, Self.outputLimit)
        while end > 0, end < bytes.count, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "..."
    }

    /// Masks unknown secrets, too: access key IDs by their format, and tokens by their length.
    private static func maskingWords(in text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while let first = rest.first {
            let isWord = isWordByte(first)
            let run = rest.prefix { isWordByte($0) == isWord }
            rest = rest[run.endIndex...]
            result += !isWord ? Array(run) : run.count >= 100 ? mask : maskingKeys(in: run)
        }
        return result
    }

    /// Masks access key IDs within a word, as in `Credential=AKIA.../20260101/us-east-1`.
    private static func maskingKeys(in word: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = word
        while let first = rest.first {
            let isRun = isLetterOrDigit(first)
            let run = rest.prefix { isLetterOrDigit($0) == isRun }
            rest = rest[run.endIndex...]
            let isKey =
                ["AKIA", "ASIA"].contains { run.starts(with: $0.utf8) } && run.count >= 16
                && run.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
            result += isKey ? mask : Array(run)
        }
        return result
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "+/=%_-".utf8.contains(byte) }
}
