import Basics
import Foundation
import Telemetry
import XCTest

@testable import Processor

final class InvocationMetricsTests: XCTestCase {
    private static let event = EventText([
        .init(Sample.venue, "1"), .init(Sample.test, "2"), .init(Sample.nameless, "3"),
        .init(bytes: Aggregate(keys: ["k"], [Sample.venue, Sample.test, "{"].map { (0, Array($0.utf8)) }).bytes, "4"),
        .init(Sample.sale, "5"),
    ])

    func testEachRecordIsCountedByItsOwnOutcome() throws {
        let failed = RecordOutcome.retryable(reason: "r")
        let processors: [any RecordProcessor] = [
            ScriptedProcessor(name: "one"), ScriptedProcessor(name: "two", outcomes: [2: failed]),
        ]
        var pipeline = TestPipeline(processors, deadLetters: FakeDeadLetterSink(refusing: ["4"]))
        _ = try pipeline.respond(to: Self.event)
        let lines = pipeline.metricLines.objects
        XCTAssertEqual(lines.count, 3)
        let figures = try XCTUnwrap(lines.first)
        let counts: [(name: String, value: Int)] = [
            ("RecordsReceived", 7), ("RecordsProcessed", 2), ("RecordsSkipped", 2), ("RecordsDeadLettered", 1),
            ("RecordsFailed", 2), ("ColdStart", 1),
        ]
        for (name, value) in counts { XCTAssertEqual(figures[name] as? Int, value, name) }
        let bytes = Self.event.records.compactMap { Data(base64Encoded: $0.data)?.count }.reduce(0, +)
        XCTAssertEqual(figures["BytesReceived"] as? Int, bytes)
        let times = ["DecodeTime", "ProcessorTime", "InvocationTime", "IteratorAge"]
        for name in times { XCTAssertGreaterThanOrEqual(try XCTUnwrap(figures[name] as? Double, name), 0, name) }
        XCTAssertEqual(figures["FunctionName"] as? String, "function-1")
        XCTAssertEqual(figures["requestId"] as? String, "request-1")
        XCTAssertNil(figures["Processor"])
        for (line, expected) in zip(lines.dropFirst(), [("one", 0), ("two", 1)]) {
            XCTAssertEqual(line["Processor"] as? String, expected.0)
            XCTAssertEqual(line["FunctionName"] as? String, "function-1")
            XCTAssertEqual(line["ProcessorFailures"] as? Int, expected.1)
            XCTAssertNotNil(line["ProcessorTime"] as? Double)
        }
    }

    func testLinesContainNamespaceAndDimensions() throws {
        var pipeline = TestPipeline()
        _ = try pipeline.respond(to: Self.event)
        let directives = pipeline.metricLines.objects.compactMap { line in
            ((line["_aws"] as? [String: Any])?["CloudWatchMetrics"] as? [[String: Any]])?.first
        }
        XCTAssertEqual(directives.map { $0["Namespace"] as? String }, ["ConcertDataProcessor", "ConcertDataProcessor"])
        XCTAssertEqual(
            directives.map { $0["Dimensions"] as? [[String]] }, [[["FunctionName"]], [["FunctionName", "Processor"]]])
    }

    func testOnlyTheFirstInvocationIsAColdStart() throws {
        var pipeline = TestPipeline()
        var second = pipeline
        for _ in 0..<2 { _ = try pipeline.respond(to: Self.event) }
        _ = try second.respond(to: Self.event)
        XCTAssertEqual(pipeline.metricLines.objects.compactMap { $0["ColdStart"] as? Int }, [1, 0, 0])
    }

    func testMetricsWithoutValuesAreOmitted() throws {
        var pipeline = TestPipeline()
        var record = EventText.Record(Sample.venue, "1")
        record.arrival = nil
        for event in [EventText([]), EventText([record])] {
            _ = try pipeline.respond(to: event)
            let figures = try XCTUnwrap(pipeline.metricLines.objects.first)
            XCTAssertNil(figures["IteratorAge"], "\(figures)")
            XCTAssertEqual(figures["RecordsReceived"] as? Int, event.records.count)
            pipeline.metricLines.removeAll()
        }
    }

    func testIteratorAgeIsThatOfTheOldestArrivalAndNeverNegative() throws {
        let now = WallClock.now().millisecondsSinceEpoch
        let hourAgo = String(Double(now - 3_600_000) / 1000)
        let cases: [(arrivals: [String?], isOld: Bool)] = [
            ([hourAgo, "\(now / 1000)"], true), (["\(now / 1000)", hourAgo, nil], true),
            (["\(now / 1000 + 3600)"], false),
        ]
        for (arrivals, isOld) in cases {
            var pipeline = TestPipeline()
            let records = arrivals.enumerated().map { index, arrival in
                var record = EventText.Record(Sample.venue, "\(index)")
                record.arrival = arrival
                return record
            }
            _ = try pipeline.respond(to: EventText(records))
            let age = try XCTUnwrap(pipeline.metricLines.objects.first?["IteratorAge"] as? Double)
            if isOld { XCTAssertGreaterThanOrEqual(age, 3_600_000) } else { XCTAssertEqual(age, 0) }
        }
    }

    func testMetricsIgnoreTheLogLevelAndCanBeTurnedOff() throws {
        var silent = TestPipeline(level: .fatal)
        _ = try silent.respond(to: Self.event)
        XCTAssertEqual(silent.metricLines.all.count, 2)
        XCTAssertEqual(silent.logLines.all, [])
        var without = TestPipeline(hasMetrics: false)
        _ = try without.respond(to: Self.event)
        XCTAssertEqual(without.metricLines.all, [])
    }

    func testInvalidEventCountsAsAnInvocationWithoutRecords() throws {
        var pipeline = TestPipeline()
        XCTAssertThrowsError(try pipeline.respond(to: Array("{}".utf8)))
        XCTAssertEqual(pipeline.metricLines.all.count, 1)
        let figures = try XCTUnwrap(pipeline.metricLines.objects.first)
        XCTAssertEqual(figures["RecordsReceived"] as? Int, 0)
        XCTAssertNotNil(figures["InvocationTime"] as? Double)
        XCTAssertNil(figures["IteratorAge"])
    }
}
