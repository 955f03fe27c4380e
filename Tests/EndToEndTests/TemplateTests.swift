import Foundation
import XCTest

/// Tests of `template.yaml` that find problems before a deployment does.
///
/// The tests use the template after the SAM transformation, as CloudFormation processes it.
final class TemplateTests: XCTestCase {
    /// With every parameter's default.
    private func template(_ parameters: [String: String] = [:]) throws -> JSONValue {
        try Template.shipped.get().resolved(parameters)
    }

    func testLintAcceptsTheTemplate() {
        XCTAssertNoThrow(try Template.shipped.get())
    }

    func testLintReportsEveryFaultOfABrokenTemplate() throws {
        let faults = [
            (
                sound: "ParallelizationFactor: !Ref ParallelizationFactor", broken: "ParallelizationFactor: 50",
                complaint: "50"
            ),
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
                XCTAssertTrue(lint.output.contains(fault.complaint), "no report of \(fault.broken):\n\(lint.output)")
            }
        }
    }

    func testLintRejectsAMissingTemplate() throws {
        let lint = try Repository.run("scripts/lint-template.sh", "/nonexistent/template.yaml")

        XCTAssertEqual(lint.status, 1, lint.output)
        XCTAssertTrue(lint.output.contains("/nonexistent/template.yaml"), lint.output)
    }

    /// Runs the Makefile in the code's folder like `sam build`.
    func testMakefileBuildsTheBootstrapIntoTheArtifacts() throws {
        try withTemporaryFolder { folder in
            let make = Process()
            make.executableURL = URL(fileURLWithPath: "/usr/bin/make")
            make.arguments = ["--makefile", "build/function/Makefile", "build-Processor"]
            make.currentDirectoryURL = Repository.root
            make.environment = ProcessInfo.processInfo.environment.merging(["ARTIFACTS_DIR": folder.path]) { $1 }
            make.standardOutput = FileHandle.nullDevice
            try make.run()
            make.waitUntilExit()
            XCTAssertEqual(make.terminationStatus, 0)
            XCTAssertEqual(
                try Data(contentsOf: folder.appendingPathComponent("bootstrap")),
                try Data(contentsOf: Repository.root.appendingPathComponent("dist/bootstrap")))
        }
        // The placeholder explains what to do.
        let placeholder = try Repository.run("build/function/bootstrap")
        XCTAssertEqual(placeholder.status, 1)
        XCTAssertTrue(placeholder.output.contains("sam build"), placeholder.output)
    }

    func testFunctionRunsTheBootstrapOnBothArchitectures() throws {
        let template = try template()
        let function = template.resource("Processor", type: "AWS::Lambda::Function")

        XCTAssertEqual(template.value(of: function["FunctionName"]), "concert-data-processor")
        XCTAssertEqual(function["Runtime"], "provided.al2023")
        XCTAssertEqual(function["Handler"], "bootstrap")
        XCTAssertEqual(function["Architectures"], [["Ref": "Architecture"]])
        XCTAssertEqual(template["Parameters"]["Architecture"]["AllowedValues"], ["x86_64", "arm64"])
        XCTAssertEqual(function["Role"], .attribute("Arn", of: "ProcessorRole"))
    }

    func testFunctionSettingsComeFromParameters() throws {
        let template = try template()
        let function = template.resource("Processor", type: "AWS::Lambda::Function")
        let variables = function["Environment"]["Variables"]

        XCTAssertEqual(template.value(of: variables["PROCESSORS"]), "log")
        XCTAssertEqual(function["LoggingConfig"]["LogFormat"], "JSON")
        XCTAssertEqual(template.value(of: function["LoggingConfig"]["ApplicationLogLevel"]), "INFO")
        XCTAssertEqual(function["LoggingConfig"]["LogGroup"], ["Ref": "LogGroup"])
        let reserved = variables.keys.filter { $0.hasPrefix("AWS_") || $0.hasPrefix("LAMBDA_") || $0.hasPrefix("_") }
        XCTAssertEqual(reserved, [], "Lambda sets these itself and refuses them in a template")
    }

    func testMappingReportsPartialFailuresFromTrimHorizon() throws {
        let template = try template()
        let mapping = template.resource("ProcessorStream", type: "AWS::Lambda::EventSourceMapping")

        XCTAssertEqual(mapping["EventSourceArn"], .attribute("Arn", of: "Stream"))
        XCTAssertEqual(mapping["FunctionName"], ["Ref": "Processor"])
        XCTAssertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        XCTAssertEqual(mapping["StartingPosition"], "TRIM_HORIZON")
        XCTAssertEqual(template.value(of: mapping["BatchSize"]), 100)
        XCTAssertEqual(template.value(of: mapping["MaximumBatchingWindowInSeconds"]), 5)
    }

    func testBatchesAreLargerWithAWarehouse() throws {
        let cases: [(parameters: [String: String], size: JSONValue, window: JSONValue)] = [
            (["RedshiftWorkgroupArn": "arn"], 1000, 10),
            (["BatchSize": "7", "MaximumBatchingWindowInSeconds": "0", "RedshiftWorkgroupArn": "arn"], "7", "0"),
            (["BatchSize": "100"], "100", 5),
        ]
        for (parameters, size, window) in cases {
            let template = try template(parameters)
            let mapping = template.resource("ProcessorStream", type: "AWS::Lambda::EventSourceMapping")
            for (name, expected) in [("BatchSize", size), ("MaximumBatchingWindowInSeconds", window)] {
                let found =
                    mapping[name] == ["Ref": .string(name)]
                    ? .string(parameters[name] ?? "") : template.value(of: mapping[name])
                XCTAssertEqual(found, expected, "\(name) with \(parameters)")
            }
        }
    }

    func testMappingDiscardsToTheQueueAfterBoundedRetries() throws {
        let template = try template()
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

    func testStreamIsEncryptedAndRetainsRecordsLongerThanTheMappingRetries() throws {
        let template = try template()
        let stream = template.resource("Stream", type: "AWS::Kinesis::Stream")
        let parameters = template["Parameters"]

        XCTAssertEqual(template.value(of: stream["Name"]), "concert-data-stream")
        XCTAssertEqual(stream["StreamEncryption"], ["EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"])
        XCTAssertEqual(stream["RetentionPeriodHours"], ["Ref": "StreamRetentionHours"])
        let shortestRetention = try XCTUnwrap(parameters["StreamRetentionHours"]["MinValue"].number) * 3600
        let greatestAge = try XCTUnwrap(parameters["MaximumRecordAgeInSeconds"]["MaxValue"].number)
        XCTAssertGreaterThan(shortestRetention, greatestAge, "a dead letter would name records that are gone")
    }

    func testWarehousePermissionsAreLimited() throws {
        let template = try template(["RedshiftWorkgroupArn": "arn", "RedshiftStagingBucket": "staging"])
        let variables = template.resource("Processor", type: "AWS::Lambda::Function")["Environment"]["Variables"]
        XCTAssertEqual(variables["REDSHIFT_WORKGROUP_NAME"], ["Ref": "RedshiftWorkgroupArn"])
        XCTAssertEqual(variables["REDSHIFT_DATABASE"], ["Ref": "RedshiftDatabase"])
        let policy = template.resource("WarehousePolicy", type: "AWS::IAM::RolePolicy")
        let statements = policy["PolicyDocument"]["Statement"].elements
        XCTAssertEqual(statements.map { $0["Resource"] }, [["Ref": "RedshiftWorkgroupArn"], "*"])
        XCTAssertEqual(
            statements.last?["Condition"]["StringEquals"]["redshift-data:statement-owner-iam-userid"], "${aws:userid}")
    }

    func testCacheAndNotificationSettingsComeFromParameters() throws {
        let template = try template(["NotifyTopicArn": "arn", "NotifyEventBusArn": "arn", "SubnetIds": "subnet-1"])
        let function = template.resource("Processor", type: "AWS::Lambda::Function")
        let variables = function["Environment"]["Variables"]
        XCTAssertEqual(variables["CACHE_URL"], ["Ref": "CacheUrl"])
        XCTAssertEqual(template["Parameters"]["CacheUrl"]["NoEcho"], true, "it may contain a password")
        XCTAssertEqual(variables["NOTIFY_TOPIC_ARN"], ["Ref": "NotifyTopicArn"])
        XCTAssertEqual(variables["NOTIFY_EVENT_BUS"], ["Ref": "NotifyEventBusArn"])
        XCTAssertEqual(function["VpcConfig"]["SubnetIds"], ["Ref": "SubnetIds"])
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

    func testAlarmsWatchTheirMetricsAndNotifyTheTopic() throws {
        let function: JSONValue = ["Name": "FunctionName", "Value": ["Ref": "Processor"]]
        let mapping: JSONValue = ["Name": "EventSourceMappingUUID", "Value": ["Ref": "ProcessorStream"]]
        let stream: JSONValue = ["Name": "StreamName", "Value": ["Ref": "Stream"]]
        let queue: JSONValue = ["Name": "QueueName", "Value": .attribute("QueueName", of: "DeadLetterQueue")]
        let wanted: [String: (namespace: JSONValue, metric: JSONValue, dimension: JSONValue)] = [
            "IteratorAgeAlarm": ("AWS/Lambda", "IteratorAge", function),
            "ErrorsAlarm": ("AWS/Lambda", "Errors", function), "ThrottlesAlarm": ("AWS/Lambda", "Throttles", function),
            "FailedRecordsAlarm": ("ConcertDataProcessor", "RecordsFailed", function),
            "GivenUpAlarm": ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", mapping),
            "FailedInvocationsAlarm": ("AWS/Lambda", "FailedInvokeEventCount", mapping),
            "WriteThrottlesAlarm": ("AWS/Kinesis", "WriteProvisionedThroughputExceeded", stream),
            "DeadLettersAlarm": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue),
        ]
        for (topic, actions) in [
            ("", JSONValue.null), ("arn", [["Ref": "AlarmTopicArn"]]), ("new", [["Ref": "AlarmTopic"]]),
        ] {
            let template = try template(["AlarmTopicArn": topic])
            let alarms = template["Resources"].keys.filter {
                template["Resources"][$0]["Type"] == "AWS::CloudWatch::Alarm"
            }
            XCTAssertEqual(Set(alarms), Set(wanted.keys))
            for (name, alarm) in wanted {
                let properties = template.resource(name, type: "AWS::CloudWatch::Alarm")
                XCTAssertEqual(properties["Namespace"], alarm.namespace, name)
                XCTAssertEqual(properties["MetricName"], alarm.metric, name)
                XCTAssertEqual(properties["Dimensions"], [alarm.dimension], name)
                XCTAssertEqual(properties["TreatMissingData"], "notBreaching", "\(name) cries when nothing comes")
                XCTAssertEqual(properties["AlarmActions"], actions, name)
                XCTAssertGreaterThan(properties["AlarmDescription"].string?.count ?? 0, 40)
            }
        }
        // The poller writes these metrics only if they are enabled.
        XCTAssertEqual(
            try template().resource("ProcessorStream", type: "AWS::Lambda::EventSourceMapping")["MetricsConfig"],
            ["Metrics": ["EventCount"]])
    }

    func testDashboardShowsEveryMetric() throws {
        let body = try XCTUnwrap(
            template().resource("Dashboard", type: "AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"].elements
                .first?
                .string)
        let dashboard = try JSONValue(parsing: body.utf8)
        XCTAssertEqual(dashboard["widgets"].elements.count, 10)
        for metric in [
            "RecordsProcessed", "RecordsSkipped", "RecordsDeadLettered", "RecordsFailed", "RecordsRedelivered",
            "IteratorAge", "DecodeTime", "ProcessorTime", "InvocationTime", "ProcessorFailures", "CircuitOpen",
            "ColdStart", "StagedObjects", "StagedAge", "LoadedRows", "LoadTime", "LoadRefused",
        ] {
            XCTAssertTrue(body.contains(metric), metric)
        }
    }

    func testScheduleInvokesTheLoaderInBothModes() throws {
        for load in ["direct", "staged"] {
            var parameters = [
                "RedshiftStagingBucket": "b", "RedshiftCopyRoleArn": "r", "RedshiftWorkgroupArn": "arn",
                "WarehouseLoad": load,
            ]
            let template = try template(parameters)
            let loader = template.resource("Loader", type: "AWS::Lambda::Function")
            XCTAssertEqual(loader["Timeout"], 900)
            XCTAssertEqual(loader["ReservedConcurrentExecutions"], .null)
            XCTAssertEqual(
                loader["Environment"]["Variables"].keys,
                [
                    "LOAD_OBJECT_LIMIT", "METRICS", "REDSHIFT_CLUSTER_IDENTIFIER", "REDSHIFT_COPY_ROLE_ARN",
                    "REDSHIFT_DATABASE", "REDSHIFT_DB_USER", "REDSHIFT_SCHEMA", "REDSHIFT_SECRET_ARN",
                    "REDSHIFT_STAGING_BUCKET", "REDSHIFT_WORKGROUP_NAME",
                ])
            let invocation = template.resource("LoaderEventInvokeConfig", type: "AWS::Lambda::EventInvokeConfig")
            XCTAssertEqual(invocation["MaximumRetryAttempts"], 0)
            XCTAssertEqual(invocation["MaximumEventAgeInSeconds"], 60)
            let schedule = template.resource("LoaderSchedule", type: "AWS::Scheduler::Schedule")
            XCTAssertEqual(schedule["ScheduleExpression"], ["Fn::Sub": "rate(${LoadInterval} minutes)"])
            XCTAssertEqual(try JSONValue(parsing: (schedule["Target"]["Input"].string ?? "").utf8), ["action": "load"])
            XCTAssertEqual(schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 0)
            let variables = template.resource("Processor", type: "AWS::Lambda::Function")["Environment"]["Variables"]
            XCTAssertEqual(variables["REDSHIFT_LOAD"], ["Ref": "WarehouseLoad"])
            let age = template.resource("StagedAgeAlarm", type: "AWS::CloudWatch::Alarm")
            XCTAssertEqual(age["MetricName"], "StagedAge")
            XCTAssertEqual(age["TreatMissingData"], "breaching", "a loader that does not run is an alarm")
            let longest = template["Parameters"]["LoadInterval"]["AllowedValues"].elements.compactMap(\.number).max()
            XCTAssertLessThanOrEqual((longest ?? .infinity) * 60, age["Period"].number ?? 0)
            let refused = template.resource("LoadRefusedAlarm", type: "AWS::CloudWatch::Alarm")
            XCTAssertEqual(refused["MetricName"], "LoadRefused")
            for alarm in [age, refused] {
                XCTAssertEqual(alarm["Dimensions"], [["Name": "FunctionName", "Value": ["Ref": "Loader"]]])
            }
            parameters["LoadInterval"] = "1"
            parameters["LoaderReservedConcurrency"] = "1"
            let fast = try self.template(parameters)
            XCTAssertEqual(
                fast.resource("LoaderSchedule", type: "AWS::Scheduler::Schedule")["ScheduleExpression"],
                "rate(1 minute)")
            XCTAssertEqual(
                fast.resource("Loader", type: "AWS::Lambda::Function")["ReservedConcurrentExecutions"],
                ["Ref": "LoaderReservedConcurrency"])
        }
    }

    func testOptionsCreateTheirResources() throws {
        let least = try template()["Resources"].keys
        for (parameters, made) in [
            (["DeadLetterBucket": "yes"], ["LetterBucket"]), (["EnhancedFanOut": "yes"], ["StreamConsumer"]),
            (["RawArchive": "yes"], ["Archive", "ArchiveBucket", "ArchiveRole"]),
            (["NotifyTopicArn": "new"], ["NotifyTopic", "NotifyTopicPolicy"]),
            (["AlarmTopicArn": "new"], ["AlarmTopic"]),
            (["AlarmTopicArn": "new", "AlarmEmail": "a@b"], ["AlarmSubscription", "AlarmTopic"]),
            (["AlarmEmail": "a@b"], []), (["RedshiftStagingBucket": "b"], ["StagingPolicy"]),
            (
                ["RedshiftStagingBucket": "b", "RedshiftCopyRoleArn": "r"],
                [
                    "LoadRefusedAlarm", "Loader", "LoaderEventInvokeConfig", "LoaderLogGroup", "LoaderRole",
                    "LoaderSchedule", "ScheduleRole", "StagedAgeAlarm", "StagingPolicy",
                ]
            ),
        ] {
            let resources = try template(parameters)["Resources"].keys
            XCTAssertEqual(resources.filter { !least.contains($0) }, made, "\(parameters)")
        }
        let fanOut = try template(["EnhancedFanOut": "yes", "StreamMode": "ON_DEMAND", "ShardLevelMetrics": "yes"])
        let mapping = fanOut.resource("ProcessorStream", type: "AWS::Lambda::EventSourceMapping")
        XCTAssertEqual(mapping["EventSourceArn"], .attribute("ConsumerARN", of: "StreamConsumer"))
        let stream = fanOut.resource("Stream", type: "AWS::Kinesis::Stream")
        XCTAssertEqual(stream["ShardCount"], .null, "an on-demand stream counts its own shards")
        XCTAssertEqual(stream["DesiredShardLevelMetrics"], ["ALL"])
        for name in ["LetterBucket", "ArchiveBucket"] {
            let template = try template(["DeadLetterBucket": "yes", "RawArchive": "yes"])
            XCTAssertEqual(template["Resources"][name]["DeletionPolicy"], "Retain", name)
            let access = template.resource(name, type: "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]
            XCTAssertEqual(access.keys.filter { access[$0] == true }.count, 4, name)
        }
    }

    func testParametersHaveDescriptionsAndConstraints() throws {
        let parameters = try template()["Parameters"]
        for name in parameters.keys {
            let parameter = parameters[name]
            XCTAssertGreaterThan(parameter["Description"].string?.count ?? 0, 20, name)
            XCTAssertNotEqual(parameter["Default"], .null, "\(name) has no default")
            let bounds = ["AllowedValues", "AllowedPattern", "MinValue"].contains { parameter[$0] != .null }
            XCTAssertTrue(bounds || ["SubnetIds", "SecurityGroupIds", "CacheArns"].contains(name), name)
        }
    }

    func testRoleAllowsExactlyWhatTheMappingNeeds() throws {
        let template = try template()
        let role = template.resource("ProcessorRole", type: "AWS::IAM::Role")
        let statements = role["Policies"].elements.flatMap { $0["PolicyDocument"]["Statement"].elements }
        /// The actions that the role allows, by resource.
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

}

extension JSONValue {
    /// Returns the properties of a resource, which must exist and have a type.
    func resource(_ name: String, type: String, file: StaticString = #filePath, line: UInt = #line) -> JSONValue {
        let resource = self["Resources"][name]
        XCTAssertEqual(resource["Type"], .string(type), name, file: file, line: line)
        return resource["Properties"]
    }

    /// Returns the default of the parameter that `reference` names; other values are returned unchanged.
    func value(of reference: JSONValue) -> JSONValue {
        guard case .string(let parameter) = reference["Ref"] else { return reference }
        return self["Parameters"][parameter]["Default"]
    }
}
