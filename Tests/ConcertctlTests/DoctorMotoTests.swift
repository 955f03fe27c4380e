import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// `doctor` on what AWS's own command line made: queues, topics, buckets and roles.
final class DoctorMotoTests: XCTestCase {
    private static let trust = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}"#
    private static let account = "123456789012"

    private func setUp(destination: String, policy: String, variables: String) throws -> Moto {
        let moto = try Moto()
        try moto.reset()
        try moto.aws("kinesis", "create-stream", "--stream-name", "concerts", "--shard-count", "1")
        try moto.aws("iam", "create-role", "--role-name", "consumer", "--assume-role-policy-document", Self.trust)
        let attached = try moto.aws(
            "iam", "create-policy", "--policy-name", "reads", "--policy-document", policy
        ).json()
        let arn = try XCTUnwrap((attached["Policy"] as? [String: Any])?["Arn"] as? String)
        try moto.aws("iam", "attach-role-policy", "--role-name", "consumer", "--policy-arn", arn)
        let folder = try TemporaryFolder()
        // The end of an archive, which is all that an empty one has.
        let archive = try folder.write("PK\u{5}\u{6}" + String(repeating: "\0", count: 18), to: "function.zip")
        try moto.aws(
            "lambda", "create-function", "--function-name", "concert-data-processor", "--runtime", "provided.al2023",
            "--handler", "bootstrap", "--role", "arn:aws:iam::\(Self.account):role/consumer", "--zip-file",
            "fileb://\(archive)", "--environment", variables)
        try moto.aws(
            "lambda", "create-event-source-mapping", "--function-name", "concert-data-processor",
            "--event-source-arn", "arn:aws:kinesis:us-east-1:\(Self.account):stream/concerts", "--starting-position",
            "LATEST", "--function-response-types", "ReportBatchItemFailures", "--destination-config",
            "{\"OnFailure\":{\"Destination\":\"\(destination)\"}}")
        return moto
    }

    private static func policy(_ actions: String) -> String {
        #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[\#(actions)],"Resource":"*"}]}"#
    }

    func testFindsDestinationsThroughTheOracle() throws {
        let cases: [(destination: String, make: [String]?, verdict: String, words: String, line: UInt)] = [
            (
                "arn:aws:sqs:us-east-1:\(Self.account):failed", ["sqs", "create-queue", "--queue-name", "failed"], "ok",
                "queue failed is there, and empty", #line
            ),
            ("arn:aws:sqs:us-east-1:\(Self.account):failed", nil, "fault", "queue failed does not exist", #line),
            (
                "arn:aws:sns:us-east-1:\(Self.account):failed", ["sns", "create-topic", "--name", "failed"], "ok",
                "topic arn:aws:sns:us-east-1:\(Self.account):failed is there", #line
            ),
            ("arn:aws:sns:us-east-1:\(Self.account):failed", nil, "fault", "does not exist", #line),
            (
                "arn:aws:s3:::failed-batches", ["s3api", "create-bucket", "--bucket", "failed-batches"], "ok",
                "bucket failed-batches is there", #line
            ),
            ("arn:aws:s3:::failed-batches", nil, "fault", "bucket failed-batches does not exist", #line),
        ]
        for row in cases {
            let moto = try setUp(
                destination: row.destination, policy: Self.policy("\"kinesis:*\""), variables: "Variables={}")
            // For queues the command line passes over AWS_ENDPOINT_URL.
            if let make = row.make { try moto.aws(make + ["--endpoint-url", moto.url]) }
            let oracle = try SigV4Oracle(upstream: moto.url)
            let report = try DoctorReport(environment: oracle.environment(hasToken: row.make != nil))
            let found = try XCTUnwrap(report["On-failure destination"], report.run.notes, line: row.line)
            XCTAssertEqual(found.verdict, row.verdict, "\(found)", line: row.line)
            XCTAssertTrue(found.finding.contains(row.words), "\(found)", line: row.line)
            XCTAssertEqual(report["Mapping"]?.verdict, "ok", line: row.line)
            XCTAssertEqual(report["Function's role"]?.verdict, "fault", "it may not write there", line: row.line)
            XCTAssertEqual(try oracle.requests().compactMap(\.error), [], line: row.line)
        }
    }

    func testLooksAtTheRoleAndTheFunctionsOwnDeadLetters() throws {
        let moto = try setUp(
            destination: "arn:aws:sqs:us-east-1:\(Self.account):failed",
            policy: Self.policy("\"kinesis:Get*\",\"kinesis:DescribeStream\""),
            variables:
                "Variables={DEAD_LETTER_BUCKET=letters,DEAD_LETTER_QUEUE_URL=https://sqs.us-east-1.amazonaws.com/"
                + "\(Self.account)/failed}")
        let environment = [
            "AWS_ENDPOINT_URL": moto.url, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
        ]
        let before = try DoctorReport(environment: environment)
        XCTAssertEqual(before.run.status, 1)
        let role = try XCTUnwrap(before["Function's role"], before.run.notes)
        XCTAssertEqual(role.verdict, "fault")
        XCTAssertEqual(
            role.finding, "no policy of role consumer allows kinesis:ListShards, sqs:SendMessage")
        XCTAssertEqual(before["Dead-letter bucket"]?.verdict, "fault")
        XCTAssertEqual(before["Dead-letter queue"]?.finding, "queue failed does not exist")

        // What it advises, done.
        let advice = try XCTUnwrap(role.advice.first)
        let document = try XCTUnwrap(advice.split(separator: "'").last)
        try moto.aws(
            "iam", "put-role-policy", "--role-name", "consumer", "--policy-name", "concertctl-doctor",
            "--policy-document", String(document))
        try moto.aws("s3api", "create-bucket", "--bucket", "letters")
        try moto.aws("sqs", "create-queue", "--queue-name", "failed", "--endpoint-url", moto.url)
        try moto.aws(
            "sqs", "send-message", "--queue-url", "\(moto.url)/\(Self.account)/failed", "--message-body", "a letter",
            "--endpoint-url", moto.url)
        let after = try DoctorReport(environment: environment)
        XCTAssertEqual(after.run.status, 0, "\(after.findings)")
        XCTAssertEqual(after["Function's role"]?.verdict, "ok", "\(String(describing: after["Function's role"]))")
        XCTAssertEqual(after["Dead-letter bucket"]?.verdict, "ok")
        XCTAssertEqual(after["Dead-letter queue"]?.finding, "1 message waits in queue failed")
        XCTAssertEqual(after["Dead-letter queue"]?.verdict, "warn")
    }

    func testReadsPolicies() throws {
        let cases: [(statement: String, action: String, resource: String, isAllowed: Bool, line: UInt)] = [
            (#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, "a:B", "r", true, #line),
            (#"{"Effect":"Allow","Action":"A:b","Resource":"r"}"#, "a:B", "r", true, #line),
            (#"{"Effect":"Allow","Action":"a:B","Resource":"R"}"#, "a:B", "r", false, #line),
            (#"{"Effect":"Allow","Action":["a:C","a:B*"],"Resource":["x","r?d"]}"#, "a:Bee", "red", true, #line),
            (#"{"Effect":"Allow","Action":"a:*b*c","Resource":"*"}"#, "a:xbybcbc", "r", true, #line),
            (#"{"Effect":"Allow","Action":"a:*b*c","Resource":"*"}"#, "a:xbybcb", "r", false, #line),
            (#"{"Effect":"Allow","NotAction":"a:C","Resource":"*"}"#, "a:B", "r", true, #line),
            (#"{"Effect":"Allow","NotAction":"a:*","Resource":"*"}"#, "a:B", "r", false, #line),
            (#"{"Effect":"Allow","Action":"a:B"}"#, "a:B", "r", false, #line),
            (
                #"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"a:B","Resource":"*"}]"#,
                "a:B", "r", false, #line
            ),
            (
                #"[{"Effect":"Allow","Action":"*","Resource":"*"},"#
                    + #"{"Effect":"Deny","Action":"a:B","Resource":"*","Condition":{}}]"#, "a:B", "r", true, #line
            ),
            (#"[]"#, "a:B", "r", false, #line),
            (#"{"Effect":"Allow","Action":"","Resource":""}"#, "a:B", "r", false, #line),
        ]
        for row in cases {
            var policy = RolePolicy()
            policy.add(try JSONValue(parsing: Array(#"{"Statement":\#(row.statement)}"#.utf8)))
            XCTAssertEqual(policy.allows(row.action, on: row.resource), row.isAllowed, line: row.line)
        }
    }
}
