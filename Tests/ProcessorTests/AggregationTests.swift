import TestSupport
import XCTest

@testable import Processor

final class AggregationTests: XCTestCase {
    /// A case: an aggregate's message, and its user records as `key=data`, or a part of the error.
    private struct Case {
        var name: String
        var message: [UInt8]
        var records: [String]?
        var refusal: String?
        var line: UInt

        init(_ name: String, _ records: [String], line: UInt = #line, _ build: (inout Aggregate) -> Void) {
            (self.name, self.records, self.line) = (name, records, line)
            message = Self.message(build)
        }

        init(_ name: String, refused refusal: String, line: UInt = #line, _ build: (inout Aggregate) -> Void) {
            (self.name, self.refusal, self.line) = (name, refusal, line)
            message = Self.message(build)
        }

        private static func message(_ build: (inout Aggregate) -> Void) -> [UInt8] {
            var aggregate = Aggregate()
            build(&aggregate)
            return aggregate.message
        }
    }

    func testReadsFieldsInAnyOrder() {
        let (a, b) = (Aggregate.record(key: 0, data: [0x61]), Aggregate.record(key: 1, data: [0x62]))
        check([
            Case("nothing", []) { _ in },
            Case("keys, records", ["k=a", "l=b"]) {
                $0.append(1, bytes: [0x6B])
                $0.append(1, bytes: [0x6C])
                $0.append(3, bytes: a)
                $0.append(3, bytes: b)
            },
            Case("records, keys", ["k=a", "l=b"]) {
                $0.append(3, bytes: a)
                $0.append(3, bytes: b)
                $0.append(1, bytes: [0x6B])
                $0.append(1, bytes: [0x6C])
            },
            Case("mixed, with unknown fields", ["k=b", "k=a"]) {
                $0.append(9, integer: .max)
                $0.append(3, bytes: Aggregate.record(key: 0, data: [0x62]))
                $0.append(1, bytes: [0x6B])
                $0.append(raw: [0x29, 1, 2, 3, 4, 5, 6, 7, 8, 0x2D, 1, 2, 3, 4])
                $0.append(3, bytes: a)
                $0.append(1000, bytes: [1, 2, 3])
            },
            Case("empty key, empty data", ["="]) {
                $0.append(1, bytes: [])
                $0.append(3, bytes: Aggregate.record(key: 0, data: []))
            },
            Case("an explicit hash key", ["k=a"]) {
                $0.append(2, bytes: [0x31])
                $0.append(1, bytes: [0x6B])
                $0.append(3, bytes: Aggregate.record(key: 0, hashKey: 0, data: [0x61]))
            },
            Case("a record's fields turned round, with tags; of a repeated one the last counts", ["k=z"]) {
                var record = Aggregate()
                record.append(4, bytes: [1, 2])
                record.append(3, bytes: [0x61])
                record.append(1, integer: 5)
                record.append(3, bytes: [0x7A])
                record.append(1, integer: 0)
                $0.append(1, bytes: [0x6B])
                $0.append(3, bytes: record.message)
            },
        ])
    }

    func testRejectsInvalidIndexesAndTypes() {
        let wrong = "it has a field of a wrong type"
        check([
            Case("no such key", refused: "user record 0 names partition key 1 of 1") {
                $0.append(1, bytes: [0x6B])
                $0.append(3, bytes: Aggregate.record(key: 1, data: []))
            },
            Case("a key beyond all integers", refused: "names partition key 18446744073709551615 of 0") {
                $0.append(3, bytes: Aggregate.record(key: .max, data: []))
            },
            Case("no such hash key", refused: "user record 0 names explicit hash key 0 of 0") {
                $0.append(1, bytes: [0x6B])
                $0.append(3, bytes: Aggregate.record(key: 0, hashKey: 0, data: []))
            },
            Case("no data", refused: "a user record has no data") {
                $0.append(3, bytes: Aggregate.record(key: 0, data: nil))
            },
            Case("no key", refused: "a user record names no partition key") {
                $0.append(3, bytes: Aggregate.record(key: nil, data: []))
            },
            Case("a key that is a number", refused: wrong) { $0.append(1, integer: 5) },
            Case("a hash key that is fixed", refused: wrong) { $0.append(raw: [0x15, 1, 2, 3, 4]) },
            Case("a record that is a number", refused: wrong) { $0.append(3, integer: 5) },
            Case("data that is a number", refused: wrong) {
                var record = Aggregate()
                record.append(3, integer: 5)
                $0.append(3, bytes: record.message)
            },
        ])
    }

    func testRejectsDamagedAndTruncatedProtobuf() {
        let damaged = "its protobuf message is damaged or cut"
        let messages: [(name: String, bytes: [UInt8])] = [
            ("a tag alone", [0x0A]), ("a length past the end", [0x0A, 2, 0x6B]), ("field 0", [0x02, 0]),
            ("a group", [0x0B]), ("a group's end", [0x0C]), ("type 6", [0x0E]), ("type 7", [0x0F]),
            ("a number cut", [0x48, 0x80]),
            ("a number of eleven bytes", [0x48] + [UInt8](repeating: 0x80, count: 10) + [0]),
            ("a number over 64 bits", [0x48] + [UInt8](repeating: 0xFF, count: 9) + [2]),
            ("a length over 64 bits", [0x0A] + [UInt8](repeating: 0xFF, count: 9) + [1]),
            ("a length of 2^63", [0x0A] + [UInt8](repeating: 0x80, count: 9) + [1]),
            ("fixed of 8, cut", [0x29, 1, 2, 3, 4, 5, 6, 7]), ("fixed of 4, cut", [0x2D, 1, 2, 3]),
        ]
        check(messages.map { row in Case(row.name, refused: damaged) { $0.append(raw: row.bytes) } })
    }

    func testRejectsTruncatedAggregatesAndFlippedBits() {
        let whole = Aggregate(keys: ["k"], [(0, Array("data".utf8)), (0, [])]).bytes
        for end in whole.indices { XCTAssertThrowsError(try Aggregation(Array(whole[..<end]).span), "cut at \(end)") }
        for offset in 4..<whole.count {
            for bit in 0..<8 {
                var damaged = whole
                damaged[offset] ^= 1 << UInt8(bit)
                XCTAssertThrowsError(try Aggregation(damaged.span), "bit \(bit) of byte \(offset)")
            }
        }
    }

    func testMessagesWithValidChecksumsDoNotCrash() {
        var generator = SeededGenerator(seed: 12)
        let message = Aggregate(keys: ["k", "l"], [(0, Array("data".utf8)), (1, []), (1, [1])]).message
        var (accepted, refused) = (0, 0)
        for _ in 0..<20_000 {
            let bytes = Aggregate.wrapped(Damage.damaged(message, using: &generator))
            do {
                for record in try Aggregation(bytes.span).records {
                    let isInside =
                        record.data.upperBound <= bytes.count && record.partitionKey.upperBound <= bytes.count
                    XCTAssertTrue(isInside, "\(record) is outside of \(bytes)")
                }
                accepted += 1
            } catch {
                XCTAssertEqual(error.reason, .kpl)
                refused += 1
            }
        }
        XCTAssertTrue(accepted > 100 && refused > 100, "accepted \(accepted), refused \(refused)")
    }

    func testAggregateIsDetectedByItsFirstFourBytes() {
        let cases: [(bytes: [UInt8], isAggregate: Bool)] = [
            ([0xF3, 0x89, 0x9A, 0xC2], true), ([0xF3, 0x89, 0x9A], false), ([], false),
            ([0xF3, 0x89, 0x9A, 0xC3], false),
        ]
        for (bytes, isAggregate) in cases {
            XCTAssertEqual(Aggregation.isAggregate(bytes.span), isAggregate, "\(bytes)")
        }
    }

    private func check(_ cases: [Case]) {
        for row in cases {
            let bytes = Aggregate.wrapped(row.message)
            do throws(PayloadError) {
                let found = try Aggregation(bytes.span).records.map { record in
                    [record.partitionKey, record.data].map { String(decoding: bytes[$0], as: UTF8.self) }
                        .joined(separator: "=")
                }
                XCTAssertEqual(found, row.records, row.name, line: row.line)
            } catch {
                let expected = row.refusal ?? "no refusal"
                XCTAssertTrue(
                    error.message.contains(expected), "\(row.name): \(error); expected \(expected)", line: row.line)
                XCTAssertEqual(error.reason, .kpl, row.name, line: row.line)
            }
        }
    }
}
