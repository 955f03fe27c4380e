import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// What `stream tail` prints of records, hostile ones among them.
final class TailOutputTests: XCTestCase {
    private static let payload = #"{"artist_id":"a1","name":"Nova"}"#
    private static let zipped = "H4sIAAAAAAACA6tWSiwqySwuic9MUbJSSjRU0lHKS8xNBbL98ssSlWoB5jHzySAAAAA="
    /// An aggregate of the payload, `not JSON`, and a test record.
    private static let aggregate =
        "84mawgoBaxokCAAaIHsiYXJ0aXN0X2lkIjoiYTEiLCJuYW1lIjoiTm92YSJ9GgwIABoIbm90IEpTT04aEQgAGg17InRlc3QiOnRydWV9oziGoOkeEyWXwo9C0NC+tw=="
    private static let emptyAggregate = "84mawgoBa21EIgsO6si8/SiigQepb/Q="

    private func record(_ data: String, key: String? = "k", arrival: JSONValue = 1_000_000) -> JSONValue {
        .object(ofPresent: [
            ("SequenceNumber", "49590338271490256608559692538361571095921575989136580000"),
            ("PartitionKey", key.map { .string($0) }), ("ApproximateArrivalTimestamp", arrival),
            ("Data", .string(data)),
        ])
    }

    private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private func printed(
        _ form: TailOutput.Format, _ records: [JSONValue], limit: Int = .max, isColored: Bool = false
    ) throws -> String {
        var bytes: [UInt8] = []
        var output = TailOutput(form: form, limit: limit, style: TerminalStyle(isColored: isColored)) { bytes += $0 }
        try output.print(records, of: "shardId-000000000000")
        return String(decoding: bytes, as: UTF8.self)
    }

    func testCompressedAndAggregatedRecordsAreShown() throws {
        let text = try printed(
            .text, [record(Self.zipped), record(Self.aggregate, key: nil), record(Self.emptyAggregate)])
        let artist = #"""
              artist {
                "artist_id": "a1",
                "name": "Nova",
                "popularity_score": 0
              }
            """#
        let head =
            "1970-01-12T13:46:40.000Z  shardId-000000000000  "
            + "49590338271490256608559692538361571095921575989136580000"
        XCTAssertEqual(
            text,
            [
                head + "  key=k", artist, head, artist,
                "  bad record, json: data is not JSON: expected null at offset 0", "  test record", head + "  key=k",
                "  aggregate without records", "",
            ].joined(separator: "\n"))
    }

    func testJSONHasOneObjectPerUserRecord() throws {
        let lines = try printed(.json, [Self.zipped, Self.aggregate, Self.emptyAggregate, "!"].map { record($0) })
            .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let objects = try lines.map { try JSONValue(parsing: Array($0.utf8)) }
        XCTAssertEqual(objects.map { $0["Kind"]?.string }, ["artist", "artist", nil, nil, nil, nil])
        XCTAssertEqual(objects.map { $0["SubSequenceNumber"]?.integer }, [nil, 0, 1, 2, nil, nil])
        XCTAssertEqual(objects.map { $0["Reason"]?.string }, [nil, nil, "json", nil, nil, "base64"])
        XCTAssertEqual(objects.map { $0["Test"]?.bool }, [nil, nil, nil, true, nil, nil])
        XCTAssertEqual(
            objects.map { $0["Data"]?.string },
            [
                Self.zipped, base64(Self.payload), base64("not JSON"), base64(#"{"test":true}"#), Self.emptyAggregate,
                "!",
            ])
        XCTAssertEqual(objects[0]["ApproximateArrivalTimestamp"]?.integer, 1_000_000)
        XCTAssertEqual(objects[0]["Entity"]?["name"]?.string, "Nova")
    }

    func testRawPayloadsCanBePutAgain() throws {
        let records = [
            Self.zipped, Self.aggregate, base64("{\n \"artist_id\":\t\"a\u{202E}\"\r\n}"), base64("not JSON"), "!",
        ]
        XCTAssertEqual(
            try printed(.raw, records.map { record($0) }),
            [
                Self.payload, Self.payload, #"{"test":true}"#, "{  \"artist_id\":\t\"a\u{202E}\"  }", "",
            ].joined(separator: "\n"))
    }

    func testLimitCountsKinesisRecords() throws {
        XCTAssertEqual(
            try printed(.raw, [Self.zipped, Self.aggregate, Self.zipped].map { record($0) }, limit: 2)
                .split(separator: "\n").count, 3)
    }

    func testHostileRecordsAreEscaped() throws {
        let texts = [
            "\u{1B}[2J", "{\"artist_id\":\"\u{1B}]0;title\u{07}\",\"name\":\"n\"}",
            #"{"artist_id":"\u001b[31m\u009b\u202e","name":"\u2066\u0000"}"#, "\u{202E}", "{\"artist_id\":\"\u{9B}",
        ]
        let invalid = [[0xFF, 0x1B, 0x9B], [0xC2], [0x1F, 0x8B, 0x1B], [0xF3, 0x89, 0x9A, 0xC2, 0x1B]].map {
            Data($0 as [UInt8]).base64EncodedString()
        }
        let arrivals: [JSONValue] = [.number("1e300"), .number("-5"), "then", .null, .number("253402300799.9999")]
        let records =
            texts.map { record(base64($0), key: "\u{1B}[0m\u{202E}\n") } + invalid.map { record($0) }
            + arrivals.map { record(Self.zipped, arrival: $0) } + [[:], .null, "x"]
        for form in [TailOutput.Format.text, .json] {
            let text = try printed(form, records)
            for scalar in text.unicodeScalars {
                let isControl = scalar.value < 0x20 && scalar != "\n" || (0x7F..<0xA0).contains(scalar.value)
                let isDirection = form == .text && [0x202E, 0x2066].contains(scalar.value)
                XCTAssertFalse(isControl || isDirection, "U+\(String(scalar.value, radix: 16)) in \(text)")
            }
        }
        XCTAssertEqual(try printed(.json, records).split(separator: "\n").count, records.count)
    }

    func testColorsAreOptional() throws {
        let records = [record(Self.aggregate)]
        XCTAssertFalse(try printed(.text, records).contains("\u{1B}"))
        let coloured = try printed(.text, records, isColored: true)
        for words in ["\u{1B}[36martist\u{1B}[0m {", "\u{1B}[31mbad record, json\u{1B}[0m:", "\u{1B}[33mtest record"] {
            XCTAssertTrue(coloured.contains(words), coloured)
        }
        let plain = coloured.replacing(/\u{1B}\[[0-9]+m/, with: "")
        XCTAssertEqual(plain, try printed(.text, records))
        XCTAssertFalse(TerminalStyle.standardOutput(["NO_COLOR": "1"]).isColored)
    }
}
