import Foundation
import TestSupport
import XCTest

/// What is found out before anything is called.
final class StreamUsageTests: XCTestCase {
    /// An endpoint without a server, and no credentials.
    private static let nowhere = ["AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"]

    private func stream(_ words: [String], environment: [String: String] = [:]) throws -> Run {
        var all = Self.nowhere.merging(environment) { $1 }
        if all["AWS_KINESIS_STREAM_NAME"] == nil { all["AWS_KINESIS_STREAM_NAME"] = "concerts" }
        return try Concertctl.run(["stream"] + words, environment: all)
    }

    func testInvalidUsageReturnsStatusTwo() throws {
        let cases: [(words: [String], note: String)] = [
            (["setup", "--shard-count", "0"], "expected a whole number in 1...10000"),
            (["setup", "--shard-count", "2", "--stream-mode", "ON_DEMAND"], "--shard-count requires PROVISIONED"),
            (["setup", "--stream-mode", "on-demand"], "expected one of PROVISIONED, ON_DEMAND"),
            (["setup", "--no-encryption", "--key-id", "k"], "--no-encryption and --key-id cannot be combined"),
            (["setup", "--no-monitoring", "--shard-level-metrics", "ALL"], "cannot be combined"),
            (["setup", "--no-policy", "--policy-name", "p"], "cannot be combined"),
            (["setup", "--policy-name", "a/b"], "--policy-name is \"a/b\""),
            (["setup", "--stream-name", String(repeating: "s", count: 120)], "default policy name"),
            (["setup", "--shard-level-metrics", "IncomingByte"], "did you mean \"IncomingBytes\"?"),
            (["setup", "--tags", "Project"], "expected KEY=VALUE"),
            (["setup", "--stream-name", "a b"], "invalid stream"),
            (["setup", "--no-wait"], "unknown option \"--no-wait\""),
            (["setup", "--retention-period-hours", "8761"], "24...8760"),
            (["describe", "--stream-name", ""], "no stream specified"),
            (["scale"], "no change requested; pass --target-shard-count or --max-record-size-in-ki-b"),
            (["scale", "--target-shard-count", "10001"], "1...10000"),
            (["scale", "--target-shard-count", "2", "--timeout", "0"], "--timeout is \"0\""),
            (["retention"], "HOURS is missing"), (["retention", "23"], "24...8760"),
            (
                ["retention", "24", "--retention-period-hours", "25"],
                "HOURS and --retention-period-hours cannot be combined"
            ),
            (["retention", "24", "25"], "unexpected argument"),
            (["mode"], "--stream-mode is missing"), (["encrypt", "--disable", "--key-id", "k"], "cannot be combined"),
            (["encrypt", "--key-id", ""], "--key-id is empty"), (["monitor"], "no change requested"),
            (["monitor", "--enable", "ALL", "--disable", "IncomingBytes"], "cannot be both enabled and disabled"),
            (["tag", "--tags", "a=1", "a=2"], "has the key a twice"),
            (["tag", "--tags", "aws:a=1"], "that do not begin with aws:"),
            (["tag", "--tags", "=1"], "1 to 128 characters"),
            (["tag", "--tags", "a=" + String(repeating: "v", count: 257)], "longer than 256"),
            (["tag", "--tags", "a=1", "--tag-keys", "a"], "both added and removed"),
            (["tag", "--tags"] + (0...50).map { "k\($0)=" }, "a stream can have at most 50"),
            (["tag", "--dry-run"], "--dry-run requires --tags or --tag-keys"),
            (["consumer"], "missing consumer command"),
            (["consumer", "remove"], "expected one of register, list, describe, deregister"),
            (["consumer", "register"], "--consumer-name is missing"),
            (["consumer", "register", "--consumer-name", "a b"], "invalid consumer name"),
            (["consumer", "list", "--consumer-name", "a"], "cannot be used with list"),
            (["consumer", "list", "--dry-run"], "--dry-run cannot be used with list"),
        ]
        for (words, note) in cases {
            let run = try stream(words)
            XCTAssertEqual(run.status, 2, "\(words): \(run.notes)")
            XCTAssertTrue(run.notes.contains(note), "\(words): \(note) is not in: \(run.notes)")
            XCTAssertEqual(run.output, "", "\(words)")
        }
        let count = try stream(["setup"], environment: ["AWS_KINESIS_SHARD_COUNT": "many"])
        XCTAssertEqual(count.status, 2)
        XCTAssertTrue(count.notes.contains("AWS_KINESIS_SHARD_COUNT is \"many\""), count.notes)
    }

    func testDryRunsMakeNoCalls() throws {
        let cases: [(words: [String], operations: [String])] = [
            (
                ["setup"],
                [
                    "DescribeStreamSummary", "CreateStream", "EnableEnhancedMonitoring", "StartStreamEncryption",
                    "ListTagsForStream", "AddTagsToStream", "GetPolicy", "CreatePolicy", "PutRecord",
                    "ListShards", "ListStreamConsumers",
                ]
            ),
            (
                [
                    "setup", "--no-monitoring", "--no-encryption", "--no-tags", "--no-policy", "--no-test-record",
                    "--retention-period-hours", "48",
                ],
                [
                    "DescribeStreamSummary", "CreateStream", "IncreaseStreamRetentionPeriod", "ListShards",
                    "ListTagsForStream", "ListStreamConsumers",
                ]
            ),
            (["scale", "--target-shard-count", "4"], ["DescribeStreamSummary", "UpdateShardCount"]),
            (["retention", "48"], ["DescribeStreamSummary", "IncreaseStreamRetentionPeriod"]),
            (["mode", "--stream-mode", "ON_DEMAND"], ["DescribeStreamSummary", "UpdateStreamMode"]),
            (["encrypt"], ["DescribeStreamSummary", "StartStreamEncryption"]),
            (["encrypt", "--disable"], ["DescribeStreamSummary", "StopStreamEncryption"]),
            (
                ["monitor", "--enable", "ALL"],
                [
                    "DescribeStreamSummary", "EnableEnhancedMonitoring",
                ]
            ),
            (
                ["tag", "--tags", "a=b", "--tag-keys", "c"],
                [
                    "ListTagsForStream", "RemoveTagsFromStream", "AddTagsToStream",
                ]
            ),
            (
                ["consumer", "register", "--consumer-name", "fan"],
                [
                    "DescribeStreamSummary", "DescribeStreamConsumer", "RegisterStreamConsumer",
                ]
            ),
            (
                ["consumer", "deregister", "--consumer-name", "fan"],
                [
                    "DescribeStreamSummary", "DescribeStreamConsumer", "DeregisterStreamConsumer",
                ]
            ),
            (["delete"], ["DescribeStreamSummary", "DeleteStream"]),
        ]
        for (words, operations) in cases {
            let run = try stream(words + ["--dry-run", "--output", "json"])
            XCTAssertEqual(run.status, 0, "\(words): \(run.notes)")
            let calls = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]] ?? []
            XCTAssertEqual(calls.compactMap { $0["operation"] as? String }, operations, "\(words)")
        }
        let text = try stream(["mode", "--stream-mode", "ON_DEMAND", "--dry-run"]).output
        XCTAssertTrue(text.contains("arn:aws:kinesis:eu-west-1:ACCOUNT_ID:stream/concerts"), text)
        let policy = try stream(["setup", "--dry-run"]).output
        XCTAssertTrue(policy.contains("\"Sid\": \"Produce\""), policy)
    }
}
