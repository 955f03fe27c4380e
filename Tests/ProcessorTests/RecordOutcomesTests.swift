import XCTest

@testable import Processor

final class RecordOutcomesTests: XCTestCase {
    func testUnmarkedRecordsAreRetryable() {
        var outcomes = RecordOutcomes(count: 3)
        XCTAssertEqual(outcomes.count, 3)
        outcomes[1] = .succeeded
        XCTAssertEqual([0, 1, 2].map { outcomes[$0].isRetryable }, [true, false, true])
        XCTAssertEqual(outcomes[0], .retryable(reason: "not reached"))
    }

    func testMarkAllSetsEveryOutcome() {
        var outcomes = RecordOutcomes(count: 2)
        outcomes[0] = .rejected(PayloadError(.range, "m"))
        outcomes.markAll(.succeeded)
        XCTAssertEqual([outcomes[0], outcomes[1]], [.succeeded, .succeeded])
        XCTAssertEqual(outcomes.count, 2)
        XCTAssertEqual(RecordOutcomes(count: 0).count, 0)
    }

    func testARetryOutranksARejectionAndThatASuccess() {
        let error = PayloadError(.range, "m")
        let ascending: [RecordOutcome] = [.succeeded, .rejected(error), .retryable(reason: "r")]
        XCTAssertEqual(ascending.map(\.severity), ascending.map(\.severity).sorted())
        XCTAssertEqual(Set(ascending.map(\.severity)).count, 3)
        XCTAssertEqual(ascending.map(\.isRetryable), [false, false, true])
    }
}
