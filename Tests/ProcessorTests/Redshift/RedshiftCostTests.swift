import TestSupport
import XCTest

@testable import Processor

/// The time to create rows and statements is proportional to their input, for any content.
final class RedshiftCostTests: XCTestCase {
    private static let hostile: [(name: String, part: String)] = [
        ("quotes", "'"), ("backslashes", "\\"), ("placeholders", "<0>\\<1>\\<12>"), ("digits", "<1234567890"),
        ("open brackets", "<\\"), ("combining marks", "\u{301}\u{323}"), ("flags", "\u{1F1E9}"),
        ("joiners", "a\u{200D}"),
    ]

    func testALiteralOfAnyText() {
        for (name, part) in Self.hostile {
            let growth = CPUTimeGrowth(
                make: { String(repeating: part, count: $0 / part.utf8.count + 1) },
                work: { text in
                    var bytes: [UInt8] = []
                    WarehouseValue.text(text).appendSQL(to: &bytes)
                })
            XCTAssertTrue(growth.isProportional(), "\(name): \(growth)")
        }
    }

    func testARowOfAnyText() throws {
        for (name, part) in Self.hostile {
            let growth = try CPUTimeGrowth(
                make: { length in
                    let text = String(repeating: part, count: length / part.utf8.count + 1)
                    return try RecordBatch(
                        decoding: EventText(payloads: [
                            try RedshiftRoundTripTests.json([
                                "concert_id": "c", "event_date": "2026-11-08", "url": text,
                                "ticket_prices": [text: 1],
                            ]),
                            try RedshiftRoundTripTests.json(["artist_id": "a", "name": "n", "members": [text, text]]),
                        ]))
                },
                work: { batch in
                    var outcomes = RecordOutcomes(count: batch.records.count)
                    XCTAssertLessThanOrEqual(batch.candidates(rejectingOn: &outcomes).count, 2)
                })
            XCTAssertTrue(growth.isProportional(), "\(name): \(growth)")
        }
    }

    func testAPlanOfAnyNumberOfVersionsAndKeys() throws {
        let planner = InsertPlanner(statements: UpsertStatements(schema: "\"concert_dw\""))
        for (name, keys) in [("one key", 1), ("keys", Int.max), ("keys that Unicode regards as one", -1)] {
            let growth = try CPUTimeGrowth(
                lengths: [20, 200, 2000],
                make: { count in
                    let payloads = (0..<count).map { index in
                        let id =
                            keys > 0
                            ? "a\(index % keys)"
                            : "a" + (0..<11).map { index >> $0 & 1 == 0 ? "\u{301}" : "\u{323}" }.joined()
                        return #"{"artist_id":"\#(id)","name":"n"}"#
                    }
                    return try RecordBatch(decoding: EventText(payloads: payloads))
                },
                work: { batch in
                    var outcomes = RecordOutcomes(count: batch.records.count)
                    var rest = batch.candidates(rejectingOn: &outcomes)[...]
                    XCTAssertEqual(rest.count, batch.records.count)
                    while !rest.isEmpty { rest = rest.dropFirst(planner.transaction(of: rest).recordCount) }
                })
            XCTAssertTrue(growth.isProportional(), "\(name): \(growth)")
        }
    }

    func testAFailureOfAnyText() {
        for (name, part) in Self.hostile + [("start", "query #1 failed with error: "), ("quoted", "\"value ")] {
            let growth = CPUTimeGrowth(
                make: { "ERROR: " + String(repeating: part, count: $0 / part.utf8.count + 1) },
                work: { text in
                    _ = (SQLFailure(text), SQLFailure.advice(on: text), SQLFailure.cause(of: text))
                })
            XCTAssertTrue(growth.isProportional(), "\(name): \(growth)")
        }
    }
}
