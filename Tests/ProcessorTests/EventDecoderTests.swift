import XCTest

@testable import Processor

final class EventDecoderTests: XCTestCase {
    /// What is said of an event, or nil when it is one.
    private func refusal(of text: String) -> EventError? {
        var (decoder, batch) = (EventDecoder(), RecordBatch())
        let bytes = Array(text.utf8)
        do throws(EventError) {
            try decoder.decode(bytes, 0..<bytes.count, into: &batch, deadline: .now + .seconds(3600))
            return nil
        } catch {
            return error
        }
    }

    private func event(source: String) -> String {
        #"{"Records":[{"eventSource":\#(source),"kinesis":{"sequenceNumber":"1","data":"e30="}}]}"#
    }

    func testTakesRecordsOfAKinesisStreamOnlyHoweverItsNameIsWritten() {
        let cases: [(source: String, isTaken: Bool)] = [
            (#""aws:kinesis""#, true), (#""aws\u003akinesis""#, true), ("null", true), (#""aws:sqs""#, false),
            (#""AWS:Kinesis""#, false), (#""""#, false), ("5", false), (#"["aws:kinesis"]"#, false),
            (#""aws:kinesis ""#, false),
        ]
        for (source, isTaken) in cases {
            XCTAssertEqual(refusal(of: event(source: source)) == nil, isTaken, source)
        }
    }

    func testSaysWhatIsWrongWithAnEvent() {
        let hint = "; is the function's event source mapping on a Kinesis stream?"
        let cases: [(text: String, expected: String, line: UInt)] = [
            ("", "the event is not JSON: expected a value at offset 0", #line),
            ("[]", "the event is not a Kinesis event: it is not a JSON object\(hint)", #line),
            ("{}", #"the event is not a Kinesis event: it has no list "Records"\#(hint)"#, #line),
            (
                event(source: #""aws:sqs""#),
                #"the event is not a Kinesis event: record 0 has the event source "aws:sqs"\#(hint)"#, #line
            ),
            (
                #"{"Records":[{}]}"#, #"the event is not a Kinesis event: record 0 has no object "kinesis"\#(hint)"#,
                #line
            ),
            (#"{"Records":[5]}"#, "the event's record 0 is invalid: it is not an object", #line),
            (
                #"{"Records":[{"kinesis":{"data":""}}]}"#,
                "the event's record 0 is invalid: kinesis.sequenceNumber is missing or not text", #line
            ),
            (
                #"{"Records":[{"kinesis":{"data":"","sequenceNumber":"x"}}]}"#,
                "the event's record 0 is invalid: kinesis.sequenceNumber is not 1 to 128 digits", #line
            ),
            (
                #"{"Records":[{"kinesis":{"data":5,"sequenceNumber":"1"}}]}"#,
                "the event's record 0 is invalid: kinesis.data is missing or not text", #line
            ),
        ]
        for (text, expected, line) in cases {
            XCTAssertEqual(refusal(of: text)?.description, expected, text, line: line)
        }
    }

    func testFindsStreamShardAndArrival() throws {
        let cases: [(eventID: String?, shard: String?, line: UInt)] = [
            ("shardId-000000000003:49", "shardId-000000000003", #line), ("a:b:c", "a", #line), (":1", "", #line),
            ("no colon", nil, #line), (nil, nil, #line), (#"shard\u003a7"#, "shard", #line),
        ]
        for (eventID, shard, line) in cases {
            var record = EventText.Record(Sample.venue, "1")
            record.eventID = eventID
            let batch = try RecordBatch(decoding: EventText([record]))
            let position = try XCTUnwrap(batch.records.first?.position)
            XCTAssertEqual(batch.shardID(of: position), shard, eventID ?? "none", line: line)
            XCTAssertEqual(batch.arrivalMilliseconds(of: position), 1_794_198_257_237, line: line)
            XCTAssertEqual(
                batch.streamARN(of: position), "arn:aws:kinesis:us-east-1:123456789012:stream/concerts", line: line)
        }
    }

    func testAnEventIsRefusedWhereverItIsCut() {
        let text = String(
            decoding: EventText([.init(Sample.venue, "1"), .init(Sample.nameless, "2")], before: #""window":{"a":1},"#)
                .bytes,
            as: UTF8.self)
        XCTAssertNil(refusal(of: text))
        for end in text.indices { XCTAssertNotNil(refusal(of: String(text[..<end])), String(text[..<end])) }
    }
}
