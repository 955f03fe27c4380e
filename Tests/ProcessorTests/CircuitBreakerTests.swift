import Synchronization
import XCTest

@testable import Processor

final class CircuitBreakerTests: XCTestCase {
    /// A sink that is available or unavailable, and records the time that each attempt gets.
    private final class SwitchedProcessor: RecordProcessor {
        let name = "switched"
        let isUp = Mutex(false)
        /// The number of records that it accepts while it is unavailable.
        let takenWhileDown: Int
        let times = Mutex<[Duration]>([])

        init(takenWhileDown: Int = 0) { self.takenWhileDown = takenWhileDown }

        func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
            times.withLock { $0.append(context.deadline - .now) }
            if isUp.withLock({ $0 }) { return outcomes.markAll(.succeeded) }
            outcomes.markAll(.retryable(reason: "down"))
            for index in 0..<takenWhileDown { outcomes[index] = .succeeded }
        }
    }

    private static let event = EventText((1...4).map { .init(Sample.artist("a\($0)"), "\($0)") })

    func testUnavailableSinkGetsShortAttemptsUntilItRecovers() throws {
        let processor = SwitchedProcessor()
        var pipeline = TestPipeline([processor])
        for _ in 1...3 { XCTAssertEqual(try pipeline.respond(to: Self.event).response, TestPipeline.failure("1")) }
        XCTAssertEqual(pipeline.logLines.messages("circuit opened"), 1)
        for _ in 1...2 { XCTAssertEqual(try pipeline.respond(to: Self.event).response, TestPipeline.failure("1")) }
        processor.isUp.withLock { $0 = true }
        for _ in 1...2 { XCTAssertEqual(try pipeline.respond(to: Self.event).response, TestPipeline.success) }
        XCTAssertEqual(pipeline.logLines.messages("circuit opened"), 1)
        XCTAssertEqual(pipeline.logLines.messages("circuit closed"), 1)
        let isShort = processor.times.withLock { $0.map { $0 <= .seconds(2) } }
        XCTAssertEqual(isShort, [false, false, false, true, true, true, false])
        let open = pipeline.metricLines.objects.compactMap { $0["CircuitOpen"] as? Int }
        XCTAssertEqual(open, [0, 0, 1, 1, 1, 0, 0])
    }

    func testSinkThatAcceptsMostRecordsIsNotConsideredDown() throws {
        let processor = SwitchedProcessor(takenWhileDown: 2)
        var pipeline = TestPipeline([processor])
        for _ in 1...6 { XCTAssertEqual(try pipeline.respond(to: Self.event).response, TestPipeline.failure("3")) }
        XCTAssertEqual(pipeline.logLines.messages("circuit opened"), 0)
    }

    func testEveryTenthAttemptHasTheFullTime() throws {
        let processor = SwitchedProcessor()
        var pipeline = TestPipeline([processor])
        for _ in 1...23 { _ = try pipeline.respond(to: Self.event) }
        let times = processor.times.withLock(\.self)
        let long = times.indices.filter { times[$0] > .seconds(2) }
        XCTAssertEqual(long, [0, 1, 2, 12, 22])
    }

    func testShortAttemptIsCancelledWithoutAffectingOtherProcessors() throws {
        let dispatcher = Dispatcher([WaitingProcessor(markedFirst: 1), ScriptedProcessor()])
        let batch = try RecordBatch(decoding: Self.event)
        for _ in 1...3 {
            let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now)
            _ = dispatcher.dispatch(batch, context: context)
        }
        let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(3600))
        let reports = dispatcher.dispatch(batch, context: context)
        XCTAssertTrue(reports[0].isCircuitOpen)
        XCTAssertEqual(reports[0].outcomes[0], .succeeded)
        XCTAssertTrue(reports[0].outcomes[1].isRetryable)
        XCTAssertFalse(reports[1].isCircuitOpen)
        XCTAssertTrue(reports[1].outcomes.haveAllSucceeded)
    }
}

extension CollectedLines {
    /// Returns the number of lines whose messages begin with a text.
    fileprivate func messages(_ beginning: String) -> Int {
        objects.count { ($0["message"] as? String)?.hasPrefix(beginning) == true }
    }
}
