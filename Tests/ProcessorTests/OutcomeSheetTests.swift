import XCTest

@testable import Processor

final class OutcomeSheetTests: XCTestCase {
    func testWhatIsNotMarkedIsTriedAgain() {
        var sheet = OutcomeSheet(count: 3)
        XCTAssertEqual(sheet.count, 3)
        sheet[1] = .succeeded
        XCTAssertEqual([0, 1, 2].map { sheet[$0].isRetryable }, [true, false, true])
        XCTAssertEqual(sheet[0], .retryable(reason: "not reached"))
    }

    func testMarksAllAlike() {
        var sheet = OutcomeSheet(count: 2)
        sheet[0] = .rejected(PayloadError(.range, "m"))
        sheet.markAll(.succeeded)
        XCTAssertEqual([sheet[0], sheet[1]], [.succeeded, .succeeded])
        XCTAssertEqual(sheet.count, 2)
        XCTAssertEqual(OutcomeSheet(count: 0).count, 0)
    }

    func testARetryOutranksARejectionAndThatASuccess() {
        let error = PayloadError(.range, "m")
        let ascending: [RecordOutcome] = [.succeeded, .rejected(error), .retryable(reason: "r")]
        XCTAssertEqual(ascending.map(\.severity), ascending.map(\.severity).sorted())
        XCTAssertEqual(Set(ascending.map(\.severity)).count, 3)
        XCTAssertEqual(ascending.map(\.isRetryable), [false, false, true])
    }
}
