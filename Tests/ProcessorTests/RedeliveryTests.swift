import Foundation
import TestSupport
import XCTest

@testable import Processor

/// Events that redeliver dead letters: the response lists every failure, and no dead letter is written.
final class RedeliveryTests: XCTestCase {
    private static func event(_ records: [EventText.Record]) -> EventText {
        EventText(records, before: #""redelivery":true,"#)
    }

    private static func record(_ text: String, _ sequence: String, sub: String? = nil) -> EventText.Record {
        var record = EventText.Record(text, sequence)
        record.subSequenceNumber = sub
        return record
    }

    /// Returns the entries of the response's `failures`, sorted, as `sequence-sub reason: message`.
    private func failures(_ response: String, file: StaticString = #filePath, line: UInt = #line) throws -> [String] {
        let answer = try XCTUnwrap(
            JSONSerialization.jsonObject(with: Data(response.utf8)) as? [String: [[String: Any]]], response)
        let failures = try XCTUnwrap(answer["failures"], response)
        XCTAssertEqual(
            try XCTUnwrap(answer["batchItemFailures"]).compactMap { $0["itemIdentifier"] as? String },
            failures.compactMap { $0["itemIdentifier"] as? String }, response, file: file, line: line)
        return failures.map { failure in
            let name = failure["itemIdentifier"] as? String ?? "?"
            let sub = (failure["subSequenceNumber"] as? Int).map { "-\($0)" } ?? ""
            return "\(name)\(sub) \(failure["reason"] ?? "?"): \(failure["message"] ?? "?")"
        }.sorted()
    }

    func testResponseListsEveryFailureWithoutDeadLetters() async throws {
        let sink = FakeDeadLetterSink()
        let outcomes: [Int: RecordOutcome] = [
            1: .retryable(reason: "throttled"), 2: .rejected(PayloadError(.refused, "never")),
            3: .retryable(reason: "sns: no time left"),
        ]
        var pipeline = TestPipeline([ScriptedProcessor(name: "one", outcomes: outcomes)], deadLetters: sink)
        let (response, report) = try pipeline.respond(
            to: Self.event([
                .init(Sample.venue, "1"), .init("{", "2"), .init(Sample.venue, "3"), .init(Sample.venue, "4"),
                .init(Sample.nameless, "5"), .init(Sample.venue, "6"), .init(Sample.venue, "7"),
            ]))
        let found = try failures(response)
        XCTAssertEqual(
            found.map { String($0.prefix { $0 != ":" }) },
            ["2 json", "3 unavailable", "4 refused", "5 missing", "6 deadline"])
        for (failure, words) in zip(found, ["JSON", "throttled", "never", "artist.name", "no time left"]) {
            XCTAssertTrue(failure.contains(words), failure)
        }
        let letters = await sink.sequenceNumbers
        XCTAssertEqual(letters, [])
        XCTAssertEqual(report.total(.deadLettered), 0)
    }

    func testFullSuccessReturnsEmptyLists() throws {
        var pipeline = TestPipeline()
        let (response, _) = try pipeline.respond(to: Self.event([.init(Sample.venue, "1"), .init(Sample.test, "2")]))
        XCTAssertEqual(response, #"{"batchItemFailures":[],"failures":[]}"#)
        // The flag counts only when it is true.
        for flag in ["false", "null", "1", #""true""#] {
            let event = EventText([.init(Sample.venue, "1")], before: #""redelivery":\#(flag),"#)
            XCTAssertEqual(try pipeline.respond(to: event).response, TestPipeline.success, flag)
        }
        XCTAssertEqual(
            try pipeline.respond(to: EventText([.init(Sample.venue, "1")])).response, TestPipeline.success)
    }

    func testAggregateRecordsHaveSubSequenceNumbers() throws {
        var pipeline = TestPipeline()
        let inner = Aggregate(keys: ["k"], [(0, Array(Sample.venue.utf8))]).bytes
        var nested = EventText.Record(bytes: inner, "9")
        nested.subSequenceNumber = "1"
        var text = EventText.Record(base64: "not base64", "9")
        text.subSequenceNumber = "7"
        let whole = Aggregate(keys: ["k"], [Sample.venue, "{"].map { (0, Array($0.utf8)) }).bytes
        let (response, _) = try pipeline.respond(
            to: Self.event([
                Self.record(Sample.nameless, "8", sub: "3"), Self.record(Sample.venue, "8", sub: "4"),
                Self.record(Sample.nameless, "8", sub: "5"), nested, text, .init(bytes: whole, "10"),
                Self.record("{", "11", sub: "null"),
            ]))
        let found = try failures(response)
        XCTAssertEqual(
            found.map { $0.split(separator: ":")[0] },
            ["10-1 json", "11 json", "8-3 missing", "8-5 missing", "9-1 kpl", "9-7 base64"])
    }

    func testResponseStaysBelowLambdasLimit() throws {
        var pipeline = TestPipeline()
        let bad = Array(#"{"artist_id":"a"}"#.utf8)
        let aggregate = Aggregate(keys: ["k"], (0..<40_000).map { _ in (0, bad) }).bytes
        let (response, report) = try pipeline.respond(
            to: Self.event(["10", "11", "12"].map { .init(bytes: aggregate, $0) } + [.init(Sample.venue, "13")]))
        XCTAssertEqual(report.badRecords.count, 120_000)
        XCTAssertLessThan(response.utf8.count, 4 << 20)
        let answer = try XCTUnwrap(
            JSONSerialization.jsonObject(with: Data(response.utf8)) as? [String: [[String: Any]]])
        let failures = try XCTUnwrap(answer["failures"])
        // The first records have entries of their own; the others share one entry for the whole aggregate.
        XCTAssertEqual(failures.first?["subSequenceNumber"] as? Int, 0)
        let whole = failures.filter { $0["subSequenceNumber"] == nil }.compactMap { $0["itemIdentifier"] as? String }
        XCTAssertEqual(whole, ["10", "11", "12"])
        let items = Set(try XCTUnwrap(answer["batchItemFailures"]).compactMap { $0["itemIdentifier"] as? String })
        XCTAssertEqual(items, ["10", "11", "12"])
    }

    func testSubSequenceNumbersBecomePartOfTheVersion() throws {
        let records = ["4", nil, "2147483647"].map { Self.record(Sample.venue, "8", sub: $0) }
        let batch = try RecordBatch(decoding: Self.event(records))
        XCTAssertEqual(batch.versions().map(\.subSequenceNumber), [4, nil, 2_147_483_647])
        XCTAssertEqual(batch.versions().map(\.arrival), [1_794_198_257_237, 1_794_198_257_237, 1_794_198_257_237])
        XCTAssertEqual(
            batch.versions().map(\.shard), Array(repeating: Array("concerts/shardId-000000000007".utf8), count: 3))
        XCTAssertTrue(batch.isRedelivery)
        for number in ["-1", "2147483648", "0.5", #""4""#, "[]"] {
            XCTAssertThrowsError(
                try RecordBatch(decoding: Self.event([Self.record(Sample.venue, "8", sub: number)])), number)
        }
    }

    func testOnlyTheRedeliveryMetricCountsRedeliveredRecords() throws {
        let failing = ScriptedProcessor(name: "one", outcomes: [0: .retryable(reason: "r")])
        var pipeline = TestPipeline([failing])
        let records: [EventText.Record] = [
            .init(Sample.venue, "1"), .init(Sample.nameless, "2"), .init(Sample.test, "3"),
        ]
        _ = try pipeline.respond(to: Self.event(records))
        let lines = pipeline.metricLines.objects
        let figures = try XCTUnwrap(lines.first)
        XCTAssertEqual(figures["RecordsRedelivered"] as? Int, 3)
        for name in [
            "RecordsReceived", "RecordsProcessed", "RecordsSkipped", "RecordsDeadLettered", "RecordsFailed",
            "BytesReceived",
        ] {
            XCTAssertEqual(figures[name] as? Int, 0, name)
        }
        XCTAssertNil(figures["IteratorAge"])
        XCTAssertEqual(lines.last?["ProcessorFailures"] as? Int, 0)
        pipeline.metricLines.removeAll()
        _ = try pipeline.respond(to: EventText(records))
        let ordinary = try XCTUnwrap(pipeline.metricLines.objects.first)
        XCTAssertNil(ordinary["RecordsRedelivered"])
        XCTAssertEqual(ordinary["RecordsReceived"] as? Int, 3)
    }

    func testRecordsUnprocessedAtTheDeadlineHaveThatReason() throws {
        var pipeline = TestPipeline([ScriptedProcessor(name: "one", outcomes: [0: .retryable(reason: "not reached")])])
        pipeline.context.deadline = .now - .seconds(1)
        let (response, _) = try pipeline.respond(to: Self.event([.init(Sample.venue, "1")]))
        XCTAssertEqual(try failures(response), ["1 deadline: not reached"])
    }
}
