import JSON
import TestSupport
import XCTest

@testable import Processor

/// Tests of the reader of single records, which must give the same results as the function.
final class RecordReaderTests: XCTestCase {
    private func records(in data: [UInt8]) -> [RecordReader.UserRecord] {
        var reader = RecordReader()
        var records: [RecordReader.UserRecord] = []
        reader.forEachRecord(in: data) { records.append($0) }
        return records
    }

    /// Returns the function's results for the same data, in the order of the user records, with test records at the end.
    private func expected(of data: [UInt8]) throws -> [RecordReader.Content] {
        let batch = try RecordBatch(decoding: EventText([.init(bytes: data, "1")]))
        let good = batch.records.map { record in
            (
                record.position.subSequenceNumber ?? 0,
                RecordReader.Content.entity(record.kind, document: batch.document(of: record))
            )
        }
        let bad = batch.badRecords.map { ($0.position.subSequenceNumber ?? 0, RecordReader.Content.bad($0.error)) }
        return (good + bad).sorted { $0.0 < $1.0 }.map(\.1)
            + Array(repeating: .test, count: batch.testRecords)
    }

    private let payloads = [
        Sample.artist("a"), Sample.venue, Sample.concert, Sample.sale, Sample.test, Sample.nameless, "[]", "no JSON",
        "", "\u{1B}[2J", #"{"data":{"data":{"artist_id":"a","name":"n"}}}"#,
    ].map { Array($0.utf8) }

    func testReadsTheSameRecordsAsTheFunction() throws {
        var generator = SeededGenerator(seed: 11)
        let shapes: [([UInt8]) -> [UInt8]] = [
            { $0 }, { GzipWriter.member($0) }, { Aggregate(keys: ["k"], [(0, $0), (0, GzipWriter.member($0))]).bytes },
        ]
        for payload in payloads {
            for shape in shapes {
                let whole = shape(payload)
                let damaged = (0..<20).map { _ in Damage.damaged(whole, using: &generator) }
                for data in [whole] + damaged + [[0xFF] + payload] {
                    let found = records(in: data).map(\.content)
                    let inOrder = found.filter { $0 != .test } + found.filter { $0 == .test }
                    XCTAssertEqual(inOrder, try expected(of: data), String(decoding: data, as: UTF8.self))
                }
            }
        }
    }

    func testReturnsUserRecordsInOrder() {
        let aggregate = Aggregate(keys: ["k"], payloads.map { (0, $0) })
        let found = records(in: aggregate.bytes)
        XCTAssertEqual(found.map(\.subSequenceNumber), Array(payloads.indices))
        XCTAssertEqual(found.map(\.data), payloads)
        XCTAssertEqual(found[4].content, .test, "a test record has an index as well")
        XCTAssertEqual(records(in: Aggregate(keys: ["k"], []).bytes).count, 0)
        XCTAssertEqual(records(in: payloads[0]).map(\.subSequenceNumber), [nil])
    }

    func testADataBombIsOneBadRecord() {
        let bomb = GzipWriter.member([UInt8](repeating: 0x20, count: Gzip.limit + 1))
        XCTAssertLessThan(bomb.count, 20_000)
        XCTAssertNil(RecordReader.inflated(bomb))
        for data in [bomb, Aggregate(keys: ["k"], [(0, bomb)]).bytes] {
            guard case .bad(let error) = records(in: data).first?.content else {
                XCTFail("not bad")
                continue
            }
            XCTAssertEqual(error.reason, .gzip)
        }
    }

    func testIdentifiesTheEntityOfARecord() throws {
        var reader = RecordReader()
        let good = #"{"data":{"payload":{"artist_id":"\u2003é ","name":"n"}}}"#
        for (text, id) in [(Sample.artist("a"), "a"), (good, "é"), (Sample.test, nil)] {
            let found = reader.identify(Array(text.utf8))
            XCTAssertEqual(found.id, id, text)
            XCTAssertNil(found.error, text)
        }
        XCTAssertNotNil(reader.identify(Array(Sample.nameless.utf8)).error)
        XCTAssertEqual(RecordReader.inflated(GzipWriter.member([1, 2, 3])), [1, 2, 3])
        XCTAssertNil(RecordReader.inflated([1, 2, 3]))
        XCTAssertNil(RecordReader.inflated([0x1F, 0x8B, 3]))
    }
}
