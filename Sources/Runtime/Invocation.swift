/// One invocation's metadata from the headers of `next`.
///
/// Every header but the request ID is optional. Rarely used headers are parsed on access.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next>
package struct Invocation: Sendable {
    package var requestID: String
    /// The invocation's deadline; 60 seconds from now if the header is missing or invalid.
    package var deadline: ContinuousClock.Instant
    /// The X-Ray trace ID of the invocation.
    package var traceID: String?
    /// The ID of this attempt.
    ///
    /// The response returns it, so that Lambda can reject a response that arrives after a retry has started.
    package var invocationID: String?
    package var functionARN: String? { head.value(of: "lambda-runtime-invoked-function-arn") }
    package var clientContext: String? { head.value(of: "lambda-runtime-client-context") }
    package var cognitoIdentity: String? { head.value(of: "lambda-runtime-cognito-identity") }
    package var tenantID: String? { head.value(of: "lambda-runtime-aws-tenant-id") }
    private let head: ResponseHead

    /// Returns nil if the headers do not contain a request ID.
    ///
    /// - Parameters:
    ///   - now: The wall clock in milliseconds since the epoch, in which the deadline is given.
    ///   - instant: The same time on the monotonic clock.
    init?(_ head: ResponseHead, now: Int64, instant: ContinuousClock.Instant) {
        guard let requestID = head.value(of: "lambda-runtime-aws-request-id") else { return nil }
        self.requestID = requestID
        self.head = head
        deadline = Self.deadline(head.value(of: "lambda-runtime-deadline-ms"), now: now, instant: instant)
        traceID = head.value(of: "lambda-runtime-trace-id")
        invocationID = head.value(of: "lambda-runtime-invocation-id")
    }

    private static func deadline(
        _ header: String?, now: Int64, instant: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        guard let milliseconds = header.flatMap(Int64.init), milliseconds >= 0 else {
            return instant + .seconds(60)
        }
        // Functions time out after at most 15 minutes; a clock that is wrong by years must not cause an overflow.
        let left = min(max(milliseconds.subtractingReportingOverflow(now).partialValue, -3_600_000), 86_400_000)
        return instant + .milliseconds(left)
    }
}
