import Basics
import JSON

/// The reason why a failed attempt can be retried.
package enum RetryReason: Sendable, Equatable {
    /// The service throttles requests.
    case throttled
    /// The service or the network has a temporary fault.
    case transient
    /// No response within the timeout.
    case timeout

    /// Returns nil if the same call would fail again.
    ///
    /// Services spell throttling in many ways (`ThrottlingException`, `RequestThrottled`, and for a KMS key
    /// `KMSThrottling`, `KmsThrottled`, `KMS.ThrottlingException`), so every code with that word counts.
    ///
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
    ///
    /// - Parameters:
    ///   - status: The status of the response, or of the response that lists an entry with this code.
    ///   - code: The code as the service sent it.
    package init?(status: Int, code: String) {
        let code = Array(code.utf8.prefix(Self.longestCode))
        if status == 429 || Self.throttlingCodes.contains(code) || Self.namesThrottling(code) {
            self = .throttled
        } else if Self.transientCodes.contains(code) || [500, 502, 503, 504].contains(status) {
            self = .transient
        } else {
            return nil
        }
    }

    /// Returns whether the code contains `Throttl`.
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

    /// Bytes, because a service's text must not be compared as Unicode text.
    private static func codes(_ names: [String]) -> Set<[UInt8]> { Set(names.map { Array($0.utf8) }) }
}

/// AWS's standard retry mode: few attempts, exponential backoff with full jitter, and a retry quota.
package struct RetryPolicy: Sendable {
    /// The maximum number of attempts of one call, including the first.
    package var maxAttempts: Int
    /// The maximum delay between two attempts.
    package var longestPause: Duration = .seconds(20)
    /// The time after the first attempt at which attempts end if no server has ever responded; nil for no limit.
    ///
    /// A user at a terminal without a network does not wait until every attempt has timed out.
    package var unreachableTimeout: Duration?
    /// Returns a random number in 0...1.
    package var jitter: @Sendable () -> Double = { Double.random(in: 0...1) }
    package var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    package init(maxAttempts: Int = 3, unreachableTimeout: Duration? = nil) {
        (self.maxAttempts, self.unreachableTimeout) = (maxAttempts, unreachableTimeout)
    }

    /// Returns the delay after attempt `attempt`, the first of which is 1.
    ///
    /// - Parameter requested: The delay that the service requests: a minimum, limited to ``longestPause``.
    package func delay(after attempt: Int, requested: Duration?) -> Duration {
        let backoff = Backoff(first: .seconds(1), longest: longestPause, smallestPart: 0)
        return max(backoff.delay(after: attempt, random: jitter()), min(requested ?? .zero, longestPause))
    }
}

/// The retry quota: a service that keeps failing gets few retries, regardless of the number of calls.
struct RetryBudget: Sendable {
    private static let capacity = 500
    private(set) var tokens = capacity

    /// Takes the cost of one retry and returns it; returns nil if the quota is exhausted.
    mutating func take(for reason: RetryReason) -> Int? {
        let cost = reason == .timeout ? 10 : 5
        guard tokens >= cost else { return nil }
        tokens -= cost
        return cost
    }

    /// Refunds the quota after a successful call.
    ///
    /// - Parameter lastCost: The cost of the call's last retry, which is refunded; nil if it needed none.
    mutating func refund(_ lastCost: Int?) { tokens = min(Self.capacity, tokens + (lastCost ?? 1)) }
}
