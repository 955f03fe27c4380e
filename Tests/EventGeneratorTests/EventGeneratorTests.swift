import EventGenerator
import Foundation
import XCTest

@testable import Processor

final class EventGeneratorTests: XCTestCase {
    /// Lambda's limit for the event of one invocation.
    private static let invocationLimit = 6_291_456

    func testSameSeedGivesTheSameBytes() {
        for size in EventGenerator.Size.allCases {
            var first = EventGenerator(seed: 7, size: size)
            var second = EventGenerator(seed: 7, size: size)
            XCTAssertEqual(first.event(records: 50), second.event(records: 50))
            XCTAssertEqual(first.event(records: 50), second.event(records: 50))
            var other = EventGenerator(seed: 8, size: size)
            XCTAssertNotEqual(first.event(records: 50), other.event(records: 50))
        }
    }

    /// Whoever changes what is generated must know it: benchmarks from before and after don't compare.
    func testBytesAreThoseOfEarlierVersions() {
        var full = EventGenerator(seed: 1)
        XCTAssertEqual(Self.checksum(full.event(records: 100)), 6_603_950_499_786_257_095)
        var compact = EventGenerator(seed: 1, size: .compact)
        XCTAssertEqual(Self.checksum(compact.event(records: 100)), 5_786_428_223_500_043_064)
    }

    func testEveryRecordIsValidAndKindsComeInTheirRatio() throws {
        let ratios: [EventGenerator.Size: [String: Double]] = [
            .full: ["ticket_sale": 0.4, "concert": 0.3, "artist": 0.2, "venue": 0.1],
            .compact: ["ticket_sale": 0.2, "concert": 0.4, "artist": 0.3, "venue": 0.1],
        ]
        for (size, ratio) in ratios {
            for seed in [1, UInt64.max] {
                let batch = try Self.decode(Self.event(seed: seed, size: size, records: 3000))
                XCTAssertEqual(batch.records.count, 3000, "\(size), seed \(seed)")
                XCTAssertEqual(batch.badRecords.map(\.error.message), [], "\(size), seed \(seed)")
                for (kind, share) in ratio {
                    let count = Double(batch.records.count { batch.catalog[$0.kind].name == kind })
                    XCTAssertEqual(count / 3000, share, accuracy: 0.03, "\(kind), \(size), seed \(seed)")
                }
            }
        }
    }

    func testEntitiesComeInSeveralVersionsAndAreTheirRecordsPartitionKeys() throws {
        let batch = try Self.decode(Self.event(records: 3000))
        var versions: [String: Int] = [:]
        for record in batch.records {
            let id = batch.string(batch.id(of: record))
            XCTAssertEqual(batch.partitionKey(of: record.position), id)
            if batch.catalog[record.kind].name != "ticket_sale" { versions[id, default: 0] += 1 }
        }
        XCTAssertGreaterThan(versions.values.count { $0 > 1 }, 400)
        XCTAssertLessThanOrEqual(versions.count, 1720)
    }

    func testTotalPricesAreRightToTheCent() throws {
        var totals = 0
        for object in try Self.payloads(count: 2000).map(Self.innermost) where object["sale_id"] != nil {
            let unitPrice = try XCTUnwrap(Self.cents(object["unit_price"]))
            let quantity = try XCTUnwrap(Int("\(object["quantity"] ?? "")"))
            guard let total = Self.cents(object["total_amount"] ?? object["total_price"]) else { continue }
            XCTAssertEqual(total, unitPrice * quantity, "\(object)")
            totals += 1
        }
        XCTAssertGreaterThan(totals, 600)
    }

    func testPayloadsComeInEveryShapeAndAsUploads() throws {
        let objects = try Self.payloads(count: 1000)
        XCTAssertGreaterThan(objects.count { $0["data_type"] != nil && $0["payload"] == nil }, 600)
        XCTAssertGreaterThan(objects.count { $0["payload"] != nil }, 80)
        XCTAssertGreaterThan(objects.count { $0["data"] != nil }, 40)
        XCTAssertGreaterThan(objects.count { $0["data_type"] == nil && $0["data"] == nil }, 30)
        let sales = objects.map(Self.innermost).filter { $0["sale_id"] != nil }
        XCTAssertGreaterThan(sales.count { $0["quantity"] is String }, 100)
        XCTAssertGreaterThan(sales.count { $0["quantity"] is Int }, 100)
    }

    func testWritesAsPythonDoes() {
        var generator = EventGenerator()
        let text = (0..<500).map { _ in String(decoding: generator.payload(), as: UTF8.self) }.joined(separator: "\n")
        let parts = [
            #""name": "The Velvet "#, #"\ud83c\udfb8"#, #"\n"#, #"\"Slim\""#, #"\\Slash"#, ": null, ", ": false, ",
        ]
        for part in parts {
            XCTAssertTrue(text.contains(part), part)
        }
        XCTAssertTrue(text.utf8.allSatisfy { $0 == 0x0A || (0x20..<0x7F).contains($0) })
        XCTAssertFalse(text.contains(#"":""#))
    }

    func testLargestBatchOfCompactRecordsFitsAnInvocation() {
        for seed: UInt64 in 1...2 {
            let event = Self.event(seed: seed, size: .compact, records: 10_000)
            XCTAssertLessThan(event.count, Self.invocationLimit, "seed \(seed)")
            XCTAssertGreaterThan(event.count, Self.invocationLimit * 9 / 10, "seed \(seed)")
        }
        XCTAssertLessThan(Self.event(records: 3500).count, Self.invocationLimit)
    }

    func testSequenceNumbersAndArrivalsGrowAcrossEvents() throws {
        var generator = EventGenerator()
        var last: (number: SequenceNumber, arrival: Int64) = (SequenceNumber.zero, 0)
        for _ in 1...3 {
            let batch = try Self.decode(generator.event(records: 200))
            for record in batch.records {
                let number = batch.sequenceNumber(of: record.position)
                let arrival = try XCTUnwrap(batch.arrivalMilliseconds(of: record.position))
                XCTAssertEqual(number.digits.count, 56)
                XCTAssertGreaterThan(number, last.number)
                XCTAssertGreaterThan(arrival, last.arrival)
                XCTAssertEqual(batch.shardID(of: record.position), "shardId-000000000000")
                last = (number, arrival)
            }
        }
    }

    func testEventHoldsWhatPayloadWouldReturn() throws {
        var generator = EventGenerator(seed: 3)
        let event = try JSONSerialization.jsonObject(with: Data(Self.event(seed: 3, records: 20))) as? [String: Any]
        let records = try XCTUnwrap(event?["Records"] as? [[String: Any]])
        XCTAssertEqual(records.count, 20)
        for record in records {
            let kinesis = try XCTUnwrap(record["kinesis"] as? [String: Any])
            let data = try XCTUnwrap(Data(base64Encoded: XCTUnwrap(kinesis["data"] as? String)))
            XCTAssertEqual(String(decoding: data, as: UTF8.self), String(decoding: generator.payload(), as: UTF8.self))
        }
    }

    func testEventsAreASCIIAndMayBeEmpty() {
        XCTAssertTrue(Self.event(records: 500).allSatisfy { (0x20..<0x7F).contains($0) })
        XCTAssertEqual(String(decoding: Self.event(records: 0), as: UTF8.self), #"{"Records":[]}"#)
    }
}

/// What the tests share.
extension EventGeneratorTests {
    private static func event(seed: UInt64 = 1, size: EventGenerator.Size = .full, records: Int) -> [UInt8] {
        var generator = EventGenerator(seed: seed, size: size)
        return generator.event(records: records)
    }

    private static func decode(_ event: [UInt8]) throws -> RecordBatch {
        var decoder = EventDecoder()
        var batch = RecordBatch()
        try decoder.decode(event, event.indices, into: &batch, deadline: .now + .seconds(60))
        return batch
    }

    private static func payloads(count: Int) throws -> [[String: Any]] {
        var generator = EventGenerator()
        return try (0..<count).map { _ in
            let object = try JSONSerialization.jsonObject(with: Data(generator.payload()))
            return try XCTUnwrap(object as? [String: Any])
        }
    }

    /// The entity's fields, whatever stands around them.
    private static func innermost(_ object: [String: Any]) -> [String: Any] {
        guard let inner = object["data"] ?? object["payload"] as? [String: Any] else { return object }
        return (inner as? [String: Any]).map(innermost) ?? object
    }

    private static func cents(_ value: Any?) -> Int? {
        Double("\(value ?? "")").map { Int(($0 * 100).rounded()) }
    }

    /// FNV-1a, 64 bits.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
