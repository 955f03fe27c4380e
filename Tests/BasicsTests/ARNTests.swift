import XCTest

@testable import Basics

/// Tests of the parser of ARNs.
final class ARNTests: XCTestCase {
    func testParsesEachPart() throws {
        let arn = try XCTUnwrap(ARN("arn:aws-cn:lambda:cn-north-1:123456789012:function:f:live"))
        XCTAssertEqual(arn.partition, "aws-cn")
        XCTAssertEqual(arn.service, "lambda")
        XCTAssertEqual(arn.region, "cn-north-1")
        XCTAssertEqual(arn.account, "123456789012")
        XCTAssertEqual(arn.resource, "function:f:live")
        XCTAssertEqual("\(arn)", "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:live")
        XCTAssertEqual(ARN("arn:aws:s3:::bucket/key:1")?.resource, "bucket/key:1")
    }

    func testRejectsInvalidARNs() {
        let texts = [
            "", "arn", "arn:aws:sqs:us-east-1:1", "arn:aws:sqs:us-east-1:1:", "urn:aws:sqs:us-east-1:1:q",
            "arn::sqs:us-east-1:1:q", "arn:aws::us-east-1:1:q",
            "arn:aws:sqs:r:1:" + String(repeating: "x", count: 3000),
            "arn\u{301}:aws:sqs:us-east-1:1:q",
        ]
        for text in texts { XCTAssertNil(ARN(text), text) }
    }

    func testParsesStreamAndConsumerARNs() throws {
        let stream = "arn:aws:kinesis:us-east-1:123456789012:stream/concert-data-stream"
        for (text, consumer) in [(stream, nil), (stream + "/consumer/fast:1700000000", "fast:1700000000")] {
            let parsed = try XCTUnwrap(KinesisStreamARN(text), text)
            XCTAssertEqual(parsed.name, "concert-data-stream")
            XCTAssertEqual("\(parsed.arn)", stream)
            XCTAssertEqual(parsed.consumer, consumer)
        }
        let texts = [
            stream + "/consumer", stream + "/consumer/", stream + "/other/fast:1", stream + "/",
            "arn:aws:kinesis:us-east-1:123456789012:stream/", "arn:aws:sqs:us-east-1:123456789012:stream/x",
            "arn:aws:kinesis:us-east-1:123456789012:streams/x",
        ]
        for text in texts { XCTAssertNil(KinesisStreamARN(text), text) }
    }
}
