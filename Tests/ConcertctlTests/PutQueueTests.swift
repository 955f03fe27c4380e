import Basics
import Clients
import JSON
import Processor
import TestSupport
import XCTest

@testable import concertctl

final class PutQueueTests: XCTestCase {
    private func entry(_ key: String, _ text: String = "x", number: Int = 0) -> PutQueue.PutEntry {
        PutQueue.PutEntry(key: key, data: Array(text.utf8), number: number)
    }

    private func keys(_ records: [PutQueue.InFlight]) -> [String] { records.map(\.entry.key) }

    func testRequestHasOneRecordPerKey() {
        var queue = PutQueue()
        for key in ["a", "b", "a", "a", "c"] { queue.add(entry(key)) }
        let first = queue.next()
        XCTAssertEqual(keys(first), ["a", "b", "c"])
        XCTAssertEqual(keys(queue.next()), [], "a record in flight blocks its key")
        for record in first { queue.confirm(record) }
        let second = queue.next()
        XCTAssertEqual(keys(second), ["a"])
        XCTAssertEqual(queue.count, 1)
        for record in second { queue.confirm(record) }
        XCTAssertEqual(keys(queue.next()), ["a"])
        XCTAssertTrue(queue.isEmpty)
    }

    func testAddedRecordWaitsForKeyInFlight() {
        var queue = PutQueue()
        queue.add(entry("a", "1", number: 0))
        let first = queue.next()
        queue.add(entry("a", "2", number: 1))
        queue.add(entry("b", "3", number: 2))
        XCTAssertEqual(keys(queue.next()), ["b"])
        queue.putBack(first[0])
        XCTAssertEqual(queue.entries.map(\.number), [0, 1])
        XCTAssertEqual(queue.next().map(\.entry.number), [0])
    }

    func testRejectedRecordPrecedesOthersOfItsKey() {
        var queue = PutQueue()
        for number in 1...3 { queue.add(entry("a", "\(number)")) }
        let first = queue.next()
        queue.putBack(first[0])
        XCTAssertEqual(queue.count, 3)
        XCTAssertEqual(queue.next().map(\.entry.data), [Array("1".utf8)])
    }

    func testRequestRespectsCountAndSize() {
        var queue = PutQueue(limits: PutQueue.Limits(entries: 3, bytes: 10, entryBytes: 100))
        for (key, text) in [("a", "1234"), ("b", "1234"), ("c", "1"), ("d", ""), ("e", ""), ("f", "")] {
            queue.add(entry(key, text))
        }
        // Five bytes each with their keys: two fit exactly, and a third does not.
        XCTAssertEqual(keys(queue.next()), ["a", "b"])
        XCTAssertEqual(keys(queue.next()), ["c", "d", "e"])
        XCTAssertEqual(keys(queue.next()), ["f"])
        queue.add(entry("g", String(repeating: "x", count: 50)))
        XCTAssertEqual(keys(queue.next()), ["g"], "one record is always sent")
        XCTAssertEqual(queue.size, 0)
    }

    func testUnorderedRecordsOfKeyShareRequest() {
        var queue = PutQueue(isUnordered: true)
        for number in 1...5 { queue.add(entry("a", number: number)) }
        XCTAssertEqual(queue.next().count, 5)
    }

    /// All records arrive, in order per key, whichever entries are rejected.
    func testRecordsArriveInOrderDespiteRejections() {
        for seed in 1...50 {
            var random = SeededGenerator(seed: UInt64(seed))
            var queue = PutQueue(
                limits: PutQueue.Limits(
                    entries: .random(in: 1...7, using: &random), bytes: .random(in: 5...60, using: &random)))
            var added = 0
            var arrived: [String: [Int]] = [:]
            for _ in 0..<100_000 where added < 300 || !queue.isEmpty {
                // Some before the request, and some while it is in flight.
                var records: [PutQueue.InFlight] = []
                for half in 0...1 {
                    for _ in 0..<Int.random(in: 0...10, using: &random) where added < 300 {
                        queue.add(entry("k\(Int.random(in: 0...9, using: &random))", "\(added)", number: added))
                        added += 1
                    }
                    if half == 0 { records = queue.next() }
                }
                XCTAssertEqual(Set(keys(records)).count, records.count, "one record per key, seed \(seed)")
                for record in records.reversed() where Bool.random(using: &random) && record.entry.key != "k3" {
                    arrived[record.entry.key, default: []].append(
                        Int(String(decoding: record.entry.data, as: UTF8.self)) ?? -1)
                    queue.confirm(record)
                }
                // The others are put back; k3 is rejected until all others have arrived.
                let confirmed = Set(arrived.values.joined())
                for record in records.reversed() {
                    let number = Int(String(decoding: record.entry.data, as: UTF8.self)) ?? -1
                    guard !confirmed.contains(number) else { continue }
                    if record.entry.key == "k3", confirmed.count + queue.count + 1 >= 300 {
                        arrived["k3", default: []].append(number)
                        queue.confirm(record)
                    } else {
                        queue.putBack(record)
                    }
                }
            }
            XCTAssertEqual(arrived.values.map(\.count).reduce(0, +), 300, "seed \(seed)")
            for (key, numbers) in arrived { XCTAssertEqual(numbers, numbers.sorted(), "seed \(seed), \(key)") }
        }
    }
}

final class PartitionKeyTests: XCTestCase {
    func testPartitionKeyIsEntityIDInEveryFormat() throws {
        let cases: [(json: String, key: String?)] = [
            (#"{"artist_id":"a","name":"n"}"#, "a"),
            (#"{"data_type":"Artists","artist_id":" a ","venue_id":"v"}"#, "a"),
            (#"{"sale_id":"s","concert_id":"c"}"#, "s"),
            (#"{"concert_id":"c","event_id":"e","artist_id":"a"}"#, "c"),
            (#"{"event_id":"e","venue_id":"v"}"#, "e"),
            (#"{"record_id":"r","data_type":"venues","payload":{"venue_id":"v","artist_id":"a"}}"#, "v"),
            (#"{"timestamp":"t","data":{"payload":{"artist_id":"a"},"data_type":"artist"}}"#, "a"),
            (#"{"data":{"data":{"artist_id":"a"}}}"#, "a"),
            (#"{"data":{"artist_id":"inner"},"artist_id":"outer"}"#, "outer"),
            (#"{"artist_id":"a","popularity_score":185}"#, "a"),
            (#"{"data_type":"artists","venue_id":"v"}"#, nil),
            (#"{"data_type":"songs","artist_id":"a"}"#, nil),
            (#"{"data":{"data":{"data":{"artist_id":"a"}}}}"#, nil),
            (#"{"artist_id":7}"#, nil), (#"{"artist_id":"  "}"#, nil), (#"{"test":true}"#, nil), ("[]", nil),
            (#"{"artist_id":"\#(String(repeating: "é", count: 257))"}"#, nil),
            (#"{"artist_id":"\#(String(repeating: "é", count: 256))"}"#, String(repeating: "é", count: 256)),
        ]
        for (json, key) in cases {
            let bytes = Array(json.utf8)
            var reader = RecordReader()
            let found = PartitionKey.key(of: bytes, id: reader.identify(bytes).id)
            if let key {
                XCTAssertEqual(found, key, json)
            } else {
                XCTAssertEqual(found.utf8.count, 64, "\(json): a hash")
                XCTAssertEqual(found, SHA256.digest(of: bytes).hexadecimal, "of the bytes")
            }
        }
    }
}
