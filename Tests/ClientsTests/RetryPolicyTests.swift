import TestSupport
import XCTest

@testable import Clients

/// Tests of which failures are retried, and when.
final class RetryPolicyTests: XCTestCase {
    func testClassifiesTransientErrors() {
        let cases: [(status: Int, code: String, reason: RetryReason?)] = [
            (400, "ThrottlingException", .throttled), (400, "ProvisionedThroughputExceededException", .throttled),
            (400, "LimitExceededException", .throttled), (503, "SlowDown", .throttled), (429, "", .throttled),
            (400, "RequestTimeout", .transient), (400, "IDPCommunicationError", .transient), (500, "", .transient),
            (502, "", .transient), (503, "", .transient), (504, "", .transient), (501, "", nil), (505, "", nil),
            (400, "ValidationException", nil), (403, "AccessDenied", nil), (200, "", nil), (302, "", nil),
            (400, "throttlingexception", nil),
        ]
        for row in cases {
            XCTAssertEqual(RetryReason(status: row.status, code: row.code), row.reason, "\(row)")
        }
    }

    func testEverySpellingOfThrottlingIsThrottled() {
        let codes = [
            "Throttling", "ThrottlingException", "ThrottledException", "Throttled", "RequestThrottled",
            "RequestThrottledException", "EC2ThrottledException", "KMSThrottling", "KMSThrottlingException",
            "KmsThrottled", "KmsThrottledException", "KMS.ThrottlingException",
            "AWS.SimpleQueueService.RequestThrottled",
        ]
        for code in codes {
            for status in [200, 400, 403, 503] {
                XCTAssertEqual(RetryReason(status: status, code: code), .throttled, "\(status) \(code)")
            }
        }
        // U+0300 combines with the letter before it, but does not change its byte.
        XCTAssertNil(RetryReason(status: 400, code: "SlowDown\u{300}"))
        XCTAssertNil(RetryReason(status: 400, code: "KMSDisabled"))
    }

    func testLongCodeTakesLinearTime() {
        let growth = CPUTimeGrowth(make: { "Slow" + String(repeating: "\u{301}\u{323}", count: $0) }) { code in
            _ = RetryReason(status: 400, code: code)
        }
        XCTAssertTrue(growth.isProportional(), "\(growth)")
    }

    func testDelaysDoubleUpToALimit() {
        var policy = RetryPolicy()
        policy.jitter = { 1 }
        let pauses = [1, 2, 3, 4, 5, 6, 100, Int.max].map { policy.delay(after: $0, requested: nil) }
        XCTAssertEqual(pauses, [1, 2, 4, 8, 16, 20, 20, 20].map { .seconds($0) })
        policy.jitter = { 0 }
        XCTAssertEqual(policy.delay(after: 5, requested: nil), .zero)
        XCTAssertEqual(policy.delay(after: 1, requested: .seconds(2)), .seconds(2))
        policy.longestPause = .seconds(1)
        XCTAssertEqual(policy.delay(after: 9, requested: .seconds(2)), .seconds(1))
        XCTAssertEqual(policy.delay(after: 0, requested: nil), .zero)
        XCTAssertEqual(policy.delay(after: Int.min, requested: nil), .zero)
    }

    func testJitterStaysWithinTheDelay() {
        let policy = RetryPolicy()
        for attempt in 1...50 {
            let pause = policy.delay(after: attempt, requested: nil)
            XCTAssertTrue(pause >= .zero && pause <= .seconds(20), "\(attempt): \(pause)")
        }
    }

    func testQuotaIsSpentAndRefunded() {
        var budget = RetryBudget()
        for _ in 0..<50 { XCTAssertEqual(budget.take(for: .timeout), 10) }
        XCTAssertNil(budget.take(for: .transient))
        budget.refund(nil)
        XCTAssertEqual(budget.tokens, 1, "a success without a retry is worth one")
        budget.refund(5)
        XCTAssertNil(budget.take(for: .timeout))
        XCTAssertEqual(budget.take(for: .throttled), 5)
        budget.refund(1_000_000)
        XCTAssertEqual(budget.tokens, 500)
    }
}
