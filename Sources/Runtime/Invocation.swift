/// One run of the function, as the headers of `next` tell it.
///
/// Every header but the request ID may be missing. What few ask for is read when it is asked for.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next>
public struct Invocation: Sendable {
    public var requestID: String
    /// Lambda's own deadline; 60 seconds from now where the header is missing or no number.
    public var deadline: ContinuousClock.Instant
    /// The X-Ray trace that the invocation belongs to.
    public var traceID: String?
    /// Names this one attempt; echoed, it lets Lambda refuse an answer that comes after a retry has begun.
    public var invocationID: String?
    public var functionARN: String? { head.value(of: "lambda-runtime-invoked-function-arn") }
    public var clientContext: String? { head.value(of: "lambda-runtime-client-context") }
    public var cognitoIdentity: String? { head.value(of: "lambda-runtime-cognito-identity") }
    public var tenantID: String? { head.value(of: "lambda-runtime-aws-tenant-id") }
    private let head: ResponseHead

    /// - Parameters:
    ///   - now: The wall clock, in milliseconds since the epoch, which the deadline is told by.
    ///   - instant: The same moment on the clock that cannot jump.
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
        // Function timeouts end at 15 minutes; a clock that is wrong by years must not overflow anything.
        let left = min(max(milliseconds.subtractingReportingOverflow(now).partialValue, -3_600_000), 86_400_000)
        return instant + .milliseconds(left)
    }
}
