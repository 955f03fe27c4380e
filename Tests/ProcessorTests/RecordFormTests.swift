import TestSupport
import XCTest

@testable import Processor

/// Records that are compared with the previous one give the same result as those that are read member by member.
final class RecordFormTests: XCTestCase {
    private static let payloads = [
        #"{"artist_id":"a1","name":"Nova"}"#, #"{"venue_id":"v","name":"Hall","city":"Berlin","country":"DE"}"#,
        #"{"test":true}"#, "no JSON", #"{"concert_id":"c","event_date":"2026-01-01T00:00:00"}"#, "",
    ]

    /// Each record as text, and an equivalent one whose form differs from that of its neighbors.
    private func records() -> [(same: [UInt8], other: [UInt8])] {
        (0..<8).map { index in
            let payload = Self.payloads[index % Self.payloads.count]
            let event = EventText([EventText.Record(payload, "\(1000 + index)")]).bytes
            let record = Array(event.dropFirst(#"{"Records":["#.utf8.count).dropLast(2))
            let blank = [UInt8](repeating: UInt8(ascii: " "), count: 1 + index % 2)
            return (record, record.prefix(1) + blank + record.dropFirst())
        }
    }

    private func event(_ records: [[UInt8]]) -> [UInt8] {
        Array(#"{"Records":["#.utf8) + records.joined(separator: Array(",".utf8)) + Array("]}".utf8)
    }

    /// Returns the content of an event as text; errors without the offset, which depends on white space.
    private func outcome(_ event: [UInt8]) -> String {
        var decoder = EventDecoder()
        var batch = RecordBatch()
        do throws(EventError) {
            try decoder.decode(event, 0..<event.count, into: &batch, deadline: .now + .seconds(60))
        } catch {
            return "refused: \(error)".replacing(/offset [0-9]+/, with: "")
        }
        func positionText(_ position: RecordPosition) -> String {
            "\(batch.sequenceNumber(of: position).digits) \(batch.partitionKey(of: position) ?? "-") "
                + "\(batch.arrivalMilliseconds(of: position) ?? -1) \(batch.shardID(of: position) ?? "-") "
                + "\(batch.streamARN(of: position) ?? "-")"
        }
        let good = batch.records.map {
            "\(positionText($0.position)) \(String(decoding: batch.document(of: $0), as: UTF8.self))"
        }
        let bad = batch.badRecords.map { "\(positionText($0.position)) \($0.error)" }
        return "\(good) \(bad) \(batch.testRecords) \(batch.dataBytes) \(batch.sources.count)"
    }

    func testRecordFormDoesNotChangeResults() {
        let records = records()
        XCTAssertEqual(outcome(event(records.map(\.same))), outcome(event(records.map(\.other))))
        var generator = SeededGenerator(seed: 77)
        var refused = 0
        for round in 0..<1500 {
            var (same, other) = (records.map(\.same), records.map(\.other))
            // Changes one byte of one record, rarely the first one, in both texts.
            let index = Int.random(in: 0..<records.count, using: &generator)
            let offset = Int.random(in: 1..<same[index].count, using: &generator)
            let signs = Array(#"{}[]",:\ ae09=+.-"#.utf8) + [0, 0x80, 0xC3, 0x0A]
            let byte = signs.randomElement(using: &generator) ?? 0
            let shift = other[index].count - same[index].count
            if round % 3 == 0 {
                same[index].remove(at: offset)
                other[index].remove(at: offset + shift)
            } else if round % 3 == 1 {
                same[index].insert(byte, at: offset)
                other[index].insert(byte, at: offset + shift)
            } else {
                same[index][offset] = byte
                other[index][offset + shift] = byte
            }
            let (one, two) = (outcome(event(same)), outcome(event(other)))
            refused += one.hasPrefix("refused") ? 1 : 0
            guard one != two else { continue }
            return XCTFail("\(String(decoding: same[index], as: UTF8.self))\n\(one)\n\(two)")
        }
        XCTAssertGreaterThan(refused, 100)
    }
}
