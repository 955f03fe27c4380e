import Foundation
import XCTest

/// Asks of `template.yaml` what a deployment would only show late: that it is valid, and loses nothing.
///
/// What is looked at is the template as CloudFormation sees it, after the SAM transformation.
final class TemplateTests: XCTestCase {
    /// Linted and transformed once, however many tests look at it.
    private static let transformed = Result { try lintAndTransform() }

    func testLintAcceptsTheTemplate() {
        XCTAssertNoThrow(try Self.transformed.get())
    }

    func testLintRefusesABrokenTemplateAndNamesEveryFault() throws {
        let faults = [
            (sound: "BatchSize: !Ref BatchSize", broken: "BatchSize: 50000", complaint: "50000"),
            (sound: "StartingPosition: TRIM_HORIZON", broken: "StartingPosition: NEWEST", complaint: "NEWEST"),
            (
                sound: "Destination: !GetAtt DeadLetterQueue.Arn", broken: "Destination: !GetAtt MissingQueue.Arn",
                complaint: "MissingQueue"
            ),
        ]
        var text = try String(contentsOf: Repository.root.appendingPathComponent("template.yaml"), encoding: .utf8)
        for fault in faults {
            XCTAssertTrue(text.contains(fault.sound), "template.yaml has no \"\(fault.sound)\" to break")
            text = text.replacingOccurrences(of: fault.sound, with: fault.broken)
        }
        try withTemporaryFolder { folder in
            let template = folder.appendingPathComponent("broken.yaml")
            try text.write(to: template, atomically: true, encoding: .utf8)

            let lint = try Repository.run("scripts/lint-template.sh", template.path)

            XCTAssertEqual(lint.status, 1, lint.output)
            for fault in faults {
                XCTAssertTrue(lint.output.contains(fault.complaint), "no word of \(fault.broken):\n\(lint.output)")
            }
        }
    }

    func testLintRefusesATemplateThatIsNotThere() throws {
        let lint = try Repository.run("scripts/lint-template.sh", "/nonexistent/template.yaml")

        XCTAssertEqual(lint.status, 1, lint.output)
        XCTAssertTrue(lint.output.contains("/nonexistent/template.yaml"), lint.output)
    }

    func testFunctionRunsTheBootstrapOnEitherArchitecture() throws {
        let template = try Self.transformed.get()
        let function = template.resource("Processor", type: "AWS::Lambda::Function")

        XCTAssertEqual(function["FunctionName"], "concert-data-processor")
        XCTAssertEqual(function["Runtime"], "provided.al2023")
        XCTAssertEqual(function["Handler"], "bootstrap")
        XCTAssertEqual(function["Architectures"], [["Ref": "Architecture"]])
        XCTAssertEqual(template["Parameters"]["Architecture"]["AllowedValues"], ["x86_64", "arm64"])
        XCTAssertEqual(function["Role"], .attribute("Arn", of: "ProcessorRole"))
    }

    func testFunctionTakesItsSettingsFromTheParameters() throws {
        let template = try Self.transformed.get()
        let function = template.resource("Processor", type: "AWS::Lambda::Function")
        let variables = function["Environment"]["Variables"]

        XCTAssertEqual(template.value(of: variables["PROCESSORS"]), "log")
        XCTAssertEqual(function["LoggingConfig"]["LogFormat"], "JSON")
        XCTAssertEqual(template.value(of: function["LoggingConfig"]["ApplicationLogLevel"]), "INFO")
        XCTAssertEqual(function["LoggingConfig"]["LogGroup"], ["Ref": "LogGroup"])
        let reserved = variables.keys.filter { $0.hasPrefix("AWS_") || $0.hasPrefix("LAMBDA_") || $0.hasPrefix("_") }
        XCTAssertEqual(reserved, [], "Lambda sets these itself and refuses them in a template")
    }

    func testMappingReportsPartialFailuresAndMissesNothing() throws {
        let template = try Self.transformed.get()
        let mapping = template.resource("ProcessorStream", type: "AWS::Lambda::EventSourceMapping")

        XCTAssertEqual(mapping["EventSourceArn"], .attribute("Arn", of: "Stream"))
        XCTAssertEqual(mapping["FunctionName"], ["Ref": "Processor"])
        XCTAssertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        XCTAssertEqual(mapping["StartingPosition"], "TRIM_HORIZON")
        XCTAssertEqual(template.value(of: mapping["BatchSize"]), 100)
        XCTAssertEqual(template.value(of: mapping["MaximumBatchingWindowInSeconds"]), 5)
    }

    func testMappingGivesUpAfterBoundedTriesAndSaysSoToTheQueue() throws {
        let template = try Self.transformed.get()
        let mapping = template.resource("ProcessorStream", type: "AWS::Lambda::EventSourceMapping")
        let queue = template.resource("DeadLetterQueue", type: "AWS::SQS::Queue")

        XCTAssertEqual(mapping["BisectBatchOnFunctionError"], true)
        XCTAssertEqual(template.value(of: mapping["MaximumRetryAttempts"]), 10)
        XCTAssertEqual(template.value(of: mapping["MaximumRecordAgeInSeconds"]), 86_400)
        XCTAssertEqual(
            mapping["DestinationConfig"]["OnFailure"]["Destination"], .attribute("Arn", of: "DeadLetterQueue"))
        let variables = template.resource("Processor", type: "AWS::Lambda::Function")["Environment"]["Variables"]
        XCTAssertEqual(variables["DEAD_LETTER_QUEUE_URL"], ["Ref": "DeadLetterQueue"])
        XCTAssertEqual(queue["SqsManagedSseEnabled"], true)
        XCTAssertEqual(queue["MessageRetentionPeriod"], 1_209_600)
    }

    func testStreamIsEncryptedAndKeepsRecordsLongerThanTheMappingTriesThem() throws {
        let template = try Self.transformed.get()
        let stream = template.resource("Stream", type: "AWS::Kinesis::Stream")
        let parameters = template["Parameters"]

        XCTAssertEqual(stream["Name"], "concert-data-stream")
        XCTAssertEqual(stream["StreamEncryption"], ["EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"])
        XCTAssertEqual(stream["RetentionPeriodHours"], ["Ref": "StreamRetentionHours"])
        let shortestRetention = try XCTUnwrap(parameters["StreamRetentionHours"]["MinValue"].number) * 3600
        let greatestAge = try XCTUnwrap(parameters["MaximumRecordAgeInSeconds"]["MaxValue"].number)
        XCTAssertGreaterThan(shortestRetention, greatestAge, "a dead letter would name records that are gone")
    }

    func testWritesToTheWarehouseThatIsNamedAndFollowsItsOwnStatementsOnly() throws {
        let template = try Self.transformed.get()
        let variables = template.resource("Processor", type: "AWS::Lambda::Function")["Environment"]["Variables"]
        XCTAssertEqual(variables["REDSHIFT_WORKGROUP_NAME"], ["Ref": "RedshiftWorkgroupArn"])
        XCTAssertEqual(variables["REDSHIFT_DATABASE"], ["Ref": "RedshiftDatabase"])
        let policy = template.resource("WarehousePolicy", type: "AWS::IAM::RolePolicy")
        let statements = policy["PolicyDocument"]["Statement"].elements
        XCTAssertEqual(statements.map { $0["Resource"] }, [["Ref": "RedshiftWorkgroupArn"], "*"])
        XCTAssertEqual(
            statements.last?["Condition"]["StringEquals"]["redshift-data:statement-owner-iam-userid"], "${aws:userid}")
    }

    func testReachesTheCacheInItsNetworkAndTellsTheTopicAndTheBusThatAreNamed() throws {
        let template = try Self.transformed.get()
        let function = template.resource("Processor", type: "AWS::Lambda::Function")
        let variables = function["Environment"]["Variables"]
        XCTAssertEqual(variables["CACHE_URL"], ["Ref": "CacheUrl"])
        XCTAssertEqual(template["Parameters"]["CacheUrl"]["NoEcho"], true, "it may hold a password")
        XCTAssertEqual(variables["NOTIFY_TOPIC_ARN"], ["Ref": "NotifyTopicArn"])
        XCTAssertEqual(variables["NOTIFY_EVENT_BUS"], ["Ref": "NotifyEventBusArn"])
        XCTAssertEqual(function["VpcConfig"]["Fn::If"].elements.first, "HasNetwork")
        for (name, action, parameter) in [
            ("NotifyTopicPolicy", "sns:Publish", "NotifyTopicArn"),
            ("NotifyEventBusPolicy", "events:PutEvents", "NotifyEventBusArn"),
        ] {
            let policy = template.resource(name, type: "AWS::IAM::RolePolicy")
            let statements = policy["PolicyDocument"]["Statement"].elements
            XCTAssertEqual(statements.map { $0["Action"].string }, [action])
            XCTAssertEqual(statements.map { $0["Resource"] }, [["Ref": .string(parameter)]])
        }
    }

    func testAlarmsWatchInvocationsAndRecordsThatFail() throws {
        let template = try Self.transformed.get()
        for (name, namespace, metric) in [
            ("ErrorsAlarm", "AWS/Lambda", "Errors"),
            ("FailedRecordsAlarm", "ConcertDataProcessor", "RecordsFailed"),
        ] {
            let alarm = template.resource(name, type: "AWS::CloudWatch::Alarm")
            XCTAssertEqual(alarm["Namespace"], .string(namespace))
            XCTAssertEqual(alarm["MetricName"], .string(metric))
            XCTAssertEqual(alarm["Dimensions"], [["Name": "FunctionName", "Value": ["Ref": "Processor"]]])
            XCTAssertEqual(alarm["TreatMissingData"], "notBreaching")
        }
    }

    func testRoleAllowsWhatTheMappingNeedsAndNoMore() throws {
        let template = try Self.transformed.get()
        let role = template.resource("ProcessorRole", type: "AWS::IAM::Role")
        let statements = role["Policies"].elements.flatMap { $0["PolicyDocument"]["Statement"].elements }
        /// What the role allows, by the resource that it allows it on.
        let allowed = Dictionary(grouping: statements.filter { $0["Effect"] == "Allow" }) { $0["Resource"] }
            .mapValues { $0.flatMap(\.["Action"].elements) }

        XCTAssertEqual(
            allowed[.attribute("Arn", of: "Stream")],
            [
                "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
                "kinesis:GetShardIterator", "kinesis:ListShards",
            ])
        XCTAssertEqual(allowed[.attribute("Arn", of: "DeadLetterQueue")], ["sqs:SendMessage"])
        XCTAssertEqual(allowed[.attribute("Arn", of: "LogGroup")], ["logs:CreateLogStream", "logs:PutLogEvents"])
        let decrypt = try XCTUnwrap(statements.first { $0["Action"] == "kms:Decrypt" })
        XCTAssertEqual(
            decrypt["Condition"]["StringEquals"]["kms:ViaService"],
            ["Fn::Sub": "kinesis.${AWS::Region}.amazonaws.com"])
        XCTAssertNil(allowed["*"], "every statement names what it is about")
        XCTAssertEqual(role["ManagedPolicyArns"], .null, "managed policies reach every stream of the account")
    }

    func testAlarmWatchesTheFunctionsIteratorAge() throws {
        let template = try Self.transformed.get()
        let alarm = template.resource("IteratorAgeAlarm", type: "AWS::CloudWatch::Alarm")

        XCTAssertEqual(alarm["Namespace"], "AWS/Lambda")
        XCTAssertEqual(alarm["MetricName"], "IteratorAge")
        XCTAssertEqual(alarm["Dimensions"], [["Name": "FunctionName", "Value": ["Ref": "Processor"]]])
        XCTAssertEqual(alarm["Statistic"], "Maximum")
    }

    func testAlarmWatchesTheDeadLetters() throws {
        let template = try Self.transformed.get()
        let alarm = template.resource("DeadLettersAlarm", type: "AWS::CloudWatch::Alarm")

        XCTAssertEqual(alarm["Namespace"], "AWS/SQS")
        XCTAssertEqual(
            alarm["Dimensions"],
            [["Name": "QueueName", "Value": .attribute("QueueName", of: "DeadLetterQueue")]])
        XCTAssertEqual(alarm["Threshold"], 0)
    }

    private static func lintAndTransform() throws -> JSONValue {
        try withTemporaryFolder { folder in
            let transformed = folder.appendingPathComponent("transformed.json")
            let lint = try Repository.run("scripts/lint-template.sh", "template.yaml", transformed.path)
            guard lint.status == 0 else { throw LintFailure(description: lint.output) }
            return try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: transformed))
        }
    }
}

/// What the lint script found in a template that should be clean.
private struct LintFailure: Error, CustomStringConvertible {
    var description: String
}

/// CloudFormation: what a template's pieces mean.
extension JSONValue {
    static func attribute(_ name: String, of resource: String) -> JSONValue {
        ["Fn::GetAtt": [.string(resource), .string(name)]]
    }

    /// The properties of a resource, which must be there and be of that type.
    func resource(_ name: String, type: String, file: StaticString = #filePath, line: UInt = #line) -> JSONValue {
        let resource = self["Resources"][name]
        XCTAssertEqual(resource["Type"], .string(type), name, file: file, line: line)
        return resource["Properties"]
    }

    /// The default of the parameter that `reference` names; anything else as it is.
    func value(of reference: JSONValue) -> JSONValue {
        guard case .string(let parameter) = reference["Ref"] else { return reference }
        return self["Parameters"][parameter]["Default"]
    }
}
