import JSON
import XCTest

@testable import Processor

final class PayloadDecoderTests: XCTestCase {
    /// Returns the error of a record; nil if it is valid.
    private func refusal(of text: String) -> PayloadError? {
        var decoder = PayloadDecoder()
        do throws(PayloadError) {
            var records: [EntityRecord] = []
            try decoder.decode(Array(text.utf8).span, at: RecordPosition(source: 0), into: &records)
            return nil
        } catch {
            return error
        }
    }

    private func decoded(_ text: String) throws -> (RecordBatch, EntityRecord) {
        var decoder = PayloadDecoder()
        var records: [EntityRecord] = []
        try decoder.decode(Array(text.utf8).span, at: RecordPosition(source: 0), into: &records)
        var batch = RecordBatch()
        batch.storage = decoder.storage
        return (batch, try XCTUnwrap(records.first, text))
    }

    private func concert(_ prices: String) -> String {
        #"{"concert_id":"c","event_date":"2026-11-08","ticket_prices":\#(prices)}"#
    }

    func testChoiceWordsMapToCases() throws {
        let words: [(word: String, status: Concert.Status)] =
            Concert.Status.allCases.map { ($0.rawValue, $0) } + [("canceled", .cancelled), ("CANCELED", .cancelled)]
        for (word, status) in words {
            let text = #"{"concert_id":"c","event_date":"2026-11-08","status":"\#(word)"}"#
            let (batch, record) = try decoded(text)
            XCTAssertEqual(batch.view(record, as: Concert.self)?.status, status, word)
        }
        let kinds = [
            ("artists", "artist"), ("artist", "artist"), ("concerts", "concert"), ("concert", "concert"),
            ("events", "concert"), ("event", "concert"), ("venues", "venue"), ("venue", "venue"),
            ("ticket_sales", "ticket_sale"), ("ticket_sale", "ticket_sale"),
        ]
        for (word, kind) in kinds {
            // The error about the missing field names the kind.
            let error = try XCTUnwrap(refusal(of: #"{"data_type":"\#(word)"}"#))
            XCTAssertTrue(error.message.hasPrefix(kind + "."), "\(word): \(error)")
        }
        for kind in Venue.Kind.allCases {
            let text =
                #"{"venue_id":"v","name":"n","city":"c","country":"d","venue_type":"\#(kind.rawValue)"}"#
            let (batch, record) = try decoded(text)
            let document = try JSONValue(parsing: batch.document(of: record))
            XCTAssertEqual(document["venue_type"]?.string, kind.rawValue)
        }
    }

    func testFirstOfSeveralBadPricesIsReported() {
        let bad = (0..<20).map { #""t\#($0)":\#($0 % 2 == 0 ? "true" : "-\($0)")"# }
        for first in 0..<20 {
            let prices = (bad[first...] + bad[..<first]).joined(separator: ",")
            let error = refusal(of: concert("{\(prices)}"))
            let expected =
                first % 2 == 0
                ? PayloadError(.type, "concert.ticket_prices: true is not a number")
                : PayloadError(.range, "concert.ticket_prices: -\(first) is below 0")
            XCTAssertEqual(error, expected, prices)
        }
    }

    func testReplacedBadPriceIsIgnored() {
        let cases: [(prices: String, message: String?, line: UInt)] = [
            (#"{"a":-1,"a":1}"#, nil, #line), (#"{"a":1,"a":-1}"#, "-1 is below 0", #line),
            (#"{"a":-1,"b":-2,"a":1}"#, "-2 is below 0", #line), (#"{"a":-1,"b":1,"a":-2}"#, "-2 is below 0", #line),
            (#"{"a":-1,"a":null}"#, nil, #line), (#"{"a":-1,"b":1}"#, "-1 is below 0", #line),
            (#"{"a":-1,"\u0061":1}"#, nil, #line), (#"{"a":-1," a ":1}"#, nil, #line),
        ]
        for (prices, message, line) in cases {
            let expected = message.map { "concert.ticket_prices: \($0)" }
            XCTAssertEqual(refusal(of: concert(prices))?.message, expected, prices, line: line)
        }
    }

    func testTiersAreComparedByScalars() throws {
        // One letter in two encodings: different keys in JSON, although they are equal as `String`s.
        let text = concert("{\"caf\u{E9}\":1,\"cafe\u{301}\":2}")
        let (batch, record) = try decoded(text)
        let prices = batch.values(of: record).lazy.compactMap { value -> TicketPrices? in
            guard case .prices(let prices) = value else { return nil }
            return prices
        }
        XCTAssertEqual(try XCTUnwrap(prices.first).pairs.count, 4, "texts; both tiers are expected")
    }

    func testRejectedRecordLeavesStorageUnchanged() {
        var decoder = PayloadDecoder()
        let before = (decoder.storage.mark, decoder.storage.items.count)
        let refused = [
            #"{"concert_id":"c","name":"kept so far","ticket_prices":{"a":1,"b":-1}}"#, concert(#"{"a":1,"b":-1}"#),
            #"{"artist_id":"a","name":"n","genres":["a","b"],"popularity_score":101}"#, "not json", "[]", "{}",
        ]
        var records: [EntityRecord] = []
        for text in refused {
            XCTAssertThrowsError(
                try decoder.decode(Array(text.utf8).span, at: RecordPosition(source: 0), into: &records), text)
            XCTAssertEqual(decoder.storage.mark, before.0, text)
            XCTAssertEqual(decoder.storage.items.count, before.1, text)
        }
    }

    /// Members are first looked for in the order that they had in the record before.
    func testARecordIsReadAloneAsItIsBehindAnyOther() throws {
        let texts = [
            #"{"artist_id":"a","name":"N","source":"s","raw_data":{"name":"R","url":"u","followers":{"total":7}}}"#,
            #"{"artist_id":"a","raw_data":{"followers":7,"name":"R"},"name":"N","source":"s"}"#,
            #"{"artist_id":"a","artist_id":"b","name":"N","source":"s","source":null,"raw_data":{"name":"R"}}"#,
            #"{"artist_id": "a", "x": 1, "name": "N", "x": {"name": "X", "source": "t"}, "source": "s"}"#,
            #"{ "source" : "s" , "name" : "N" , "artist_id" : "a" }"#,
            #"{"source":"s","n\u0061me":"N","artist_id":"a"}"#,
            #"{"data_type":"artist","payload":{"artist_id":"a","source":"t","name":"N"},"source":"s"}"#,
            #"{"data":{"artist_id":"a","name":"N"},"source":"s"}"#,
            #"{"venue_id":"v","name":"N","location":{"city":"C","country":"D"},"source":"s"}"#,
            #"{"venue_id":"v","name":"N","city":"C","location":{"name":"L"},"country":"D"}"#,
            #"{"concert_id":"c","event_date":"2026-11-08","raw_data":{"url":"u","name":"R"}}"#,
            #"{"concert_id":"c","raw_data":{"name":"R","event_date":"2000-01-01"},"event_date":"2026-11-08"}"#,
        ]
        for first in texts {
            for second in texts {
                let (alone, record) = try decoded(second)
                var decoder = PayloadDecoder()
                var records: [EntityRecord] = []
                for text in [first, second, first, second] {
                    try decoder.decode(Array(text.utf8).span, at: RecordPosition(source: 0), into: &records)
                }
                var batch = RecordBatch()
                batch.storage = decoder.storage
                for index in [1, 3] {
                    XCTAssertEqual(
                        String(decoding: batch.document(of: records[index]), as: UTF8.self),
                        String(decoding: alone.document(of: record), as: UTF8.self), "\(second) behind \(first)")
                }
            }
        }
    }

    func testZerosBehindARecordAreNotPartOfIt() throws {
        let cases: [(text: String, isRecord: Bool)] = [
            (#"{"artist_id":"a","name":"N"}"#, true), (#"{"artist_id":"a","name":"N"} "#, true),
            ("{\"artist_id\":\"a\",\"name\":\"N\"}\0", false), (#"{"artist_id":"a","name":"N"#, false),
            (#"{"artist_id":"a","#, false), ("", false), ("\0", false),
        ]
        for (text, isRecord) in cases {
            for zeros in [0, 1, 32] {
                let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: zeros)
                var decoder = PayloadDecoder()
                var records: [EntityRecord] = []
                do throws(PayloadError) {
                    try decoder.decode(
                        bytes.span, count: text.utf8.count, at: RecordPosition(source: 0), into: &records)
                } catch {
                    XCTAssertEqual(error.message, refusal(of: text)?.message, "\(text), \(zeros)")
                }
                XCTAssertEqual(records.count, isRecord ? 1 : 0, "\(text), \(zeros)")
            }
        }
    }
}
