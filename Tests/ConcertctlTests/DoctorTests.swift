import Basics
import Foundation
import TestSupport
import XCTest

/// Tests of `doctor` against the strict fake: without a fault, then with one fault at a time.
final class DoctorTests: XCTestCase {
    /// Creates a stream and a mapping without a fault.
    private static let setUpScript = """
        import boto3
        kinesis, functions = boto3.client("kinesis"), boto3.client("lambda")
        kinesis.create_stream(StreamName="concerts", ShardCount=2)
        kinesis.start_stream_encryption(StreamName="concerts", EncryptionType="KMS", KeyId="alias/aws/kinesis")
        kinesis.enable_enhanced_monitoring(StreamName="concerts", ShardLevelMetrics=["ALL"])
        kinesis.increase_stream_retention_period(StreamName="concerts", RetentionPeriodHours=48)
        functions.create_event_source_mapping(
            FunctionName="concert-data-processor", BatchSize=100, MaximumBatchingWindowInSeconds=5,
            EventSourceArn="arn:aws:kinesis:us-east-1:123456789012:stream/concerts", StartingPosition="TRIM_HORIZON",
            FunctionResponseTypes=["ReportBatchItemFailures"], BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=10, MaximumRecordAgeInSeconds=86400,
            DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failed"}})
        """
    private static let queue = #"{"QueueUrl":"http://localhost/123456789012/failed"}"#
    private static let actions = [
        "kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards",
        "sqs:SendMessage",
    ]

    /// A fake without a fault, except for the services that it does not have.
    static func healthy() throws -> StrictAWS {
        let fake = try StrictAWS()
        try fake.set(["readsUntilActive": 0])
        try fake.addFunction(
            "concert-data-processor",
            configuration: [
                "Environment": ["Variables": ["DEAD_LETTER_QUEUE_URL": "http://localhost/123456789012/failed"]]
            ])
        let home = try TemporaryFolder()
        var environment = Concertctl.cleanEnvironment(home: home).merging(fake.environment) { $1 }
        environment["AWS_DEFAULT_REGION"] = "us-east-1"
        let script = try RunningProgram(
            Moto.python(), ["-W", "ignore", "-c", Self.setUpScript], environment: environment
        ).finish()
        XCTAssertEqual(script.status, 0, script.notes)
        try fake.add([(60, 1200)], to: "IteratorAge", of: "AWS/Lambda", dimensions: Self.functionDimension)
        return fake
    }

    static let functionDimension = ["FunctionName": "concert-data-processor"]

    /// Adds permanent responses of services that the fake does not have, after responses that are used once.
    static func answerElsewhere(_ fake: StrictAWS, actions: [String] = DoctorTests.actions) throws {
        try fake.answer("GetQueueUrl", with: Self.queue)
        try fake.answer(
            "GetQueueAttributes",
            with: #"{"Attributes":{"ApproximateNumberOfMessages":"0","ApproximateNumberOfMessagesNotVisible":"0"}}"#)
        let document = """
            {"Statement":{"Effect":"Allow","Action":\(actions),"Resource":["arn:aws:kinesis:*:*:stream/con*",\
            "arn:aws:sqs:us-east-1:123456789012:faile?"]}}
            """.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        for (operation, result) in [
            ("GetRole", "<Role><RoleName>concert-data-processor</RoleName></Role>"),
            (
                "ListAttachedRolePolicies",
                "<AttachedPolicies/><IsTruncated>false</IsTruncated>"
            ),
            (
                "ListRolePolicies",
                "<PolicyNames><member>read</member></PolicyNames><IsTruncated>false</IsTruncated>"
            ),
            ("GetRolePolicy", "<PolicyDocument>\(document)</PolicyDocument>"),
        ] {
            try fake.answer(
                operation,
                with: "<\(operation)Response><\(operation)Result>\(result)</\(operation)Result></\(operation)Response>",
                contentType: "text/xml")
        }
    }

    func testReportsNoFaultInAHealthySetup() throws {
        let fake = try Self.healthy()
        try Self.answerElsewhere(fake)
        let changes = try fake.calls().count
        let oracle = try SigV4Oracle(upstream: fake.url)
        let folder = try TemporaryFolder()
        let file = folder.url.appending(path: "bootstrap")
        try ELF(machine: 183).data.write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        for hasToken in [false, true] {
            let report = try DoctorReport(
                ["--bootstrap", file.path], environment: oracle.environment(hasToken: hasToken))
            XCTAssertEqual(report.run.status, 0, report.run.notes)
            XCTAssertGreaterThan(report.findings.count, 25)
            for finding in report.findings {
                XCTAssertEqual(finding.verdict, "ok", "\(finding)")
                XCTAssertEqual(finding.advice, [], "\(finding)")
            }
        }
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
        let verbs = try fake.calls().dropFirst(changes).map(\.operation).filter { operation in
            !["Get", "List", "Describe"].contains { operation.hasPrefix($0) }
        }
        XCTAssertEqual(verbs, [], "no mutating call")
    }

    /// A fault and its finding.
    private struct Case {
        var check: String
        var verdict: String
        var finding: String
        var advice: String?
        var operation: String
        var answer: String
        var times: Int
        var line: UInt

        init(
            _ check: String, _ verdict: String, _ finding: String, _ advice: String?, _ operation: String,
            _ answer: String, times: Int = 1, line: UInt = #line
        ) {
            (self.check, self.verdict, self.finding, self.advice) = (check, verdict, finding, advice)
            (self.operation, self.answer, self.times, self.line) = (operation, answer, times, line)
        }
    }

    static func stream(_ members: String) -> String {
        """
        {"StreamDescriptionSummary":{"StreamName":"concerts","StreamStatus":"ACTIVE","OpenShardCount":2,\
        "StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts","RetentionPeriodHours":48,\(members)}}
        """
    }

    static func function(_ members: String, _ beside: String = "") -> String {
        """
        {"Configuration":{"FunctionName":"concert-data-processor","Runtime":"provided.al2023","Timeout":60,\
        "Role":"arn:aws:iam::123456789012:role/concert-data-processor","MemorySize":256,\(members)}\(beside)}
        """
    }

    static func mapping(_ members: String) -> String {
        """
        {"EventSourceMappings":[{"UUID":"u-1","State":"Enabled","LastProcessingResult":"OK","BatchSize":100,\
        "FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:concert-data-processor:live",\
        "EventSourceArn":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts",\
        "FunctionResponseTypes":["ReportBatchItemFailures"],"MaximumRetryAttempts":3,\(members)}]}
        """
    }

    private static let streamCases = [
        Case(
            "Stream", "fault", "concerts is CREATING", "stream describe --stream-name concerts",
            "DescribeStreamSummary", stream(#""StreamStatus":"CREATING""#)),
        Case(
            "Stream", "warn", "concerts is UPDATING, provisioned, 2 shards, retention 48 h", "ACTIVE",
            "DescribeStreamSummary", stream(#""StreamStatus":"UPDATING""#)),
        Case(
            "Encryption", "warn", "unencrypted", "concertctl stream encrypt --stream-name concerts",
            "DescribeStreamSummary", stream(#""EncryptionType":"NONE""#)),
        Case(
            "Enhanced monitoring", "warn", "off", "concertctl stream monitor --stream-name concerts",
            "DescribeStreamSummary", stream(#""EnhancedMonitoring":[{"ShardLevelMetrics":[]}]"#)),
        Case("Stream", "fault", "has no stream description", nil, "DescribeStreamSummary", #"{"a":1}"#),
        Case(
            "Distribution", "warn", "AUTO: partition keys are ignored, so there is no order per key",
            "update-stream-record-distribution-strategy --stream-arn arn:aws:kinesis:us-east-1:123456789012:"
                + "stream/concerts --record-distribution-strategy USER_PARTITION_KEY", "DescribeStreamSummary",
            stream(#""RecordDistributionStrategy":"AUTO""#)),
        Case(
            "Distribution", "ok", "by partition key", nil, "DescribeStreamSummary",
            stream(#""RecordDistributionStrategy":"USER_PARTITION_KEY""#)),
        Case(
            "Record size", "ok", "up to 3072 KiB", nil, "DescribeStreamSummary", stream(#""MaxRecordSizeInKiB":3072"#)),
        Case(
            "Record size", "warn", "up to 8192 KiB: the largest do not fit", "--max-record-size-in-ki-b 4096",
            "DescribeStreamSummary", stream(#""MaxRecordSizeInKiB":8192"#)),
        Case("Record size", "ok", "up to 1024 KiB", nil, "DescribeStreamSummary", stream(#""a":1"#)),
        Case(
            "Fan-out consumers", "warn", "20 of 20, provisioned: no other", "consumer list", "DescribeStreamSummary",
            stream(#""ConsumerCount":20"#)),
    ]
    private static let functionCases = [
        Case(
            "Function", "fault", "Failed, last update Successful: no image", "update-function-code", "GetFunction",
            function(#""State":"Failed","StateReason":"no image""#)),
        Case(
            "Function", "fault", "last update Failed: bad zip", "update-function-code", "GetFunction",
            function(#""LastUpdateStatus":"Failed","LastUpdateStatusReason":"bad zip""#)),
        Case("Function", "warn", "Pending", "again", "GetFunction", function(#""State":"Pending""#)),
        Case("Function", "warn", "Deactivating", "again", "GetFunction", function(#""State":"Deactivating""#)),
        Case(
            "Function", "warn", "update InProgress", "again", "GetFunction",
            function(#""State":"Active","LastUpdateStatus":"InProgress""#)),
        Case(
            "Function", "fault", "ActiveNonInvocable", "--function-name concert-data-processor:ALIAS", "GetFunction",
            function(#""State":"ActiveNonInvocable""#)),
        Case("Function", "fault", "Deactivated", "publish", "GetFunction", function(#""State":"Deactivated""#)),
        Case("Function", "fault", "Deleting", "deploy it again", "GetFunction", function(#""State":"Deleting""#)),
        Case("Function", "unknown", "is Dreaming, last", nil, "GetFunction", function(#""State":"Dreaming""#)),
        Case(
            "Function", "unknown", "last update Thinking: maybe", nil, "GetFunction",
            function(#""LastUpdateStatus":"Thinking","LastUpdateStatusReason":"maybe""#)),
        Case("Function", "warn", "Inactive", "next invocation", "GetFunction", function(#""State":"Inactive""#)),
        Case(
            "Runtime", "fault", "runtime \"python3.13\" does not run a bootstrap", "--runtime provided.al2023",
            "GetFunction", function(#""Runtime":"python3.13""#)),
        Case(
            "Runtime", "warn", "provided.al2 is older", "al2023", "GetFunction",
            function(#""Runtime":"provided.al2""#)),
        Case("Runtime", "warn", "image", "zip", "GetFunction", function(#""PackageType":"Image""#)),
        Case("Memory", "warn", "128 MB", "--memory-size 256", "GetFunction", function(#""MemorySize":128"#)),
        Case("Timeout", "warn", "3 s for a batch of 100", "--timeout 60", "GetFunction", function(#""Timeout":3"#)),
        Case(
            "Concurrency", "fault", "0 is reserved", "delete-function-concurrency", "GetFunction",
            function(#""a":1"#, #","Concurrency":{"ReservedConcurrentExecutions":0}"#)),
        Case(
            "Concurrency", "warn", "1 is reserved, but the stream's shards require 2", "delete-function-concurrency",
            "GetFunction", function(#""a":1"#, #","Concurrency":{"ReservedConcurrentExecutions":1}"#)),
        Case(
            "Dead-letter queue", "warn", "a bad record blocks its shard", "DEAD_LETTER_QUEUE_URL", "GetFunction",
            function(#""a":1"#)),
        Case(
            "Dead-letter queue", "fault", "\"failed\", which is not a queue's URL", "DEAD_LETTER_QUEUE_URL",
            "GetFunction", function(#""Environment":{"Variables":{"DEAD_LETTER_QUEUE_URL":"failed"}}"#)),
        Case("Function's role", "fault", "no role", "AWSLambdaKinesis", "GetFunction", function(#""Role":"""#)),
    ]
    private static let mappingCases = [
        Case(
            "Mapping", "fault", "no mapping invokes concert-data-processor with records of concerts",
            "mapping create --event-source-arn arn:aws:kinesis:us-east-1:123456789012:stream/concerts "
                + "--function-name concert-data-processor", "ListEventSourceMappings", #"{"EventSourceMappings":[]}"#,
            times: 2),
        Case(
            "Mapping", "fault", "u-1 is Disabled: too many errors", "concertctl mapping enable --uuid u-1",
            "ListEventSourceMappings", mapping(#""State":"Disabled","StateTransitionReason":"too many errors""#),
            times: 2),
        Case(
            "Mapping", "fault", "u-1 is Deleting", "mapping create --event-source-arn", "ListEventSourceMappings",
            mapping(#""State":"Deleting""#), times: 2),
        Case(
            "Mapping", "unknown", "u-1 is Pondering", nil, "ListEventSourceMappings",
            mapping(#""State":"Pondering""#), times: 2),
        Case(
            "Mapping", "warn", "Enabling", "again", "ListEventSourceMappings", mapping(#""State":"Enabling""#), times: 2
        ),
        Case(
            "Mapping", "warn", "2 mappings invoke the function", "mapping delete", "ListEventSourceMappings",
            mapping(#""UUID":"u-2""#)),
        Case(
            "Last result", "fault", "PROBLEM: Function call failed", "aws logs tail", "ListEventSourceMappings",
            mapping(#""LastProcessingResult":"PROBLEM: Function call failed""#), times: 2),
        Case(
            "Response type", "fault", "failed records are lost",
            "mapping update --uuid u-1 --function-response-types ReportBatchItemFailures", "ListEventSourceMappings",
            mapping(#""FunctionResponseTypes":[]"#), times: 2),
        Case(
            "Retries", "warn", "endless",
            "--maximum-retry-attempts 10 --on-failure arn:aws:sqs:us-east-1:123456789012:failed",
            "ListEventSourceMappings",
            mapping(#""MaximumRetryAttempts":-1"#), times: 2),
        Case(
            "Bisect", "warn", "off", "--bisect-batch-on-function-error", "ListEventSourceMappings",
            mapping(#""BisectBatchOnFunctionError":false"#), times: 2),
        Case(
            "Record age", "warn", "no limit", "--maximum-record-age-in-seconds 86400", "ListEventSourceMappings",
            mapping(#""MaximumRecordAgeInSeconds":-1"#), times: 2),
        Case(
            "Record age", "warn", "172800 s, but records expire after 172800 s",
            "--retention-period-hours 72", "ListEventSourceMappings",
            mapping(#""MaximumRecordAgeInSeconds":172800"#), times: 2),
        Case(
            "Batch", "warn", "1 records or 0 s", "--batch-size 100", "ListEventSourceMappings",
            mapping(#""BatchSize":1"#), times: 2),
        Case(
            "Timeout", "warn", "60 s for a batch of 20000, 3 ms per record", "--timeout 60", "ListEventSourceMappings",
            mapping(#""BatchSize":20000"#), times: 2),
        Case(
            "Starting position", "ok",
            "LATEST; records that arrived before the mapping was first Enabled were not read", nil,
            "ListEventSourceMappings", mapping(#""StartingPosition":"LATEST""#), times: 2),
        Case(
            "On-failure destination", "fault", "none: batches that Lambda discards are lost",
            "--on-failure arn:aws:sqs:us-east-1:123456789012:failed",
            "ListEventSourceMappings", mapping(#""a":1"#), times: 2),
        Case(
            "On-failure destination", "warn", "none: records that fail until they expire are lost",
            "--on-failure arn:aws:sqs:us-east-1:123456789012:failed",
            "ListEventSourceMappings", mapping(#""MaximumRetryAttempts":-1"#), times: 2),
        Case(
            "On-failure destination", "unknown", "kafka://topic is not a queue", nil, "ListEventSourceMappings",
            mapping(#""DestinationConfig":{"OnFailure":{"Destination":"kafka://topic"}}"#), times: 2),
    ]
    private static let destinationCases = [
        Case(
            "On-failure destination", "warn", "3 messages wait in queue failed",
            "concertctl dead-letters list --queue-url http://localhost/123456789012/failed",
            "GetQueueAttributes",
            #"{"Attributes":{"ApproximateNumberOfMessages":"2","ApproximateNumberOfMessagesNotVisible":"1"}}"#)
    ]

    func testReportsEachFaultWithItsFix() throws {
        let fake = try Self.healthy()
        let cases = Self.streamCases + Self.functionCases + Self.mappingCases + Self.destinationCases
        for row in cases {
            try fake.answer(row.operation, with: row.answer, times: row.times)
            if row.check == "On-failure destination", row.operation == "GetQueueAttributes" {
                try fake.answer("GetQueueUrl", with: Self.queue, times: 1)
            }
            let report = try DoctorReport(environment: fake.environment)
            let found = try XCTUnwrap(report[row.check], "no \(row.check)\n\(report.run.notes)", line: row.line)
            XCTAssertEqual(found.verdict, row.verdict, "\(found)", line: row.line)
            XCTAssertTrue(found.finding.contains(row.finding), "\(row.finding) is not in: \(found)", line: row.line)
            if let advice = row.advice {
                let all = found.advice.joined(separator: "\n")
                XCTAssertTrue(all.contains(advice), "\(advice) is not in: \(found)", line: row.line)
            }
            if row.verdict == "fault" { XCTAssertEqual(report.run.status, 1, line: row.line) }
        }
        XCTAssertEqual(try fake.faultsLeft(), 0, "every response was used")
    }
}
