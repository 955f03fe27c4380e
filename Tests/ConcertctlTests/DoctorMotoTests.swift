import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// `doctor` on what AWS's own command line made: queues, topics, buckets and roles.
final class DoctorMotoTests: XCTestCase {
    private static let account = "123456789012"
    /// What stands in moto before each test; the arguments are destination, policy, variables and what else to make.
    private static let setUpScript = #"""
        import boto3, io, json, sys, zipfile
        destination, policy, variables, extra = sys.argv[1:]
        archive = io.BytesIO()
        zipfile.ZipFile(archive, "w").close()
        iam, functions = boto3.client("iam"), boto3.client("lambda")
        boto3.client("kinesis").create_stream(StreamName="concerts", ShardCount=1)
        role = iam.create_role(RoleName="consumer", AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}))["Role"]
        reads = iam.create_policy(PolicyName="reads", PolicyDocument=policy)["Policy"]
        iam.attach_role_policy(RoleName="consumer", PolicyArn=reads["Arn"])
        functions.create_function(
            FunctionName="concert-data-processor", Runtime="provided.al2023", Handler="bootstrap", Role=role["Arn"],
            Code={"ZipFile": archive.getvalue()}, Environment={"Variables": json.loads(variables)})
        functions.create_event_source_mapping(
            FunctionName="concert-data-processor", StartingPosition="LATEST",
            EventSourceArn="arn:aws:kinesis:us-east-1:123456789012:stream/concerts",
            FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={"OnFailure": {"Destination": destination}})
        if extra == "queue": boto3.client("sqs").create_queue(QueueName="failed")
        if extra == "topic": boto3.client("sns").create_topic(Name="failed")
        if extra == "bucket": boto3.client("s3").create_bucket(Bucket="failed-batches")
        """#

    private func setUp(
        destination: String, policy: String, variables: String = "{}", extra: String = ""
    ) throws -> Moto {
        let moto = try Moto()
        try moto.reset()
        let home = try TemporaryFolder()
        let environment = Concertctl.cleanEnvironment(home: home).merging(Self.environment(of: moto)) { $1 }
        let script = try RunningProgram(
            Moto.python(), ["-W", "ignore", "-c", Self.setUpScript, destination, policy, variables, extra],
            environment: environment
        ).finish()
        XCTAssertEqual(script.status, 0, script.notes)
        return moto
    }

    private static func environment(of moto: Moto) -> [String: String] {
        [
            "AWS_ENDPOINT_URL": moto.url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
        ]
    }

    private static func policy(_ actions: String) -> String {
        #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[\#(actions)],"Resource":"*"}]}"#
    }

    func testFindsDestinationsThroughTheOracle() throws {
        let queue = "arn:aws:sqs:us-east-1:\(Self.account):failed"
        let topic = "arn:aws:sns:us-east-1:\(Self.account):failed"
        let cases: [(destination: String, made: String, verdict: String, words: String, line: UInt)] = [
            (queue, "queue", "ok", "queue failed exists and is empty", #line),
            (queue, "", "fault", "queue failed does not exist in us-east-1", #line),
            (topic, "topic", "ok", "topic \(topic) exists", #line),
            (topic, "", "fault", "topic \(topic) does not exist in us-east-1", #line),
            ("arn:aws:s3:::failed-batches", "bucket", "ok", "bucket failed-batches exists", #line),
            ("arn:aws:s3:::failed-batches", "", "fault", "bucket failed-batches does not exist", #line),
        ]
        for row in cases {
            let moto = try setUp(
                destination: row.destination, policy: Self.policy("\"kinesis:*\""), extra: row.made)
            let oracle = try SigV4Oracle(upstream: moto.url)
            let report = try DoctorReport(environment: oracle.environment(hasToken: row.made.isEmpty))
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
            variables: """
                {"DEAD_LETTER_BUCKET": "failed-batches", \
                "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/\(Self.account)/failed"}
                """)
        let environment = Self.environment(of: moto)
        let before = try DoctorReport(environment: environment)
        XCTAssertEqual(before.run.status, 1)
        let role = try XCTUnwrap(before["Function's role"], before.run.notes)
        XCTAssertEqual(role.verdict, "fault")
        XCTAssertEqual(
            role.finding, "no policy of role consumer allows kinesis:ListShards, sqs:SendMessage, s3:PutObject")
        XCTAssertEqual(before["Dead-letter bucket"]?.verdict, "fault")
        XCTAssertEqual(before["Dead-letter queue"]?.finding, "queue failed does not exist in us-east-1")

        // What it advises, done.
        let advice = try XCTUnwrap(role.advice.first)
        let document = try XCTUnwrap(advice.split(separator: "'").last)
        try moto.aws(
            "iam", "put-role-policy", "--role-name", "consumer", "--policy-name", "concertctl-doctor",
            "--policy-document", String(document))
        try moto.aws("s3api", "create-bucket", "--bucket", "failed-batches")
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

    func testAdvisesCommandsThatThereAre() throws {
        let uuid = "14e0db71-5d35-4eb5-b481-8945cf9d10c2"
        let options = [
            "--function-response-types ReportBatchItemFailures", "--maximum-retry-attempts 10",
            "--bisect-batch-on-function-error", "--maximum-record-age-in-seconds 86400", "--parallelization-factor 10",
            "--batch-size 100 --maximum-batching-window-in-seconds 5",
            "--on-failure arn:aws:sqs:us-east-1:\(Self.account):failed",
        ]
        let commands =
            [
                Remedy.listStreams, Remedy.setUp("s"), Remedy.describe("s"), Remedy.encrypt("s"), Remedy.monitor("s"),
                Remedy.scale("s", to: 4), Remedy.retain("s", hours: 72), Remedy.registerConsumer("s", "f"),
                Remedy.createMapping(
                    "arn:aws:kinesis:us-east-1:\(Self.account):stream/s", "f",
                    onFailure: "arn:aws:sqs:us-east-1:\(Self.account):failed", maximumRecordAge: 43_200),
                Remedy.listMappings, Remedy.limitRecords("s", kibibytes: 4096),
                Remedy.enableMapping(uuid),
            ] + options.map { Remedy.updateMapping(uuid, $0) }
        for command in commands {
            let words = command.split(separator: " ").map(String.init)
            XCTAssertEqual(words.first, "concertctl")
            let type = try XCTUnwrap(
                CommandTree.commands.first { command.hasPrefix("concertctl \($0.description.name)") }, command)
            let count = type.description.name.split(separator: " ").count + 1
            XCTAssertNoThrow(
                try type.init(
                    Input(
                        Array(words.dropFirst(count)), for: type.description,
                        environment: ["AWS_REGION": "us-east-1", "AWS_KINESIS_STREAM_NAME": "s"])), command)
        }
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
