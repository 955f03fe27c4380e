import Basics
import Foundation
import TestSupport
import XCTest

/// Tests of `doctor` with the sinks in the function's environment.
final class DoctorSinkTests: XCTestCase {
    private struct Case {
        var check: String
        var variables: [String: String]
        /// The operation of the check with the status and body of its response; nil if there is no call.
        var answer: (operation: String, status: Int, body: String)?
        var verdict: String
        var finding: String
        var advice: String?
        var line: UInt

        init(
            _ check: String, _ variables: [String: String],
            _ answer: (operation: String, status: Int, body: String)? = nil, _ verdict: String, _ finding: String,
            _ advice: String? = nil, line: UInt = #line
        ) {
            (self.check, self.variables, self.answer) = (check, variables, answer)
            (self.verdict, self.finding, self.advice, self.line) = (verdict, finding, advice, line)
        }
    }

    private static let notFound = #"{"__type":"ResourceNotFoundException","message":"not found"}"#
    private static let workgroup = "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/w-1"

    private static let cases = [
        Case(
            "Event bus", ["PROCESSORS": "notifier", "NOTIFY_EVENT_BUS": "concert-evnets"],
            ("DescribeEventBus", 400, notFound), "fault",
            "event bus concert-evnets does not exist in us-east-1; every notification to it is lost",
            "aws events list-event-buses --region us-east-1"),
        Case(
            "Event bus", ["PROCESSORS": "cache, notifier", "NOTIFY_EVENT_BUS": "concert-events"],
            ("DescribeEventBus", 200, #"{"Name":"concert-events"}"#), "ok", "event bus concert-events exists"),
        Case(
            "Event bus",
            ["PROCESSORS": "notifier", "NOTIFY_EVENT_BUS": "arn:aws:events:eu-west-1:123456789012:event-bus/b"], nil,
            "fault", "is in eu-west-1, but the function calls us-east-1", "NOTIFY_EVENT_BUS"),
        Case(
            "Event bus", ["PROCESSORS": "cache", "NOTIFY_EVENT_BUS": "b"], nil, "ok", "not used by the function"),
        Case(
            "Event bus", ["PROCESSORS": "notifier", "NOTIFY_EVENT_BUS": "b"],
            ("DescribeEventBus", 400, #"{"__type":"AccessDeniedException","message":"no"}"#), "unknown",
            "events:DescribeEventBus is not allowed", "allow events:DescribeEventBus"),
        Case(
            "Topic", ["PROCESSORS": "notifier", "NOTIFY_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:t"],
            (
                "GetTopicAttributes", 404,
                "<ErrorResponse><Error><Code>NotFound</Code><Message>no</Message></Error></ErrorResponse>"
            ),
            "fault", "topic arn:aws:sns:us-east-1:123456789012:t does not exist in us-east-1", "pass --region"),
        Case(
            "Topic", ["PROCESSORS": "notifier", "NOTIFY_TOPIC_ARN": "arn:aws:sns:eu-north-1:123456789012:t"], nil,
            "fault", "is in eu-north-1, but the function and its stream are in us-east-1", "--region eu-north-1"),
        Case(
            "Topic", ["PROCESSORS": "notifier", "NOTIFY_TOPIC_ARN": "topic"], nil, "fault",
            "\"topic\", which is not a topic's ARN", "NOTIFY_TOPIC_ARN"),
        Case(
            "Warehouse", ["PROCESSORS": "redshift", "REDSHIFT_WORKGROUP_NAME": "concerts"],
            ("GetWorkgroup", 404, notFound), "fault", "workgroup concerts does not exist in us-east-1",
            "REDSHIFT_WORKGROUP_NAME"),
        Case(
            "Warehouse", ["PROCESSORS": "redshift", "REDSHIFT_WORKGROUP_NAME": "concerts"],
            ("GetWorkgroup", 200, #"{"workgroup":{"status":"AVAILABLE"}}"#), "ok", "workgroup concerts is AVAILABLE"),
        Case(
            "Warehouse", ["PROCESSORS": "redshift", "REDSHIFT_WORKGROUP_NAME": "concerts"],
            ("GetWorkgroup", 200, #"{"workgroup":{"status":"MODIFYING"}}"#), "warn", "concerts is MODIFYING", "again"),
        Case(
            "Warehouse", ["PROCESSORS": "redshift", "REDSHIFT_WORKGROUP_NAME": workgroup],
            (
                "ListWorkgroups", 200,
                """
                {"workgroups":[{"workgroupName":"x","workgroupArn":"x"},\
                {"workgroupName":"own","workgroupArn":"\(workgroup)","status":"AVAILABLE"}]}
                """
            ), "ok", "workgroup own is AVAILABLE"),
        Case(
            "Warehouse", ["PROCESSORS": "redshift", "REDSHIFT_WORKGROUP_NAME": workgroup],
            ("ListWorkgroups", 200, #"{"workgroups":[]}"#), "fault", "does not exist in us-east-1"),
        Case(
            "Warehouse", ["PROCESSORS": "redshift", "REDSHIFT_CLUSTER_IDENTIFIER": "dw"],
            (
                "DescribeClusters", 404,
                "<ErrorResponse><Error><Code>ClusterNotFound</Code><Message>no</Message></Error></ErrorResponse>"
            ), "fault", "cluster dw does not exist in us-east-1", "REDSHIFT_CLUSTER_IDENTIFIER"),
        Case(
            "Warehouse", ["PROCESSORS": "redshift", "REDSHIFT_CLUSTER_IDENTIFIER": "dw"],
            (
                "DescribeClusters", 200,
                """
                <DescribeClustersResponse><DescribeClustersResult><Clusters><Cluster><ClusterStatus>available\
                </ClusterStatus></Cluster></Clusters></DescribeClustersResult></DescribeClustersResponse>
                """
            ), "ok", "cluster dw is available"),
        Case(
            "Warehouse", ["PROCESSORS": "redshift"], nil, "fault", "neither a workgroup nor a cluster",
            "REDSHIFT_WORKGROUP_NAME"),
        Case(
            "Batch", ["PROCESSORS": "cache, redshift"], nil, "warn", "is one warehouse transaction",
            "--batch-size 1000 --maximum-batching-window-in-seconds 10"),
        Case(
            "Batch", ["PROCESSORS": "redshift", "REDSHIFT_LOAD": "staged"], nil, "warn", "is up to four objects",
            "--batch-size 1000"),
        Case("Batch", ["PROCESSORS": "cache"], nil, "ok", "100 records or 5 s"),
        Case("Warehouse", ["REDSHIFT_WORKGROUP_NAME": "w"], nil, "ok", "not used by the function"),
        Case(
            "Dead-letter queue",
            ["DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/failed"], nil, "fault",
            "queue failed is in eu-west-1, but the function and its stream are in us-east-1", "--region eu-west-1"),
        Case(
            "Dead-letter queue",
            ["DEAD_LETTER_QUEUE_URL": "https://eu-west-1.queue.amazonaws.com/123456789012/failed"], nil, "fault",
            "queue failed is in eu-west-1"),
        Case(
            "Dead-letter queue", ["DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/lost"],
            ("GetQueueUrl", 400, #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}"#), "fault",
            "queue lost does not exist in us-east-1", "pass --region"),
    ]

    func testReportsWhetherSinksExist() throws {
        for row in Self.cases {
            let fake = try DoctorTests.healthy()
            try fake.addFunction(
                "concert-data-processor", configuration: ["Environment": ["Variables": row.variables]])
            if let (operation, status, body) = row.answer {
                let type = body.hasPrefix("<") ? "text/xml" : "application/x-amz-json-1.1"
                try fake.answer(operation, with: body, status: status, contentType: type)
            }
            try DoctorTests.answerElsewhere(fake)
            let report = try DoctorReport(environment: fake.environment)
            let found = try XCTUnwrap(report[row.check], report.run.notes, line: row.line)
            XCTAssertEqual(found.verdict, row.verdict, "\(found)", line: row.line)
            XCTAssertTrue(found.finding.contains(row.finding), "\(row.finding) is not in: \(found)", line: row.line)
            if let advice = row.advice {
                XCTAssertTrue(found.advice.joined(separator: "\n").contains(advice), "\(found)", line: row.line)
            }
            if let operation = row.answer?.operation {
                XCTAssertGreaterThan(try fake.calls(of: operation).count, 0, line: row.line)
            }
        }
    }

    func testNamesAnotherRegionOfABucket() throws {
        for variable in ["DEAD_LETTER_BUCKET", "REDSHIFT_STAGING_BUCKET"] {
            let fake = try DoctorTests.healthy()
            try fake.addFunction(
                "concert-data-processor",
                configuration: ["Environment": ["Variables": ["PROCESSORS": "redshift", variable: "elsewhere"]]])
            try DoctorTests.answerElsewhere(fake)
            let isNamed = variable == "REDSHIFT_STAGING_BUCKET"
            // S3 returns the Region in a header, which a proxy may remove.
            let headers = ["x-amz-request-id": "1", "x-amz-bucket-region": "eu-west-1"]
            try fake.answer("HeadBucket", with: "", status: 301, headers: isNamed ? headers : [:])
            let report = try DoctorReport(environment: fake.environment)
            let check = variable == "DEAD_LETTER_BUCKET" ? "Dead-letter bucket" : "Staging bucket"
            let found = try XCTUnwrap(report[check], report.run.notes)
            XCTAssertEqual(found.verdict, "fault", "\(found)")
            let region = isNamed ? "eu-west-1" : "another Region"
            XCTAssertTrue(
                found.finding.contains("bucket elsewhere is in \(region), but us-east-1 was queried"), "\(found)")
        }
    }

    /// Tests of the limit of consumers with on-demand Advantage.
    func testKnowsOnDemandAdvantage() throws {
        let cases = [
            ("DISABLED", 19, "ok", "19 of 20, on-demand Standard"),
            ("DISABLED", 20, "warn", "20 of 20, on-demand Standard"), ("ENABLED", 20, "ok", "20 of 50, on-demand Adv"),
            ("ENABLED_UNTIL_EARLIEST_ALLOWED_END", 50, "warn", "50 of 50, on-demand Advantage"),
            ("PAUSED", 3, "ok", "3 of 20, on-demand, commitment PAUSED"),
        ]
        let fake = try DoctorTests.healthy()
        for (status, count, verdict, words) in cases {
            try fake.answer(
                "DescribeStreamSummary",
                with: DoctorTests.stream(
                    #""StreamModeDetails":{"StreamMode":"ON_DEMAND"},"ConsumerCount":\#(count)"#), times: 1)
            try fake.answer(
                "DescribeAccountSettings",
                with: #"{"MinimumThroughputBillingCommitment":{"Status":"\#(status)"}}"#, times: 1)
            let report = try DoctorReport(environment: fake.environment)
            let found = try XCTUnwrap(report["Fan-out consumers"], report.run.notes)
            XCTAssertEqual(found.verdict, verdict, "\(found)")
            XCTAssertTrue(found.finding.contains(words), "\(found)")
        }
    }
}

/// Tests of `doctor` with staged loads.
final class DoctorLoaderTests: XCTestCase {
    private static let variables = [
        "PROCESSORS": "redshift", "REDSHIFT_LOAD": "staged", "REDSHIFT_WORKGROUP_NAME": "wg",
        "REDSHIFT_DATABASE": "dev",
        "REDSHIFT_STAGING_BUCKET": "staging", "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
    ]

    private func lifecycle(_ rule: String) -> String {
        "<LifecycleConfiguration><Rule><ID>r</ID>\(rule)</Rule></LifecycleConfiguration>"
    }

    private func check(_ name: String, _ prepare: (StrictAWS) throws -> Void) throws -> DoctorReport.Finding {
        let fake = try DoctorTests.healthy()
        try fake.addFunction("concert-data-processor", configuration: ["Environment": ["Variables": Self.variables]])
        try fake.addFunction(
            "concert-data-loader",
            configuration: [
                "Environment": ["Variables": Self.variables], "Role": "arn:aws:iam::123456789012:role/loader",
            ])
        try prepare(fake)
        try DoctorTests.answerElsewhere(fake)
        try fake.answer("HeadBucket", with: "")
        try fake.answer(
            "GetBucketLifecycleConfiguration", with: "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>",
            status: 404, contentType: "application/xml")
        try fake.answer("GetBucketVersioning", with: "<VersioningConfiguration/>", contentType: "application/xml")
        try fake.answer("ListSchedules", with: #"{"Schedules":[]}"#)
        let report = try DoctorReport(environment: fake.environment)
        return try XCTUnwrap(report[name], report.run.notes)
    }

    func testLifecycleRulesMustNotExpireStagedRows() throws {
        let cases: [(rule: String, verdict: String, words: String, line: UInt)] = [
            (
                "<Filter/><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>", "fault",
                "redshift-staged/wg/", #line
            ),
            (
                "<Prefix>redshift-</Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>", "fault",
                "redshift-staged/wg/", #line
            ),
            (
                "<Filter><And><Prefix>redshift-loads/wg/dev/concert_dw/x</Prefix></And></Filter><Status>Enabled</Status>"
                    + "<Expiration><Date>2026-01-01T00:00:00Z</Date></Expiration>", "fault", "redshift-loads/wg/", #line
            ),
            (
                "<Filter><Prefix>redshift-refused/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>9</Days></Expiration>",
                "fault", "redshift-refused/wg/", #line
            ),
            (
                "<Filter><Prefix>redshift-staging/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>",
                "ok", "no lifecycle rule", #line
            ),
            (
                "<Filter/><Status>Disabled</Status><Expiration><Days>1</Days></Expiration>", "ok", "no lifecycle rule",
                #line
            ),
            (
                "<Filter/><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>",
                "ok", "no lifecycle rule", #line
            ),
        ]
        for (rule, verdict, words, line) in cases {
            let found = try check("Staged rows") { fake in
                try fake.answer(
                    "GetBucketLifecycleConfiguration", with: lifecycle(rule), contentType: "application/xml", times: 1)
            }
            XCTAssertEqual(found.verdict, verdict, "\(found)", line: line)
            XCTAssertTrue(found.finding.contains(words), "\(found)", line: line)
        }
        let versioned = try check("Staged rows") { fake in
            try fake.answer(
                "GetBucketVersioning",
                with: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
                contentType: "application/xml", times: 1)
        }
        XCTAssertEqual(versioned.verdict, "warn", "\(versioned)")
    }

    func testTheLoaderMustLoadFromWhereTheFunctionStages() throws {
        let same = try check("Loader") { _ in }
        XCTAssertEqual(same.verdict, "ok", "\(same)")
        let other = try check("Loader") { fake in
            try fake.addFunction(
                "concert-data-loader",
                configuration: ["Environment": ["Variables": Self.variables.merging(["REDSHIFT_DATABASE": "x"]) { $1 }]]
            )
        }
        XCTAssertEqual(other.verdict, "fault", "\(other)")
        XCTAssertTrue(other.finding.contains("different values of REDSHIFT_DATABASE"), "\(other)")
        let role = try check("Loader's role") { _ in }
        XCTAssertEqual(role.verdict, "fault", "\(role)")
        XCTAssertTrue(
            role.finding.contains("no policy of role loader allows s3:ListBucket, s3:DeleteObject"), "\(role)")
        let functions = try check("Function's role") { _ in }
        XCTAssertTrue(
            functions.advice.joined().contains("arn:aws:s3:::staging/redshift-staged/wg/dev/concert_dw/*"),
            "\(functions)")
        XCTAssertFalse(functions.advice.joined().contains("redshift-data"), "\(functions)")
    }

    func testTheLoaderMustRun() throws {
        let none = try check("Load schedule") { _ in }
        XCTAssertEqual(none.verdict, "warn", "\(none)")
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:concert-data-loader"
        for (state, verdict) in [("ENABLED", "ok"), ("DISABLED", "fault")] {
            let found = try check("Load schedule") { fake in
                try fake.answer(
                    "ListSchedules",
                    with: #"{"Schedules":[{"Name":"s","State":"\#(state)","Target":{"Arn":"\#(arn)"}}]}"#,
                    times: 1)
            }
            XCTAssertEqual(found.verdict, verdict, "\(found)")
        }
        let silent = try check("Staged age") { _ in }
        XCTAssertEqual(silent.verdict, "fault", "\(silent)")
        for (age, verdict) in [(0.0, "ok"), (1801, "fault")] {
            let found = try check("Staged age") { fake in
                try fake.add(
                    [(secondsAgo: 120, value: age)], to: "StagedAge", of: "ConcertDataProcessor",
                    dimensions: ["FunctionName": "concert-data-loader"])
            }
            XCTAssertEqual(found.verdict, verdict, "\(found)")
        }
    }

    func testDirectModeNeedsNoLoader() throws {
        let fake = try DoctorTests.healthy()
        try DoctorTests.answerElsewhere(fake)
        let report = try DoctorReport(environment: fake.environment)
        for name in ["Staged rows", "Loader", "Loader's role", "Load schedule", "Staged age"] {
            XCTAssertEqual(report[name]?.verdict, "ok", "\(String(describing: report[name]))")
        }
    }
}

/// Tests of the advice of `doctor`, which they apply.
final class DoctorAdviceTests: XCTestCase {
    /// After the advised mapping is created, `doctor` reports no fault of it.
    func testTheAdvisedMappingLeavesNothingToWarnAbout() throws {
        let queue = ["DEAD_LETTER_QUEUE_URL": "http://localhost/123456789012/failed"]
        let cases: [(variables: [String: String], function: String, destination: String)] = [
            (queue, "concert-data-processor", "arn:aws:sqs:us-east-1:123456789012:failed"),
            (queue, "concert-data-processor:live", "arn:aws:sqs:us-east-1:123456789012:failed"),
            (["DEAD_LETTER_BUCKET": "letters"], "concert-data-processor", "arn:aws:s3:::letters"),
            ([:], "concert-data-processor", "arn:aws:sqs:us-east-1:123456789012:concert-data-dead-letters"),
            (
                ["DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/far"],
                "concert-data-processor", "arn:aws:sqs:us-east-1:123456789012:concert-data-dead-letters"
            ),
        ]
        let checks = [
            "Mapping", "Last result", "Response type", "Retries", "Bisect", "Record age", "Batch", "Timeout",
            "Concurrency", "Starting position", "On-failure destination",
        ]
        for row in cases {
            let fake = try DoctorTests.healthy()
            try remove(mappingsOf: fake)
            try fake.addFunction(
                "concert-data-processor", aliases: ["live"],
                configuration: ["Environment": ["Variables": row.variables]])
            try DoctorTests.answerElsewhere(fake)
            try fake.answer("HeadBucket", with: "")
            let environment = fake.environment
            let before = try DoctorReport(["--function-name", row.function], environment: environment)
            let mapping = try XCTUnwrap(before["Mapping"], before.run.notes)
            XCTAssertEqual(mapping.verdict, "fault", "\(row)")
            let command = try XCTUnwrap(mapping.advice.last { $0.hasPrefix("concertctl ") }, "\(mapping)")
            let words = command.split(separator: " ").dropFirst().map(String.init)
            let run = try Concertctl.run(words, environment: environment)
            XCTAssertEqual(run.status, 0, "\(command): \(run.notes)")
            XCTAssertFalse(run.notes.contains("warning"), "\(command): \(run.notes)")
            let made = try XCTUnwrap(fake.calls(of: "CreateEventSourceMapping").last?.body)
            XCTAssertEqual(
                ((made["DestinationConfig"] as? [String: Any])?["OnFailure"] as? [String: String])?["Destination"],
                row.destination)
            XCTAssertEqual(made["StartingPosition"] as? String, "TRIM_HORIZON")
            let after = try DoctorReport(["--function-name", row.function], environment: environment)
            for check in checks {
                XCTAssertEqual(after[check]?.verdict, "ok", "\(row): \(String(describing: after[check]))")
            }
        }
    }

    /// Advice about one setting of a mapping never makes another one unsafe.
    func testAdviceOnOneSettingMakesNoFault() throws {
        let fake = try DoctorTests.healthy()
        try remove(mappingsOf: fake)
        try DoctorTests.answerElsewhere(fake)
        let create = try Concertctl.run(
            ["mapping", "create", "--stream-name", "concerts", "--wait"], environment: fake.environment)
        XCTAssertEqual(create.status, 0, create.notes)
        for check in ["Retries", "Record age", "Bisect", "On-failure destination"] {
            let before = try DoctorReport(environment: fake.environment)
            guard before[check]?.verdict == "warn" else { continue }
            let command = try XCTUnwrap(before[check]?.advice.first { $0.hasPrefix("concertctl ") }, check)
            let words = command.split(separator: " ").dropFirst().map(String.init)
            let run = try Concertctl.run(words + ["--wait"], environment: fake.environment)
            XCTAssertEqual(run.status, 0, "\(command): \(run.notes)")
            let after = try DoctorReport(environment: fake.environment)
            XCTAssertEqual(after[check]?.verdict, "ok", "\(command): \(String(describing: after[check]))")
            XCTAssertEqual(after.checks("fault"), [], command)
        }
        let end = try DoctorReport(environment: fake.environment)
        XCTAssertEqual(end.checks("warn"), [])
    }

    private func remove(mappingsOf fake: StrictAWS) throws {
        let run = try Concertctl.run(
            ["mapping", "delete", "--stream-name", "concerts", "--yes", "--wait"], environment: fake.environment)
        XCTAssertEqual(run.status, 0, run.notes)
    }
}
