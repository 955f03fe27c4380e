import Foundation
import Telemetry
import TestSupport
import XCTest

@testable import Processor

/// The processor that docs/processors.md works through.
final class CapacityWatcherTests: XCTestCase {
    func testItIsTheOneThatTheDocumentShows() throws {
        let root = Repository.root
        let document = try String(contentsOf: root.appending(path: "docs/processors.md"), encoding: .utf8)
        let source = try String(
            contentsOf: root.appending(path: "Tests/ProcessorTests/Worked/CapacityWatcher.swift"), encoding: .utf8)
        XCTAssertTrue(document.contains("```swift\n\(source)```"), "docs/processors.md shows another CapacityWatcher")
    }

    func testItWarnsAndTakesEveryRecord() async throws {
        let lines = CollectedLines()
        let watcher = CapacityWatcher(limit: 100, log: Logger(level: .info, sink: lines))
        let payloads = [
            #"{"venue_id":"large","name":"V","city":"Bern","country":"CH","capacity":101}"#,
            #"{"venue_id":"small","name":"V","city":"Bern","country":"CH","capacity":100}"#, Sample.concert,
        ]
        let batch = try RecordBatch(decoding: EventText(payloads.enumerated().map { .init($1, "\($0 + 1)") }))
        var outcomes = OutcomeSheet(count: 3)
        let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(5))
        await watcher.process(batch, context: context, outcomes: &outcomes)
        XCTAssertNil(outcomes.firstFailure)
        XCTAssertEqual(lines.all.count, 1)
        XCTAssertTrue(lines.all.first?.contains("large") ?? false, "\(lines.all)")
    }
}
