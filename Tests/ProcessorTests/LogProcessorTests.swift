import Foundation
import Telemetry
import XCTest

@testable import Processor

final class LogProcessorTests: XCTestCase {
    private static let event = EventText([
        .init(Sample.artist("a1"), "1"), .init(Sample.concert, "2"), .init(Sample.venue, "3"), .init(Sample.sale, "4"),
        .init(Sample.artist("a2"), "5"),
    ])

    /// The log's lines without their timestamps.
    private func lines(_ event: EventText, level: Logger.Level, format: Logger.Format = .json) throws -> [String] {
        let lines = CollectedLines()
        let log = Logger(level: level, format: format, sink: lines)
        let context = InvocationContext(requestID: "r-1", functionName: "f", deadline: .now)
        let batch = try RecordBatch(decoding: event)
        let reports = Dispatcher([LogProcessor(log: log)]).dispatch(batch, context: context)
        let outcomes = try XCTUnwrap(reports.first?.outcomes)
        XCTAssertTrue((0..<outcomes.count).allSatisfy { outcomes[$0] == .succeeded })
        return lines.all.map { $0.replacing(#/^\{"timestamp":"[^"]*",/#, with: "{") }
    }

    func testDebugLevelLogsEachDocument() throws {
        let found = try lines(Self.event, level: .debug)
        let concert = #"{"concert_id":"c","event_date":"2026-11-08T00:00:00Z","status":"scheduled"}"#
        let sale =
            #"{"sale_id":"s","concert_id":"c","ticket_tier":"vip","quantity":2,"unit_price":5.5,"#
            + #""purchase_timestamp":"2026-01-02T00:00:00Z"}"#
        let entities = [
            ("artist", #"{"artist_id":"a1","name":"Name","popularity_score":0}"#), ("concert", concert),
            ("venue", Sample.venue), ("ticket_sale", sale),
            ("artist", #"{"artist_id":"a2","name":"Name","popularity_score":0}"#),
        ]
        let expected = entities.enumerated().map { index, entity in
            #"{"level":"DEBUG","message":"record","requestId":"r-1","kind":"\#(entity.0)","sequenceNumber":"\#(index + 1)","#
                + #""entity":\#(entity.1)}"# + "\n"
        }
        XCTAssertEqual(Array(found.dropLast()), expected)
    }

    func testInfoLevelLogsOnlyASummary() throws {
        let summary =
            #"{"level":"INFO","message":"batch received","requestId":"r-1","artists":2,"concerts":1,"venues":1,"#
            + #""ticketSales":1}"# + "\n"
        XCTAssertEqual(try lines(Self.event, level: .info), [summary])
        XCTAssertEqual(try lines(Self.event, level: .debug).last, summary)
        XCTAssertEqual(try lines(Self.event, level: .warn), [])
    }

    func testTextFormatHasTheDocumentAfterItsKey() throws {
        let found = try lines(EventText([.init(Sample.venue, "3")]), level: .debug, format: .text)
        XCTAssertEqual(
            found,
            [
                "DEBUG r-1 record kind=venue sequenceNumber=3 entity=\(Sample.venue)\n",
                "INFO r-1 batch received artists=0 concerts=0 venues=1 ticketSales=0\n",
            ])
    }

    func testAnyRecordIsOneLogLine() throws {
        let text = #"{"artist_id":"a\nb\u0085\u2028","name":"\"\\ \u001b[31m é🎸\t","members":["x\r\ny"]}"#
        for format in [Logger.Format.json, .text] {
            let found = try lines(EventText([.init(text, "1")]), level: .debug, format: format)
            XCTAssertEqual(found.count, 2)
            for line in found {
                XCTAssertTrue(line.utf8.dropLast().allSatisfy { $0 >= 0x20 }, line.debugDescription)
            }
        }
    }

    func testABatchWithoutRecordsIsNotLogged() throws {
        let lines = CollectedLines()
        let log = Logger(level: .trace, sink: lines)
        let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now)
        _ = Dispatcher([LogProcessor(log: log)]).dispatch(RecordBatch(), context: context)
        XCTAssertEqual(lines.all, [])
    }
}
