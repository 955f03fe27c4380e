import TestSupport
import XCTest

@testable import Processor

/// Records that are compared with the one before are read as those that are read member by member.
final class RecordFormTests: XCTestCase {
    private static let payloads = [
        #"{"artist_id":"a1","name":"Nova"}"#, #"{"venue_id":"v","name":"Hall","city":"Berlin","country":"DE"}"#,
        #"{"test":true}"#, "no JSON", #"{"concert_id":"c","event_date":"2026-01-01T00:00:00"}"#, "",
    ]

    /// Each record as text, and another of the same meaning that begins in another form than its neighbours.
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

    /// What an event holds, as text; refusals without the place, which differs by the blanks.
    private func outcome(_ event: [UInt8]) -> String {
        var decoder = EventDecoder()
        var batch = RecordBatch()
        do throws(EventError) {
            try decoder.decode(event, 0..<event.count, into: &batch, deadline: .now + .seconds(60))
        } catch {
            return "refused: \(error)".replacing(/offset [0-9]+/, with: "")
        }
        func place(_ position: RecordPosition) -> String {
            "\(batch.sequenceNumber(of: position).digits) \(batch.partitionKey(of: position) ?? "-") "
                + "\(batch.arrivalMilliseconds(of: position) ?? -1) \(batch.shardID(of: position) ?? "-") "
                + "\(batch.streamARN(of: position) ?? "-")"
        }
        let good = batch.records.map {
            "\(place($0.position)) \(String(decoding: batch.document(of: $0), as: UTF8.self))"
        }
        let bad = batch.badRecords.map { "\(place($0.position)) \($0.error)" }
        return "\(good) \(bad) \(batch.testRecords) \(batch.dataBytes) \(batch.sources.count)"
    }

    func testTheFormDecidesNothing() {
        let records = records()
        XCTAssertEqual(outcome(event(records.map(\.same))), outcome(event(records.map(\.other))))
        var generator = SeededGenerator(seed: 77)
        var refused = 0
        for round in 0..<1500 {
            var (same, other) = (records.map(\.same), records.map(\.other))
            // One byte of one record, the first one rarely, in both.
            let index = Int.random(in: 0..<records.count, using: &generator)
            let place = Int.random(in: 1..<same[index].count, using: &generator)
            let signs = Array(#"{}[]",:\ ae09=+.-"#.utf8) + [0, 0x80, 0xC3, 0x0A]
            let byte = signs.randomElement(using: &generator) ?? 0
            let shift = other[index].count - same[index].count
            if round % 3 == 0 {
                same[index].remove(at: place)
                other[index].remove(at: place + shift)
            } else if round % 3 == 1 {
                same[index].insert(byte, at: place)
                other[index].insert(byte, at: place + shift)
            } else {
                same[index][place] = byte
                other[index][place + shift] = byte
            }
            let (one, two) = (outcome(event(same)), outcome(event(other)))
            refused += one.hasPrefix("refused") ? 1 : 0
            guard one != two else { continue }
            return XCTFail("\(String(decoding: same[index], as: UTF8.self))\n\(one)\n\(two)")
        }
        XCTAssertGreaterThan(refused, 100)
    }
}
