import Basics
import Foundation
import TestSupport
import XCTest

/// Deployments that fail: each ends with the first cause, what to do, and the next command.
final class DeployFailureTests: XCTestCase {
    private static let cancelled = [
        "Dashboard", "AWS::CloudWatch::Dashboard", "CREATE_FAILED", "Resource creation cancelled",
    ]

    /// The most common failures, each with CloudFormation's reason and the expected advice.
    private static let failures: [(type: String, reason: String, advice: String, isUpdate: Bool)] = [
        (
            "AWS::Lambda::Function",
            "User: arn:aws:iam::123456789012:user/d is not authorized to perform: lambda:TagResource on resource: x",
            "allow lambda:TagResource in a policy of who deploys: concertctl deploy --print-policy", false
        ),
        (
            "AWS::Kinesis::Stream",
            "Resource of type 'AWS::Kinesis::Stream' with identifier 'concert-data-stream' already exists.",
            "read from the stream that exists with --parameter StreamArn=ARN", false
        ),
        (
            "AWS::Lambda::Function", "concert-data-processor already exists in stack other",
            "choose another one with --parameter FunctionName=NAME", false
        ),
        (
            "AWS::Lambda::Function",
            "Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: The bucket is in this "
                + "region: eu-west-1. Please use this region to retry the request",
            "the bucket with the code must be in the Region of the stack", false
        ),
        (
            "AWS::Lambda::Function", "The role defined for the function cannot be assumed by Lambda.",
            "IAM needs some seconds until a new role can be used everywhere: try again", false
        ),
        (
            "AWS::Kinesis::Stream", "LimitExceededException: This request would exceed the shard limit for the account",
            "a quota of the account is used up", false
        ),
        (
            "AWS::Lambda::EventSourceMapping", "Exceeded attempts to wait",
            "the service took too long", false
        ),
        (
            "AWS::SNS::Topic", "Export concerts-topic cannot be deleted as it is in use by other-stack",
            "another stack, which the message names, uses the output", true
        ),
        (
            "AWS::CloudWatch::Alarm", "Resource of type 'AWS::CloudWatch::Alarm' with identifier 'x' was not found.",
            "aws cloudformation detect-stack-drift --stack-name concert-data-processor", true
        ),
        ("AWS::SQS::Queue", "Something new", "fix what the message names, and try again", false),
    ]

    func testReasonsAreReportedWithoutSecrets() throws {
        let url = "rediss://user:sesame@host"
        let environment =
            "Lambda was unable to configure your environment variables because the environment variables you have "
            + "provided exceeded the 4KB limit. String measured: {\"KEY\":\"open sesame\"}"
        for (reason, shown) in [
            ("Invalid value \(url)", "Invalid value ***"),
            (environment, "exceeded the 4KB limit. (the environment is not shown)"),
        ] {
            let event = ["Broken", "AWS::Lambda::Function", "CREATE_FAILED", reason]
            for script in [
                ["statuses": ["CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE"], "events": [event]],
                ["changeSetFailure": reason],
            ] as [[String: Any]] {
                let run = try DeployWorld.deploy(script, "--parameter", "CacheUrl=\(url)")
                XCTAssertTrue(run.notes.contains(shown), run.notes)
                XCTAssertFalse(run.notes.contains("sesame"), run.notes)
            }
        }
    }

    func testFirstFailureIsReportedWithAdviceAndNextCommand() throws {
        for failure in Self.failures {
            let verb = failure.isUpdate ? "UPDATE" : "CREATE"
            var script: [String: Any] = [
                "statuses": failure.isUpdate
                    ? ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
                    : ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"],
                "events": [
                    ["DeadLetterQueue", "AWS::SQS::Queue", "\(verb)_COMPLETE", ""],
                    ["Broken", failure.type, "\(verb)_FAILED", failure.reason], Self.cancelled,
                    ["Late", "AWS::SQS::Queue", "\(verb)_FAILED", "The later failure"],
                ],
            ]
            if failure.isUpdate { script["status"] = "CREATE_COMPLETE" }
            let run = try DeployWorld.deploy(script)
            let end = failure.isUpdate ? "UPDATE_ROLLBACK_COMPLETE" : "ROLLBACK_COMPLETE"
            XCTAssertTrue(
                run.notes.contains(
                    "concertctl deploy: stack concert-data-processor is \(end): Broken (\(failure.type)) failed: \(failure.reason)"
                ),
                run.notes)
            XCTAssertTrue(run.notes.contains(failure.advice), "\(failure.advice): \(run.notes)")
            let next =
                failure.isUpdate
                ? "next: concertctl deploy --stack-name concert-data-processor"
                : "next: concertctl undeploy --stack-name concert-data-processor, then concertctl deploy"
            XCTAssertTrue(run.notes.contains(next), "\(next): \(run.notes)")
        }
    }

    /// A deployment changes nothing if the status of the stack does not allow it.
    func testStackThatCannotBeUpdatedIsRejectedWithNextCommand() throws {
        for (status, next) in [
            (
                "ROLLBACK_COMPLETE",
                "next: concertctl undeploy --stack-name concert-data-processor, then concertctl deploy"
            ),
            (
                "DELETE_FAILED",
                "to retain what cannot be deleted: aws cloudformation delete-stack --stack-name concert-data-processor "
                    + "--retain-resources LOGICAL_ID\n"
                    + "  next: concertctl undeploy --stack-name concert-data-processor, then concertctl deploy"
            ),
            (
                "IMPORT_ROLLBACK_FAILED",
                "retain the resource that prevents it: aws cloudformation delete-stack --stack-name concert-data-processor "
                    + "--retain-resources LOGICAL_ID\n"
                    + "  next: concertctl undeploy --stack-name concert-data-processor, then concertctl deploy"
            ),
            (
                "UPDATE_ROLLBACK_FAILED",
                "next: aws cloudformation continue-update-rollback --stack-name concert-data-processor, then concertctl"
            ),
            (
                "UPDATE_FAILED",
                "next: aws cloudformation rollback-stack --stack-name concert-data-processor, then concertctl"
            ),
        ] {
            let run = try DeployWorld.deploy(["status": status])
            XCTAssertTrue(run.notes.contains("stack concert-data-processor is \(status)"), run.notes)
            XCTAssertTrue(run.notes.contains(next), "\(next): \(run.notes)")
            let calls = try DeployWorld.server.get().calls().map(\.operation)
            XCTAssertFalse(
                calls.contains { ["CreateBucket", "PutObject", "CreateChangeSet"].contains($0) }, "\(calls)")
        }
    }

    func testStackInReviewIsUsed() throws {
        let run = try DeployWorld.deploy(["status": "REVIEW_IN_PROGRESS"], status: 0)
        XCTAssertTrue(run.notes.contains("REVIEW_IN_PROGRESS: it has no resources yet, and is used"), run.notes)
        XCTAssertEqual(
            try DeployWorld.server.get().calls(of: "CreateChangeSet").first?.fields["ChangeSetType"] as? String,
            "CREATE")
    }

    func testFailedChangeSetIsReportedAndDeleted() throws {
        let run = try DeployWorld.deploy([
            "changeSetFailure": "Access Denied. not authorized to perform: cloudformation:CreateChangeSet on x"
        ])
        XCTAssertTrue(run.notes.contains("CloudFormation cannot create the change set: Access Denied"), run.notes)
        XCTAssertTrue(run.notes.contains("allow cloudformation:CreateChangeSet in a policy"), run.notes)
        let calls = try DeployWorld.server.get().calls().map(\.operation)
        XCTAssertEqual(calls.suffix(2), ["DeleteChangeSet", "DeleteStack"])
    }

    func testChangeSetIsDeletedAfterInterruption() throws {
        for (refused, text) in [
            ([:], ""),
            (
                ["DeleteChangeSet": ["AccessDenied", "No."]],
                "and stack concert-data-processor without resources: cloudformation DeleteChangeSet: AccessDenied: No."
            ),
            (
                ["DeleteStack": ["AccessDenied", "No."]],
                "  next: aws cloudformation delete-stack --stack-name concert-data-processor\n"
            ),
        ] {
            let server = try DeployWorld.server.get()
            try server.reset()
            try server.set(["changeSetDelay": 10_000, "refused": refused])
            let home = try TemporaryFolder()
            let program = try Concertctl.start(
                [
                    "deploy", "--yes", "--template", home.write(DeploymentFiles.template, to: "template.yaml"),
                    "--zip", DeploymentFiles.zip(in: home),
                ], home: home, environment: server.environment)
            try program.wait { _ in try !server.calls(of: "DescribeChangeSet").isEmpty }
            program.signal(SIGINT)
            let run = try program.finish()
            XCTAssertEqual(run.status, 130, run.notes)
            let deletions = try server.calls().map(\.operation).filter { $0.hasPrefix("Delete") }
            XCTAssertEqual(
                deletions, refused["DeleteChangeSet"] == nil ? ["DeleteChangeSet", "DeleteStack"] : ["DeleteChangeSet"])
            XCTAssertEqual(run.notes.contains("not deleted: "), !refused.isEmpty, run.notes)
            XCTAssertTrue(text.isEmpty || run.notes.contains(text), run.notes)
        }
    }

    func testChangeSetThatIsNotExecutedIsDeleted() throws {
        for operation in ["DescribeStackEvents", "ExecuteChangeSet"] {
            _ = try DeployWorld.deploy(["refused": [operation: ["AccessDenied", "No."]]])
            let calls = try DeployWorld.server.get().calls().map(\.operation)
            XCTAssertEqual(calls.suffix(2), ["DeleteChangeSet", "DeleteStack"], operation)
        }
    }

    func testStackOfAnotherDeploymentIsNotDeletedWithTheChangeSet() throws {
        _ = try DeployWorld.deploy(["status": "REVIEW_IN_PROGRESS", "changeSetFailure": "Access Denied"])
        let server = try DeployWorld.server.get()
        XCTAssertEqual(try server.calls(of: "DeleteChangeSet").count, 1)
        XCTAssertEqual(try server.calls(of: "DeleteStack").count, 0)
    }

}
