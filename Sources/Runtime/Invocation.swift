/// One run of the function, as the headers of `next` tell it.
///
/// Every header but the request ID may be missing.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next>
public struct Invocation: Sendable, Equatable {
    public var requestID: String
    /// Lambda's own deadline; 60 seconds from now where the header is missing or no number.
    public var deadline: ContinuousClock.Instant
    /// The X-Ray trace that the invocation belongs to.
    public var traceID: String?
    public var functionARN: String?
    /// Names this one attempt; echoed, it lets Lambda refuse an answer that comes after a retry has begun.
    public var invocationID: String?
    public var clientContext: String?
    public var cognitoIdentity: String?
    public var tenantID: String?

    /// - Parameters:
    ///   - now: The wall clock, in milliseconds since the epoch, which the deadline is told by.
    ///   - instant: The same moment on the clock that cannot jump.
    init?(_ head: ResponseHead, now: Int64, instant: ContinuousClock.Instant) {
        guard let requestID = head.value(of: "lambda-runtime-aws-request-id") else { return nil }
        self.requestID = requestID
        deadline = Self.deadline(head.value(of: "lambda-runtime-deadline-ms"), now: now, instant: instant)
        traceID = head.value(of: "lambda-runtime-trace-id")
        functionARN = head.value(of: "lambda-runtime-invoked-function-arn")
        invocationID = head.value(of: "lambda-runtime-invocation-id")
        clientContext = head.value(of: "lambda-runtime-client-context")
        cognitoIdentity = head.value(of: "lambda-runtime-cognito-identity")
        tenantID = head.value(of: "lambda-runtime-aws-tenant-id")
    }

    private static func deadline(
        _ header: String?, now: Int64, instant: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        guard let milliseconds = header.flatMap(Int64.init), milliseconds >= 0 else {
            return instant + .seconds(60)
        }
        // Function timeouts end at 15 minutes; a clock that is wrong by years must not overflow anything.
        let left = min(max(milliseconds.subtractingReportingOverflow(now).partialValue, -3_600_000), 86_400_000)
        return instant + .milliseconds(left)
    }
}
