import Foundation
import Telemetry
import TestSupport
import XCTest

@testable import Processor

/// Tests of the pipeline with damaged events and payloads, for which it must always return.
final class PipelineFuzzTests: XCTestCase {
    func testDamagedEventsReturnAResponseOrAnError() throws {
        let folder = Repository.root.appending(path: "Fixtures/kinesis")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasSuffix(".event.json") }.sorted { $0.path < $1.path }
        let events = try files.map { [UInt8](try Data(contentsOf: $0)) }.filter { $0.count < 8000 }
        XCTAssertGreaterThan(events.count, 15)
        var generator = SeededGenerator(seed: 40)
        var pipeline = TestPipeline(deadLetters: nil, level: .debug)
        var (answered, refused) = (0, 0)
        for round in 0..<10_000 {
            let event = Damage.damaged(events[round % events.count], using: &generator)
            if try check(event, &pipeline) { answered += 1 } else { refused += 1 }
        }
        XCTAssertTrue(answered > 1000 && refused > 1000, "answered \(answered), refused \(refused)")
    }

    func testDamagedPayloadsReturnAResponse() throws {
        var generator = SeededGenerator(seed: 41)
        let texts = Self.payloads.map { Array($0.utf8) }
        let seeds =
            texts + texts.map(GzipWriter.member) + [
                Aggregate(keys: ["k", "l"], texts.prefix(3).map { (1, $0) }).message,
                Aggregate(keys: ["k"], texts.suffix(2).map { (0, GzipWriter.member($0)) }).message,
            ]
        var pipeline = TestPipeline(level: .debug)
        for round in 0..<3000 {
            let records = (0..<4).map { index in
                let seed = (round + index * 5) % seeds.count
                let bytes = Damage.damaged(seeds[seed], using: &generator)
                // Aggregates get a valid checksum, because otherwise their content would not be read.
                let isAggregate = seed >= seeds.count - 2
                return EventText.Record(bytes: isAggregate ? Aggregate.wrapped(bytes) : bytes, "\(index)")
            }
            XCTAssertTrue(try check(EventText(records).bytes, &pipeline), "round \(round): refused as a whole")
        }
    }

    func testDeadLetterSinkReceivesEveryBadRecord() async throws {
        var generator = SeededGenerator(seed: 42)
        let sink = FakeDeadLetterSink()
        var pipeline = TestPipeline(deadLetters: sink, level: .fatal, hasMetrics: false)
        var expected = 0
        for round in 0..<1000 {
            let records = (0..<4).map { index in
                let payload = Array(Self.payloads[(round + index) % Self.payloads.count].utf8)
                return EventText.Record(bytes: Damage.damaged(payload, using: &generator), "\(index)")
            }
            let (response, report) = try pipeline.respond(to: EventText(records))
            XCTAssertEqual(response, TestPipeline.success, "round \(round)")
            XCTAssertEqual(report.total(.failed), 0, "round \(round)")
            XCTAssertEqual(report.total(.deadLettered), report.badRecords.count, "round \(round)")
            expected += report.badRecords.count
        }
        let letters = await sink.texts
        XCTAssertEqual(letters.count, expected)
        for letter in letters {
            let parsed = try? JSONSerialization.jsonObject(with: Data(letter.utf8)) as? [String: Any]
            XCTAssertNotNil(parsed?["reason"] as? String, letter)
        }
    }

    /// Fails unless the response to `event` is consistent.
    ///
    /// - Returns: True after a response; false if the event was rejected because it is not a Kinesis event.
    private func check(_ event: [UInt8], _ pipeline: inout TestPipeline, line: UInt = #line) throws -> Bool {
        let shown = "\(String(decoding: event, as: UTF8.self).debugDescription)"
        defer {
            pipeline.logLines.removeAll()
            pipeline.metricLines.removeAll()
        }
        let (response, report): (String, BatchReport)
        do {
            (response, report) = try pipeline.respond(to: event)
        } catch let error as EventError {
            XCTAssertFalse("\(error)".isEmpty, shown, line: line)
            return false
        }
        let failed = report.checkpoint.map { TestPipeline.failure($0.digits) } ?? TestPipeline.success
        let expected = failed.dropFirst()
        XCTAssertTrue(response.hasSuffix(expected), "\(shown): \(response), expected \(expected)", line: line)
        XCTAssertEqual(report.checkpoint == nil, report.badRecords.isEmpty, "\(shown): \(response)", line: line)
        let lowest = report.badRecords.map(\.sequenceNumber).min()
        XCTAssertEqual(report.checkpoint, lowest, shown, line: line)
        XCTAssertEqual(report.total(.failed), report.badRecords.count, shown, line: line)
        let lines = pipeline.logLines.objects
        XCTAssertEqual(lines.count, pipeline.logLines.all.count, "\(shown): a log line is not JSON", line: line)
        let warnings = lines.count { $0["level"] as? String == "WARN" }
        XCTAssertEqual(warnings, report.badRecords.count, "\(shown): lines about bad records", line: line)
        let documents = lines.count { $0["entity"] != nil }
        XCTAssertEqual(documents, report.total(.processed), "\(shown): lines with documents", line: line)
        let received = pipeline.metricLines.objects.first?["RecordsReceived"] as? Int
        XCTAssertEqual(received, report.total, shown, line: line)
        return true
    }

    /// Payloads of every kind and shape, with every field.
    private static let payloads = [
        #"{"data_type":"artists","artist_id":"a","name":"Björk \ud83c\udfb8","genre":["Pop","x"],"popularity_score":88.5,"#
            + #""formation_date":"1993-07-05","members":"a|b","raw_data":{"followers":{"total":5},"x":[{}]},"source":"s"}"#,
        #"{"record_id":"r","data_type":"concerts","payload":{"event_id":"c","event_date":"2026-11-08T12:00:00.5+02:00","#
            + #""ticket_prices":{"vip":148.7,"general":"59.48"},"total_attendance":12e2,"revenue":1.5,"status":"Canceled"}}"#,
        #"{"timestamp":"t","data":{"venue_id":"v","name":"V","location":{"city":"Bern","country":"CH","latitude":46.9},"#
            + #""capacity":"500","venue_type":"CLUB","amenities":["bar",null]}}"#,
        #"{"sale_id":"s","concert_id":"c","ticket_tier":"vip","quantity":2,"unit_price":5.5,"total_price":11.01,"#
            + #""purchase_timestamp":"2026-01-02 03:04:05","payment_method":"card","customer_segment":null}"#,
        #"{"test":true}"#,
    ]
}
