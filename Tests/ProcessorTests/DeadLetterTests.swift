import Basics
import Foundation
import JSON
import XCTest

@testable import Processor

final class DeadLetterTests: XCTestCase {
    /// Returns the letters that a sink receives for `event`.
    private func letters(of event: EventText) async throws -> [String] {
        let sink = FakeDeadLetterSink()
        var pipeline = TestPipeline(deadLetters: sink)
        XCTAssertEqual(try pipeline.respond(to: event).response, TestPipeline.success)
        return await sink.texts
    }

    private static func letter(
        reason: String, message: String, data: String, sequence: String = "7", sub: Int? = nil, key: String? = "key"
    ) -> String {
        #"{"reason":"\#(reason)","message":"\#(message)","#
            + #""stream":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts","shard":"shardId-000000000007","#
            + #""sequence_number":"\#(sequence)","# + (sub.map { #""sub_sequence_number":\#($0),"# } ?? "")
            + (key.map { #""partition_key":"\#($0)","# } ?? "") + #""arrival":"2026-11-09T04:24:17.237Z","#
            + #""request_id":"request-1","function":"function-1","data":"\#(data)"}"#
    }

    func testLetterContainsTheRecordAndItsOrigin() async throws {
        let found = try await letters(of: EventText([.init(Sample.nameless, "7")]))
        let data = Base64Text.encode(Array(Sample.nameless.utf8).span)
        let expected = Self.letter(reason: "missing", message: "artist.name: is missing, and required", data: data)
        XCTAssertEqual(found, [expected])
    }

    func testInvalidBase64IsKeptUnchanged() async throws {
        let message = "data is not base64 of the standard alphabet with padding"
        for (text, written) in [("not base64!", "not base64!"), (#"a\/b\"\u00e9"#, #"a/b\"é"#), ("🎸", "🎸")] {
            let found = try await letters(of: EventText([.init(base64: text, "7")]))
            XCTAssertEqual(found, [Self.letter(reason: "base64", message: message, data: written)], text)
        }
    }

    func testBase64WithEscapedSlashesIsWrittenWithoutThem() async throws {
        let found = try await letters(of: EventText([.init(base64: #"\/\/\/\/"#, "7")]))
        let message = "data is not UTF-8: invalid UTF-8 at offset 0"
        XCTAssertEqual(found, [Self.letter(reason: "utf8", message: message, data: "////")])
    }

    func testRecordOfAnAggregateHasItsOwnData() async throws {
        let texts = [Sample.nameless, Sample.venue, "[]", ""]
        let aggregate = Aggregate(
            keys: ["first", "second"], texts.enumerated().map { ($0 == 2 ? 1 : 0, Array($1.utf8)) })
        let found = try await letters(of: EventText([.init(bytes: aggregate.bytes, "7"), .init(Sample.venue, "8")]))
        let expected = [
            Self.letter(
                reason: "missing", message: "artist.name: is missing, and required",
                data: Base64Text.encode(Array(Sample.nameless.utf8).span), sub: 0, key: "first"),
            Self.letter(
                reason: "kind", message: "record is not a JSON object", data: "W10=", sub: 2, key: "second"),
            Self.letter(
                reason: "json", message: "data is not JSON: expected a value at offset 0", data: "", sub: 3,
                key: "first"),
        ]
        XCTAssertEqual(found, expected)
    }

    func testLettersOfSeveralAggregatesHaveTheirOwnData() async throws {
        let aggregates = ["a", "b", "c"].map { name in
            Aggregate(keys: ["k"], (0..<3).map { (0, Array("\(name)\($0)".utf8)) }).bytes
        }
        var records = aggregates.enumerated().map { EventText.Record(bytes: $1, "\($0 + 1)") }
        records.insert(.init("plain", "0"), at: 1)
        let event = EventText(records)
        let expected = ["a0", "a1", "a2", "plain", "b0", "b1", "b2", "c0", "c1", "c2"]
        for events in [[event], [event, event]] {
            let sink = FakeDeadLetterSink()
            var pipeline = TestPipeline(deadLetters: sink)
            for event in events { _ = try pipeline.respond(to: event) }
            let found = await sink.texts.compactMap(Self.data)
            XCTAssertEqual(found, Array(repeatElement(expected, count: events.count).joined()))
        }
    }

    func testBrokenAggregateIsKeptCompletely() async throws {
        var bytes = Aggregate(keys: ["k"], [(0, [1])]).bytes
        bytes[6] ^= 1
        let found = try await letters(of: EventText([.init(bytes: bytes, "7")]))
        let message = "data is an aggregate, and its MD5 does not match"
        XCTAssertEqual(found, [Self.letter(reason: "kpl", message: message, data: Base64Text.encode(bytes.span))])
    }

    func testMissingEventMembersAreOmitted() async throws {
        var record = EventText.Record(Sample.nameless, "7")
        (record.partitionKey, record.arrival, record.eventID, record.streamARN) = (nil, nil, nil, nil)
        let found = try await letters(of: EventText([record]))
        let keys = try XCTUnwrap(
            found.first.flatMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] })
        XCTAssertEqual(
            Set(keys.keys), ["reason", "message", "sequence_number", "request_id", "function", "data"])
    }

    func testImpossibleArrivalIsOmitted() async throws {
        let cases: [(arrival: String, expected: String?, line: UInt)] = [
            ("0", "1970-01-01T00:00:00.000Z", #line), ("1794198257", "2026-11-09T04:24:17.000Z", #line),
            ("1.794198257E9", "2026-11-09T04:24:17.000Z", #line),
            ("253402300799.999", "9999-12-31T23:59:59.999Z", #line),
            ("253402300800", nil, #line), ("1e13", nil, #line), ("9223372036854775.807", nil, #line),
            ("1e400", nil, #line), ("-1", nil, #line), (#""text""#, nil, #line), ("null", nil, #line),
            ("{}", nil, #line),
            (#"5,"approximateArrivalTimestamp":null"#, nil, #line),
            (#"null,"approximateArrivalTimestamp":5"#, "1970-01-01T00:00:05.000Z", #line),
        ]
        for (arrival, expected, line) in cases {
            var record = EventText.Record(Sample.nameless, "7")
            record.arrival = arrival
            let found = try await letters(of: EventText([record]))
            let parsed = try found.first.flatMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
            XCTAssertEqual(parsed?["arrival"] as? String, expected, arrival, line: line)
        }
    }

    private static func data(of letter: String) -> String? {
        let parsed = (try? JSONSerialization.jsonObject(with: Data(letter.utf8))) as? [String: Any]
        return (parsed?["data"] as? String).flatMap { Data(base64Encoded: $0) }.map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
