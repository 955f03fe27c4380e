import Foundation
import TestSupport
import XCTest

@testable import Processor

/// Values round-trip byte for byte, with both interpretations of the backslash.
final class RedshiftRoundTripTests: WarehouseTestCase {
    private static let texts = [
        "plain", "it's", "'", "''", "\\", "\\\\", "'\\", "\\'", "\\n", "a\\' OR 1=1; --", "'; DROP TABLE artists; --",
        "$$;$$", ":name :1 :id::text", "<0>", "<0>\\", "<0", "\\0>", "<0\\<0>\\>", "<0><1>\\<2>", "<\\0>",
        "/* */ -- \"q\"",
        "tab\there\nline\r", "\u{1}\u{7F}\u{85}", "e\u{301} ß 日本語 🎸𝄞", "\u{FFFD}\u{FFFF}", "%s %% ? $1 {0}", "NULL",
        String(repeating: "\\", count: 99), String(repeating: "'", count: 99),
    ]

    func testHostileTextsRoundTrip() async throws {
        for readsEscapes in [true, false] {
            try setUpWithError()
            try warehouse.set(["readsEscapes": readsEscapes])
            let payloads = try Self.texts.enumerated().map { index, text in
                try Self.json([
                    "venue_id": String(format: "v%03d", index), "name": text, "city": text + "x", "country": "x" + text,
                    "address": text + text, "amenities": [text, "b"], "postal_code": "80331",
                ])
            }
            let outcomes = try await write(EventText(payloads: payloads), by: writer(throughOracle: true))
            XCTAssertEqual(outcomes, payloads.map { _ in .succeeded })
            let rows = try warehouse.sql(
                "SELECT name, city, country, address, amenities FROM concert_dw.venues ORDER BY venue_id")
            XCTAssertEqual(rows.count, Self.texts.count)
            for (text, row) in zip(Self.texts, rows) {
                let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
                let message = "\(text.debugDescription), readsEscapes \(readsEscapes)"
                XCTAssertEqual(row[0].map { Array($0.utf8) }, Array(trimmed.utf8), message)
                XCTAssertEqual(row[3], (text + text).trimmingCharacters(in: .whitespacesAndNewlines), message)
                let list = try JSONSerialization.jsonObject(with: Data((row[4] ?? "").utf8)) as? [String]
                XCTAssertEqual(list, [trimmed, "b"], message)
            }
        }
    }

    func testKeysOfAnyTextAreDistinct() async throws {
        for readsEscapes in [true, false] {
            try setUpWithError()
            try warehouse.set(["readsEscapes": readsEscapes])
            let keys = Self.texts.filter {
                $0.utf8.count <= 100 && $0 == $0.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            for round in 1...2 {
                let payloads = try keys.map { try Self.json(["artist_id": $0, "name": "round \(round)"]) }
                let outcomes = try await write(EventText(payloads: payloads, from: round * 100), by: writer())
                XCTAssertEqual(outcomes, keys.map { _ in .succeeded })
            }
            let rows = try warehouse.sql("SELECT artist_id, name FROM concert_dw.artists")
            XCTAssertEqual(Set(rows.compactMap { $0[0] }), Set(keys))
            XCTAssertEqual(rows.map { $0[1] }, keys.map { _ in "round 2" })
        }
    }

    func testEveryColumnStoresItsField() async throws {
        let payloads = [
            #"{"artist_id":"a","name":"Björk","genres":["Pop","art \"pop\""],"popularity_score":85.125,"formation_date":"1977-01-02","members":["B","C"],"spotify_id":"s","followers":9223372036854775807,"source":"spotify","ingestion_timestamp":"2026-11-08T12:00:00.123456"}"#,
            #"{"concert_id":"c","artist_id":"a","venue_id":"v","event_date":"2026-12-31T23:30:00.1234567-01:30","name":"N","ticket_prices":{"general":59.48,"v\"ip":148.70},"total_attendance":2147483647,"revenue":999999999999.994,"status":"Canceled","ticketmaster_id":"t","url":"https://x/?a=b:c","source":"ticketmaster"}"#,
            #"{"venue_id":"v","name":"V","address":"A","city":"C","state":"S","country":"K","postal_code":"P","latitude":-90,"longitude":179.99999995,"capacity":1,"venue_type":"Hall","amenities":["bar"],"ticketmaster_id":"t"}"#,
            #"{"sale_id":"s","concert_id":"c","customer_id":"u","price_tier":"vip","quantity":2,"unit_price":1.5e2,"total_amount":300,"purchase_timestamp":"2026-01-02","payment_method":"card","customer_segment":"fan"}"#,
            #"{"artist_id":"b","name":"least"}"#,
        ]
        let outcomes = try await write(EventText(payloads: payloads), by: writer())
        XCTAssertEqual(outcomes, payloads.map { _ in .succeeded })
        func shared(_ source: String?, _ ingested: String?, _ number: Int) -> [String?] {
            let time = "2026-11-09 04:20:0\(number).500000"
            return [source, ingested, time, time, "\(number)", nil, "concerts/shardId-000000000007"]
        }
        XCTAssertEqual(
            try warehouse.sql("SELECT * FROM concert_dw.artists ORDER BY artist_id"),
            [
                [
                    "a", "Björk", #"["pop","art \"pop\""]"#, "85.13", "1977-01-02", #"["B","C"]"#, "s",
                    "9223372036854775807",
                ] + shared("spotify", "2026-11-08 12:00:00.123456", 1),
                ["b", "least", nil, "0.00", nil, nil, nil, nil] + shared(nil, nil, 5),
            ])
        XCTAssertEqual(
            try warehouse.sql("SELECT * FROM concert_dw.concerts"),
            [
                [
                    "c", "a", "v", "2027-01-01 01:00:00.123456", "N", #"{"general":59.48,"v\"ip":148.70}"#,
                    "2147483647",
                    "999999999999.99", "cancelled", "t", "https://x/?a=b:c",
                ] + shared("ticketmaster", nil, 2)
            ])
        XCTAssertEqual(
            try warehouse.sql("SELECT * FROM concert_dw.venues"),
            [
                ["v", "V", "A", "C", "S", "K", "P", "-90.0000000", "180.0000000", "1", "hall", #"["bar"]"#, "t"]
                    + shared(nil, nil, 3)
            ])
        XCTAssertEqual(
            try warehouse.sql("SELECT * FROM concert_dw.ticket_sales"),
            [
                ["s", "c", "u", "vip", "2", "150.00", "300.00", "2026-01-02 00:00:00", "card", "fan"]
                    + shared(nil, nil, 4)
            ])
    }

    static func json(_ object: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }
}
