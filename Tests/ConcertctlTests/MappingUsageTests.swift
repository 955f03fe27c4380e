import Basics
import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// Tests of the arguments of `concertctl mapping` without calls.
final class MappingUsageTests: XCTestCase {
    /// An endpoint without a server.
    private static let nowhere = ["AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "us-east-1"]

    func testRejectsIncorrectUsageBeforeAnyCall() throws {
        let queue = "arn:aws:sqs:us-east-1:123456789012:q"
        let cases: [(words: [String], notes: String)] = [
            (["create"], "no stream specified"),
            (["create", "--stream-name", ""], "invalid stream"),
            (["create", "--stream-name", "s", "--event-source-arn", queue], "cannot be combined"),
            (["create", "--event-source-arn", queue], "(its service is sqs)"),
            (["create", "--event-source-arn", "arn:aws:kinesis:r:1:stream/s/x/y"], "invalid ARN of a Kinesis stream"),
            (["create", "--stream-name", "s", "--function-name", "a b"], "invalid function name"),
            (["create", "--stream-name", "s", "--function-name", "arn:aws:sqs:r:1:f"], "invalid function name"),
            (["create", "--stream-name", "s", "--batch-size", "0"], "1...10000"),
            (["create", "--stream-name", "s", "--batch-size", "10001"], "1...10000"),
            (["create", "--stream-name", "s", "--maximum-batching-window-in-seconds", "301"], "0...300"),
            (["create", "--stream-name", "s", "--parallelization-factor", "11"], "1...10"),
            (["create", "--stream-name", "s", "--maximum-record-age-in-seconds", "59"], "-1 or 60...604800"),
            (["create", "--stream-name", "s", "--maximum-record-age-in-seconds", "604801"], "-1...604800"),
            (["create", "--stream-name", "s", "--maximum-retry-attempts", "-2"], "-1...10000"),
            (["create", "--stream-name", "s", "--tumbling-window-in-seconds", "901"], "0...900"),
            (["create", "--stream-name", "s", "--starting-position", "NOW"], "expected one of LATEST"),
            (["create", "--stream-name", "s", "--starting-position", "AT_TIMESTAMP"], "must be given together"),
            (["create", "--stream-name", "s", "--starting-position-timestamp", "1"], "must be given together"),
            (
                ["create", "--starting-position", "AT_TIMESTAMP", "--starting-position-timestamp", "noon"],
                "expected a time"
            ),
            (
                ["create", "--starting-position", "AT_TIMESTAMP", "--starting-position-timestamp", "9999-01-01"],
                "in the future"
            ),
            (["create", "--function-response-types", "All"], "expected ReportBatchItemFailures"),
            (["create", "--function-response-types", "x", "--report-batch-item-failures"], "cannot be combined"),
            (["create", "--on-failure", "dead-letters"], "expected the ARN of an SQS queue"),
            (["create", "--on-failure", queue, "--destination-config", ""], "cannot be combined"),
            (["create", "--destination-config", "OnSuccess={Destination=\(queue)}"], "OnSuccess is not supported"),
            (["create", "--destination-config", "OnFailure=\(queue)"], "=... instead of a value"),
            (["create", "--destination-config", "{"], "is not valid JSON: expected"),
            (["create", "--destination-config", "OnFailure={Destination"], "expected NAME=VALUE"),
            (["create", "--filter-criteria", "Filter=x"], "unknown member \"Filter\"; expected Filters"),
            (["create", "--filter-criteria", "Filters=[{Pattern=concert}]"], "expected a JSON object"),
            (["create", "--metrics-config", "Metrics=ErrorCount"], "expected EventCount"),
            (["create", "--kms-key-arn", "alias/k"], "ARN of a KMS key"),
            (["create", "--tags", "aws:x=y"], "invalid tag"),
            (["create", "--topics", "t"], "a setting for Kafka topics"),
            (["update", "--scaling-config=MaximumConcurrency=2", "--uuid", "u"], "a setting for SQS queues"),
            (["update", "--uuid", "u"], "no settings are given"),
            (["update", "--stream-name", "s", "--function-name", "f"], "no settings are given"),
            (["update", "--uuid", "u", "--starting-position=LATEST"], "can only be set at creation"),
            (["update", "--uuid", "u", "--starting-position-timestamp", "1"], "can only be set at creation"),
            (["update", "--uuid", "u", "--tags", "a=b"], "aws lambda tag-resource"),
            (["update", "--uuid", "u", "--batch-size", "1", "--stream-name", "s"], "can only be set at creation"),
            (["update", "--uuid", "", "--batch-size", "1"], "expected a UUID"),
            (["show", "--uuid", "../x"], "expected a UUID"),
            (["delete", "--uuid", "u", "--function-name", "f"], "cannot be combined"),
            (["list", "--function-name", ":"], "invalid function name"),
            (["enable", "--timeout", "0", "--uuid", "u"], "1...86400"),
            (["enable"], "no stream specified"),
        ]
        for (words, notes) in cases {
            let run = try Concertctl.run(["mapping"] + words, environment: Self.nowhere)
            XCTAssertEqual(run.output, "", "\(words)")
            assertRun(run, 2, notes: notes)
        }
        let file = try Concertctl.run(
            ["mapping", "create", "--filter-criteria", "file:///no/such.json"], environment: Self.nowhere)
        assertRun(file, 1, notes: "cannot read /no/such.json")
    }

    func testPlansWithoutCredentialsAndNetwork() throws {
        let cases: [(words: [String], operations: [String], body: String)] = [
            (
                ["create", "--batch-size", "7", "--update"],
                ["DescribeStreamSummary", "ListEventSourceMappings", "CreateEventSourceMapping"], #""BatchSize":7"#
            ),
            (
                ["update", "--batch-size", "7"],
                ["DescribeStreamSummary", "ListEventSourceMappings", "UpdateEventSourceMapping"], #"{"BatchSize":7}"#
            ),
            (["enable"], ["DescribeStreamSummary", "ListEventSourceMappings", "UpdateEventSourceMapping"], "true"),
            (
                ["disable", "--wait"],
                ["DescribeStreamSummary", "ListEventSourceMappings", "UpdateEventSourceMapping"], "false"
            ),
            (["disable", "--uuid", "u-1"], ["GetEventSourceMapping", "UpdateEventSourceMapping"], "false"),
            (["delete"], ["DescribeStreamSummary", "ListEventSourceMappings", "DeleteEventSourceMapping"], "absent"),
        ]
        let environment = Self.nowhere.merging(["AWS_KINESIS_STREAM_NAME": "concerts"]) { $1 }
        for (words, operations, body) in cases {
            let run = try Concertctl.run(
                ["mapping"] + words + ["--dry-run", "--output", "json"], environment: environment)
            XCTAssertEqual(run.status, 0, "\(words): \(run.notes)")
            let calls = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
            XCTAssertEqual(calls.compactMap { $0["operation"] as? String }, operations, "\(words)")
            let last = try MappingTestCase.text([calls.last?["body"] ?? "absent"])
            XCTAssertTrue(last.contains(body), "\(words): \(last)")
        }
        let text = try Concertctl.run(["mapping", "create", "--dry-run"], environment: environment)
        assertRun(
            text, 0, output: "lambda CreateEventSourceMapping: POST", "stream/concerts",
            notes: "LATEST misses records that arrive before")
    }

    func testReadsShorthandAsTheAWSCLIDoes() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("{\"A\": 1}\n", to: "a.json")
        let cases: [(text: String, value: JSONValue?)] = [
            ("", nil), ("  ", nil), ("A=b", ["A": "b"]), ("A=b,C=d", ["A": "b", "C": "d"]),
            ("A=b,c", ["A": ["b", "c"]]), ("A=b,c,D=e", ["A": ["b", "c"], "D": "e"]),
            ("A={B=c}", ["A": ["B": "c"]]), ("A={B=c, D=e},F=", ["A": ["B": "c", "D": "e"], "F": ""]),
            ("A=[]", ["A": []]), ("A=[b,c]", ["A": ["b", "c"]]), ("A=[{B=c},{B=d}]", ["A": [["B": "c"], ["B": "d"]]]),
            (#"A='b,c={d}'"#, ["A": "b,c={d}"]), (#"A="b\"c\\d\e""#, ["A": #"b"c\d\e"#]),
            ("A={}", ["A": [:]]), ("A=arn:aws:sqs:r:1:q", ["A": "arn:aws:sqs:r:1:q"]),
            (#"{"A":[1]}"#, ["A": [1]]), ("file://\(file)", ["A": 1]),
        ]
        for (text, value) in cases {
            XCTAssertEqual(try Shorthand.structure(text, of: "--x"), value, text)
        }
        for text in ["A", "=b", "A=[b", "A={B=c", "A='b", "A={B=c}d", String(repeating: "A={", count: 99)] {
            XCTAssertThrowsError(try Shorthand.structure(text, of: "--x"), text) {
                XCTAssertTrue($0 is UsageError, "\(text): \($0)")
            }
        }
    }

    func testKnowsAFunctionByAllItsNames() throws {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
        let cases: [(name: String, arn: String, isSame: Bool)] = [
            ("f", arn, true), ("f", arn + ":live", false), ("f:live", arn + ":live", true), ("f:$LATEST", arn, true),
            ("f", "arn:aws:lambda:us-east-1:123456789012:function:g", false), (arn, arn, true),
            ("function:f", arn, true), ("123456789012:function:f", arn, true), ("123456789012:f", arn, true),
            ("210987654321:function:f", arn, false), ("us-east-1:123456789012:function:f:live", arn + ":live", true),
            ("eu-west-1:123456789012:function:f", arn, false), ("f", "invalid", false),
            (arn.replacing("us-east-1", with: "eu-west-1"), arn, false),
        ]
        for (name, arn, isSame) in cases {
            XCTAssertEqual(try FunctionReference(name).matches(arn), isSame, "\(name) \(arn)")
        }
        XCTAssertTrue(try FunctionReference("f").matches(arn + ":live", anyQualifier: true))
        XCTAssertFalse(try FunctionReference("f:test").matches(arn + ":live", anyQualifier: true))
    }

    func testReadsTheUUIDOutOfAConflict() {
        let uuid = "14e0db71-5d35-4eb5-b481-8945cf9d10c2"
        XCTAssertEqual(
            MappingCreate.lastUUID(in: "arn ... 00000000-0000-0000-0000-000000000000 ... UUID \(uuid)"), uuid)
        XCTAssertEqual(MappingCreate.lastUUID(in: "UUID \(uuid)."), uuid)
        XCTAssertNil(MappingCreate.lastUUID(in: "exists already"))
    }
}
