import Telemetry
import XCTest

@testable import Processor

final class DataDecoderTests: XCTestCase {
    func testUserRecordsHaveTheirOwnPartitionKeysAndPositions() throws {
        let texts = [Sample.artist("a"), Sample.test, Sample.nameless, Sample.venue]
        let keys = ["one", "", "tö", "one"]
        let aggregate = Aggregate(keys: keys, texts.enumerated().map { (UInt64($0), Array($1.utf8)) })
        let batch = try RecordBatch(
            decoding: EventText([
                .init(Sample.sale, "1"), .init(bytes: aggregate.bytes, "2"), .init(Sample.concert, "3"),
            ]))
        let positions = batch.records.map(\.position) + batch.badRecords.map(\.position)
        XCTAssertEqual(positions.map { batch.partitionKey(of: $0) }, ["key", "one", "one", "key", "tö"])
        XCTAssertEqual(positions.map(\.subSequenceNumber), [nil, 0, 3, nil, 2])
        XCTAssertEqual(positions.map { batch.sequenceNumber(of: $0).digits }, ["1", "2", "2", "3", "2"])
        XCTAssertEqual(batch.testRecords, 1)
        XCTAssertEqual(batch.recordCount, 6)
    }

    func testLongPartitionKeyOfManyUserRecordsIsStoredOnce() throws {
        let key = String(repeating: "k", count: 100_000)
        let records = (0..<1000).map { _ in (key: UInt64(0), data: Array(Sample.test.utf8)) }
        let aggregate = Aggregate(keys: [key], records + [(0, Array(Sample.venue.utf8))])
        let batch = try RecordBatch(decoding: EventText([.init(bytes: aggregate.bytes, "1")]))
        XCTAssertEqual(batch.recordCount, 1001)
        XCTAssertEqual(batch.records.first.flatMap { batch.partitionKey(of: $0.position) }, key)
        XCTAssertLessThan(batch.storage.size, 2 * key.utf8.count)
    }

    func testCountsDecodedBytesOfValidAndBadRecords() throws {
        let aggregate = Aggregate(keys: ["k"], [(0, Array(Sample.venue.utf8))]).bytes
        let zipped = GzipWriter.member(Array(Sample.venue.utf8))
        let batch = try RecordBatch(
            decoding: EventText([
                .init(Sample.venue, "1"), .init("not json", "2"), .init(base64: "not base64!", "3"),
                .init(bytes: aggregate, "4"), .init(bytes: zipped, "5"),
            ]))
        XCTAssertEqual(batch.dataBytes, Sample.venue.utf8.count + 8 + aggregate.count + zipped.count)
    }

    func testRecordsThatExceedMemoryAreLeftToTheNextInvocation() async throws {
        // The record inflates to ten times its size, and all of it is retained.
        let url = String(repeating: "u", count: 10_000_000)
        let bomb = GzipWriter.member(Array(#"{"concert_id":"c","event_date":"2026-11-08","url":"\#(url)"}"#.utf8))
        var records = (1...14).map { EventText.Record(bytes: bomb, "\($0)") }
        records.insert(.init(Sample.nameless, "0"), at: 1)
        records.append(.init(Sample.nameless, "15"))
        let sink = FakeDeadLetterSink()
        var pipeline = TestPipeline([ScriptedProcessor()], deadLetters: sink)
        let (response, report) = try pipeline.respond(to: EventText(records))
        XCTAssertEqual(response, TestPipeline.failure("12"))
        XCTAssertEqual(report.total(.processed), 11)
        let letters = await sink.sequenceNumbers
        XCTAssertEqual(letters, ["0"])
        XCTAssertTrue(pipeline.logLines.all.contains { $0.contains("exceeds the memory or time") })
        // The next invocation has the whole limit again.
        records.removeFirst(12)
        XCTAssertEqual(try pipeline.respond(to: EventText(records)).response, TestPipeline.success)
    }

    func testBatchIsLimitedToTheGivenTextSize() throws {
        let text = #"{"concert_id":"c","event_date":"2026-11-08","url":"\#(String(repeating: "u", count: 40_000))"}"#
        let plain = EventText((1...10).map { .init(text, "\($0)") })
        let zipped = EventText((1...10).map { .init(bytes: GzipWriter.member(Array(text.utf8)), "\($0)") })
        let cases: [(limit: Int, decoded: Int, line: UInt)] = [
            (0, 1, #line), (1, 1, #line), (40_000, 1, #line), (41_000, 2, #line), (100_000, 3, #line),
            (380_000, 10, #line), (.max, 10, #line),
        ]
        for (limit, decoded, line) in cases {
            for event in [plain, zipped] {
                var pipeline = Pipeline(
                    dispatcher: Dispatcher([ScriptedProcessor()]), log: Logger(sink: CollectedLines()),
                    batchTextLimit: limit)
                // The next invocation has the same limit.
                for _ in 0..<2 {
                    var response: [UInt8] = []
                    let bytes = event.bytes
                    let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(3600))
                    let report = try pipeline.respond(to: bytes, 0..<bytes.count, context: context, into: &response)
                    XCTAssertEqual(report.total(.processed), decoded, "\(limit)", line: line)
                    XCTAssertEqual(report.total(.failed), 10 - decoded, "\(limit)", line: line)
                    let expected = decoded < 10 ? TestPipeline.failure("\(decoded + 1)") : TestPipeline.success
                    XCTAssertEqual(String(decoding: response, as: UTF8.self), expected, "\(limit)", line: line)
                }
            }
        }
    }

    func testExpandingBatchStopsAtTheDeadline() throws {
        let zipped = GzipWriter.member(Array(Sample.venue.utf8))
        let aggregate = Aggregate(keys: ["k"], [(0, Array(Sample.venue.utf8))]).bytes
        let plain = Array(Sample.venue.utf8)
        let cases: [(name: String, data: [[UInt8]], failure: String?, line: UInt)] = [
            ("nothing expands", [plain, plain, plain], nil, #line),
            ("gzip first: it alone is decoded", [zipped, plain, plain], "8", #line),
            ("an aggregate first", [aggregate, plain, plain], "8", #line),
            ("gzip second", [plain, zipped, plain], "9", #line), ("gzip last", [plain, plain, zipped], nil, #line),
        ]
        for (name, data, failure, line) in cases {
            var pipeline = TestPipeline()
            pipeline.context.deadline = .now
            let numbers = failure == "8" ? ["7", "10", "8"] : ["7", "8", "9"]
            let event = EventText(zip(data, numbers).map { .init(bytes: $0, $1) })
            let (response, report) = try pipeline.respond(to: event)
            XCTAssertEqual(response, failure.map(TestPipeline.failure) ?? TestPipeline.success, name, line: line)
            XCTAssertEqual(report.total, 3, name, line: line)
        }
    }

    func testBombsWithoutRetainedTextAreAllDecoded() throws {
        let bomb = GzipWriter.member(Array((#"{"x":""# + String(repeating: "u", count: 10_000_000) + #""}"#).utf8))
        let over = GzipWriter.member([UInt8](repeating: 0x20, count: Gzip.limit + 1))
        let records = (1...12).map { EventText.Record(bytes: $0 % 4 == 0 ? over : bomb, "\($0)") }
        let batch = try RecordBatch(decoding: EventText(records))
        XCTAssertNil(batch.firstUndecoded)
        XCTAssertEqual(batch.badRecords.map { $0.error.reason == .gzip }, (1...12).map { $0 % 4 == 0 })
    }
}
