import XCTest

@testable import Basics

final class BackoffTests: XCTestCase {
    func testCeilingsDoubleUpToTheLongest() {
        let backoff = Backoff(first: .milliseconds(40), longest: .seconds(1), smallestPart: 0.5)
        let cases: [(attempt: Int, random: Double, milliseconds: Int)] = [
            (-1, 1, 40), (0, 1, 40), (1, 0, 20), (1, 1, 40), (2, 1, 80), (3, 0.5, 120), (5, 1, 640), (6, 1, 1000),
            (.max, 0, 500), (.max, 1, 1000),
        ]
        for (attempt, random, milliseconds) in cases {
            XCTAssertEqual(backoff.delay(after: attempt, random: random), .milliseconds(milliseconds), "\(attempt)")
        }
        let full = Backoff(first: .seconds(1), longest: .seconds(20), smallestPart: 0)
        XCTAssertEqual(full.delay(after: 3, random: 0), .zero)
        XCTAssertEqual(full.delay(after: 3, random: 1), .seconds(4))
    }

    func testPausesEndAtTheDeadline() async throws {
        var backoff = Backoff(first: .seconds(3600), longest: .seconds(3600), smallestPart: 1)
        try await backoff.pause(until: .now)
        try await backoff.pause(until: .now - .seconds(1))
    }
}
