import XCTest

@testable import Processor

final class DispatcherTests: XCTestCase {
    private static let failed = RecordOutcome.retryable(reason: "throttled")
    private static let past = InvocationContext(requestID: "r", functionName: "f", deadline: .now)
    private static let future = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(3600))

    private func batch(of count: Int) throws -> RecordBatch {
        try RecordBatch(decoding: EventText((0..<count).map { .init(Sample.artist("a\($0)"), "\($0 + 1)") }))
    }

    func testReportsAreInTheOrderOfTheProcessors() throws {
        let names = (0..<8).map { "processor \($0)" }
        let dispatcher = Dispatcher(names.map { ScriptedProcessor(name: $0) }, optional: ["processor 3"])
        for _ in 0..<50 {
            let reports = dispatcher.dispatch(try batch(of: 2), context: Self.future)
            XCTAssertEqual(reports.map(\.name), names)
            XCTAssertEqual(reports.map(\.isRequired), names.map { $0 != "processor 3" })
        }
    }

    func testEachProcessorHasItsOwnOutcomes() throws {
        let first = ScriptedProcessor(name: "first", outcomes: [0: Self.failed])
        let second = ScriptedProcessor(name: "second", outcomes: [1: .rejected(PayloadError(.range, "m"))])
        let reports = Dispatcher([first, second]).dispatch(try batch(of: 2), context: Self.future)
        XCTAssertEqual(reports[0].outcomes[0], Self.failed)
        XCTAssertEqual(reports[0].outcomes[1], .succeeded)
        XCTAssertEqual(reports[1].outcomes[0], .succeeded)
        XCTAssertEqual(reports[1].outcomes[1], .rejected(PayloadError(.range, "m")))
    }

    func testProcessorCancelledAtTheDeadlineKeepsItsOutcomes() throws {
        let waiting = WaitingProcessor(markedFirst: 2)
        for processors in [[waiting], [waiting, ScriptedProcessor()], [ScriptedProcessor(name: "other"), waiting]]
            as [[any RecordProcessor]]
        {
            let reports = Dispatcher(processors).dispatch(try batch(of: 4), context: Self.past)
            XCTAssertEqual(reports.map(\.name), processors.map(\.name))
            for report in reports {
                let found = (0..<4).map { report.outcomes[$0] }
                let left = RecordOutcome.retryable(reason: "not reached")
                let expected: [RecordOutcome] =
                    report.name == "waiting"
                    ? [.succeeded, .succeeded, left, left] : Array(repeating: .succeeded, count: 4)
                XCTAssertEqual(found, expected, report.name)
            }
        }
    }

    func testTwoWaitingProcessorsAreBothCancelled() throws {
        let processors = [WaitingProcessor(name: "first", markedFirst: 1), WaitingProcessor(name: "second")]
        let reports = Dispatcher(processors).dispatch(try batch(of: 1), context: Self.past)
        XCTAssertEqual(reports.map { $0.outcomes[0].isRetryable }, [false, true])
    }

    func testProcessorThatNeverSuspendsCompletesDespiteTheDeadline() throws {
        for context in [Self.past, Self.future] {
            for processors in [[ScriptedProcessor()], [ScriptedProcessor(), ScriptedProcessor(name: "other")]] {
                let reports = Dispatcher(processors).dispatch(try batch(of: 3), context: context)
                for report in reports {
                    XCTAssertEqual((0..<3).map { report.outcomes[$0] }, Array(repeating: .succeeded, count: 3))
                }
            }
        }
    }

    func testEmptyBatchCallsNoProcessor() throws {
        let reports = Dispatcher([WaitingProcessor(), ScriptedProcessor()]).dispatch(
            try batch(of: 0), context: Self.future)
        XCTAssertEqual(reports.map(\.name), ["waiting", "scripted"])
        XCTAssertEqual(reports.map(\.outcomes.count), [0, 0])
        XCTAssertEqual(reports.map(\.duration), [.zero, .zero])
    }

    func testNoProcessorsReturnNoReports() throws {
        XCTAssertTrue(Dispatcher([]).dispatch(try batch(of: 2), context: Self.future).isEmpty)
    }
}
