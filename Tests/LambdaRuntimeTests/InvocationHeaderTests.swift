import XCTest

@testable import LambdaRuntime

/// Tests of the invocation metadata in the headers of `next`.
final class InvocationHeaderTests: XCTestCase {
    private let instant = ContinuousClock.now

    func testDeadlineIsConvertedToTheMonotonicClock() throws {
        let now: Int64 = 1_794_198_257_000
        let deadlines: [(header: String, left: Duration)] = [
            ("1794198257000", .zero), ("1794198317123", .milliseconds(60_123)), ("1794198256999", .milliseconds(-1)),
            // An invalid number counts as missing.
            ("", .seconds(60)), ("soon", .seconds(60)), ("-1", .seconds(60)), ("1e12", .seconds(60)),
            ("1794198257000.5", .seconds(60)), ("9223372036854775808", .seconds(60)),
            // With a clock that is wrong by years, the deadline is at most a day ahead or an hour past.
            ("9223372036854775807", .seconds(86_400)), ("0", .seconds(-3600)),
        ]
        for (header, left) in deadlines {
            let head = try Self.head("Lambda-Runtime-Aws-Request-Id: r\r\nLambda-Runtime-Deadline-Ms: \(header)\r\n")
            let invocation = try XCTUnwrap(Invocation(head, now: now, instant: instant))
            XCTAssertEqual(invocation.deadline - instant, left, header)
        }
        let head = try Self.head("Lambda-Runtime-Aws-Request-Id: r\r\n")
        XCTAssertEqual(try XCTUnwrap(Invocation(head, now: now, instant: instant)).deadline - instant, .seconds(60))
    }

    func testEveryHeaderIsParsed() throws {
        let head = try Self.head(
            """
            Lambda-Runtime-Aws-Request-Id: request\r
            Lambda-Runtime-Trace-Id: trace\r
            Lambda-Runtime-Invoked-Function-Arn: arn\r
            Lambda-Runtime-Invocation-Id: attempt\r
            Lambda-Runtime-Client-Context: context\r
            Lambda-Runtime-Cognito-Identity: identity\r
            Lambda-Runtime-Aws-Tenant-Id: tenant\r

            """)
        let invocation = try XCTUnwrap(Invocation(head, now: 0, instant: instant))

        XCTAssertEqual(invocation.requestID, "request")
        XCTAssertEqual(invocation.traceID, "trace")
        XCTAssertEqual(invocation.functionARN, "arn")
        XCTAssertEqual(invocation.invocationID, "attempt")
        XCTAssertEqual(invocation.clientContext, "context")
        XCTAssertEqual(invocation.cognitoIdentity, "identity")
        XCTAssertEqual(invocation.tenantID, "tenant")
    }

    func testMissingRequestIDReturnsNil() throws {
        for headers in ["", "Lambda-Runtime-Aws-Request-Id: \r\n", "Lambda-Runtime-Trace-Id: t\r\n"] {
            XCTAssertNil(Invocation(try Self.head(headers), now: 0, instant: instant), headers)
        }
    }

    private static func head(_ headers: String) throws -> ResponseHead {
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\(headers)\r\n".utf8)
        return try ResponseHead(0..<bytes.count, of: bytes.span)
    }
}
