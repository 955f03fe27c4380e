import JSON

/// Why a failed attempt is worth another.
public enum RetryReason: Sendable, Equatable {
    /// The service asks for fewer calls.
    case throttled
    /// The service or the way to it has a passing fault.
    case transient
    /// No answer within the time limit.
    case timeout

    /// Returns nil when the same call would be refused again.
    ///
    /// Services spell throttling in many ways (`ThrottlingException`, `RequestThrottled`, and for a key of KMS
    /// `KMSThrottling`, `KmsThrottled`, `KMS.ThrottlingException`), so every code with that word counts.
    ///
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
    ///
    /// - Parameters:
    ///   - status: The response's, or that of the call whose response lists an entry with this code.
    ///   - code: As the service sent it.
    public init?(status: Int, code: String) {
        let code = Array(code.utf8.prefix(Self.longestCode))
        if status == 429 || Self.throttlingCodes.contains(code) || Self.namesThrottling(code) {
            self = .throttled
        } else if Self.transientCodes.contains(code) || [500, 502, 503, 504].contains(status) {
            self = .transient
        } else {
            return nil
        }
    }

    /// Whether the code contains `Throttl`.
    private static func namesThrottling(_ code: [UInt8]) -> Bool { code.range(of: "Throttl".utf8) != nil }

    /// Longer than any code.
    private static let longestCode = 256

    private static let throttlingCodes = codes([
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
        "PriorRequestNotComplete",
    ])
    private static let transientCodes = codes([
        "RequestTimeout", "RequestTimeoutException", "InternalFailure", "InternalError", "ServiceUnavailable",
        "InternalServerError", "InternalServerException", "IDPCommunicationError",
    ])

    /// As bytes, since a service's text must not be compared as Unicode text.
    private static func codes(_ names: [String]) -> Set<[UInt8]> { Set(names.map { Array($0.utf8) }) }
}

/// AWS's standard retry mode: few attempts, exponential backoff with full jitter, and a budget.
public struct RetryPolicy: Sendable {
    /// Attempts of one call, the first included.
    public var maxAttempts: Int
    /// The longest pause between two attempts.
    public var longestPause: Duration = .seconds(20)
    /// No further attempt begins this long after the first, when nothing has ever answered; nil: no such limit.
    ///
    /// A person at a terminal without a network should not wait for every attempt's time to connect.
    public var unreachableTimeout: Duration?
    /// A number in 0...1.
    public var jitter: @Sendable () -> Double = { Double.random(in: 0...1) }
    public var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    public init(maxAttempts: Int = 3, unreachableTimeout: Duration? = nil) {
        (self.maxAttempts, self.unreachableTimeout) = (maxAttempts, unreachableTimeout)
    }

    /// How long to wait after attempt `attempt` (the first is 1) has failed.
    ///
    /// - Parameter requested: What the service asked for; at least that, but not longer than ``longestPause``.
    public func delay(after attempt: Int, requested: Duration?) -> Duration {
        let ceiling = min(.seconds(1 << min(max(attempt, 1) - 1, 10)), longestPause)
        return max(ceiling * jitter(), min(requested ?? .zero, longestPause))
    }
}

/// What retries cost: a service that keeps failing is soon left alone, whatever the number of calls.
struct RetryBudget: Sendable {
    private static let capacity = 500
    private(set) var tokens = capacity

    /// Takes what one retry costs, and returns it; nil when there is not enough left.
    mutating func take(for reason: RetryReason) -> Int? {
        let cost = reason == .timeout ? 10 : 5
        guard tokens >= cost else { return nil }
        tokens -= cost
        return cost
    }

    /// A call succeeded.
    ///
    /// - Parameter lastCost: What its last retry cost, which alone comes back; nil when it needed none.
    mutating func refund(_ lastCost: Int?) { tokens = min(Self.capacity, tokens + (lastCost ?? 1)) }
}
