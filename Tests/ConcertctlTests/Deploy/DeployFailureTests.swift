import Basics
import Foundation
import TestSupport
import XCTest

/// Deployments that fail: each ends with the first cause, what to do, and the next command.
final class DeployFailureTests: XCTestCase {
    private static let server = Result { try ScriptedCloudFormation() }

    private func deploy(_ script: [String: Any], _ options: String..., status: Int32 = 1) throws -> Run {
        let server = try Self.server.get()
        try server.reset()
        try server.set(script)
        let folder = try TemporaryFolder()
        let template = try folder.write(DeploymentFiles.template, to: "template.yaml")
        let zip = try DeploymentFiles.zip(in: folder)
        let run = try Concertctl.run(
            ["deploy", "--yes", "--template", template, "--zip", zip] + options, environment: server.environment)
        XCTAssertEqual(run.status, status, "\(script): \(run.notes)\(run.output)")
        return run
    }

    private static let cancelled = [
        "Dashboard", "AWS::CloudWatch::Dashboard", "CREATE_FAILED", "Resource creation cancelled",
    ]

    /// What CloudFormation says of a resource, by the failures that people report most.
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

    func testTheFirstCauseIsShownWithAdviceAndTheNextCommand() throws {
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
            let run = try deploy(script)
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

    /// The status that a stack has before; nothing is changed where it cannot be deployed to.
    func testAStackThatCannotBeChangedIsExplained() throws {
        for (status, next) in [
            (
                "ROLLBACK_COMPLETE",
                "next: concertctl undeploy --stack-name concert-data-processor, then concertctl deploy"
            ),
            ("DELETE_FAILED", "next: concertctl undeploy --stack-name concert-data-processor, then concertctl deploy"),
            (
                "UPDATE_ROLLBACK_FAILED",
                "next: aws cloudformation continue-update-rollback --stack-name concert-data-processor, then concertctl"
            ),
            (
                "UPDATE_FAILED",
                "next: aws cloudformation rollback-stack --stack-name concert-data-processor, then concertctl"
            ),
        ] {
            let run = try deploy(["status": status])
            XCTAssertTrue(run.notes.contains("stack concert-data-processor is \(status)"), run.notes)
            XCTAssertTrue(run.notes.contains(next), "\(next): \(run.notes)")
            let calls = try Self.server.get().calls().map(\.operation)
            XCTAssertFalse(
                calls.contains { ["CreateBucket", "PutObject", "CreateChangeSet"].contains($0) }, "\(calls)")
        }
    }

    func testARollbackInProgressIsFollowedAndExplained() throws {
        let server = try Self.server.get()
        // A creation that fails, left before its end.
        _ = try deploy(
            [
                "statuses": [
                    "CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE",
                ],
                "events": [["Broken", "AWS::SQS::Queue", "CREATE_FAILED", "AccessDenied"]],
            ], "--no-wait", status: 0)
        let folder = try TemporaryFolder()
        let run = try Concertctl.run(
            [
                "deploy", "--yes", "--template", folder.write(DeploymentFiles.template, to: "t.yaml"), "--zip",
                DeploymentFiles.zip(in: folder),
            ], environment: server.environment)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("is CREATE_IN_PROGRESS: following the operation in progress"), run.notes)
        XCTAssertTrue(
            run.notes.contains("is ROLLBACK_COMPLETE: Broken (AWS::SQS::Queue) failed: AccessDenied"), run.notes)
    }

    func testAStackInReviewIsUsed() throws {
        let run = try deploy(["status": "REVIEW_IN_PROGRESS"], status: 0)
        XCTAssertTrue(run.notes.contains("REVIEW_IN_PROGRESS: it has no resources yet, and is used"), run.notes)
        XCTAssertEqual(
            try Self.server.get().calls(of: "CreateChangeSet").first?.fields["ChangeSetType"] as? String, "CREATE")
    }

    func testChangesThatCannotBeWorkedOutAreExplainedAndNothingStays() throws {
        let run = try deploy([
            "changeSetFailure": "Access Denied. not authorized to perform: cloudformation:CreateChangeSet on x"
        ])
        XCTAssertTrue(run.notes.contains("CloudFormation cannot work out the changes: Access Denied"), run.notes)
        XCTAssertTrue(run.notes.contains("allow cloudformation:CreateChangeSet in a policy"), run.notes)
        let calls = try Self.server.get().calls().map(\.operation)
        XCTAssertEqual(calls.suffix(2), ["DeleteChangeSet", "DeleteStack"])
    }

    func testStackOfAnotherDeploymentIsNotDeletedWithTheChangeSet() throws {
        _ = try deploy(["status": "REVIEW_IN_PROGRESS", "changeSetFailure": "Access Denied"])
        let server = try Self.server.get()
        XCTAssertEqual(try server.calls(of: "DeleteChangeSet").count, 1)
        XCTAssertEqual(try server.calls(of: "DeleteStack").count, 0)
    }

    func testABucketOfAnotherRegionIsNamedBeforeAnythingIsChanged() throws {
        let run = try deploy(["bucketRegion": "eu-west-1"], "--bucket", "theirs")
        XCTAssertTrue(run.notes.contains("bucket theirs: s3 HeadBucket: PermanentRedirect"), run.notes)
        XCTAssertTrue(run.notes.contains("the bucket is in another Region, us-east-1 was queried"), run.notes)
    }

    func testAllFaultsAreReportedTogetherBeforeAnythingIsChanged() throws {
        let run = try deploy(
            [
                "streams": ["concert-data-stream"], "functions": ["concert-data-processor"],
                "denied": ["lambda:CreateFunction", "iam:PassRole"],
                "limits": ["ShardLimit": 10, "OpenShardCount": 10],
                "concurrency": ["ConcurrentExecutions": 150, "UnreservedConcurrentExecutions": 110],
            ],
            "--parameter", "BatchSize=10001", "Achitecture=arm64", "Architecture=arm64", "LoaderReservedConcurrency=20",
            "--bucket", "missing")
        for fault in [
            "BatchSize is \"10001\"; expected a number in 0...10000",
            "the template has no parameter Achitecture; did you mean \"Architecture\"?",
            "Architecture is arm64, and bootstrap in", "bucket missing does not exist",
            "function concert-data-processor exists, and is not part of stack concert-data-processor",
            "--parameter StreamArn=arn:aws:kinesis:us-east-1:123456789012:stream/concert-data-stream",
            "the stream needs 1 shard, and the account has 0 of 10 left",
            "LoaderReservedConcurrency is 20, and Lambda can reserve 10 of the account's 150",
            "arn:aws:iam::123456789012:user/deployer may not perform lambda:CreateFunction, iam:PassRole",
        ] {
            XCTAssertTrue(run.notes.contains("  - ") && run.notes.contains(fault), "\(fault): \(run.notes)")
        }
        let calls = try Self.server.get().calls()
        let changes = calls.filter {
            !["Get", "Describe", "List", "Head", "Simulate"].contains(where: $0.operation.hasPrefix)
        }
        XCTAssertEqual(changes.map(\.operation), [])
    }

    func testAPermissionThatCannotBeSimulatedIsANote() throws {
        let run = try deploy(["denied": ["*"]], status: 0)
        XCTAssertTrue(
            run.notes.contains("note: permissions: not checked, because iam SimulatePrincipalPolicy"), run.notes)
    }

    func testAStreamOfAnotherRegionOrNoneIsAFault() throws {
        for (arn, fault) in [
            (
                "arn:aws:kinesis:eu-west-1:123456789012:stream/s",
                "StreamArn is in eu-west-1, and the stack in us-east-1"
            ),
            (
                "arn:aws:kinesis:us-east-1:123456789012:stream/s",
                "StreamArn: arn:aws:kinesis:us-east-1:123456789012:stream/s does not exist"
            ),
            ("nonsense", "StreamArn is \"nonsense\"; expected the ARN of a stream, or empty"),
        ] {
            let run = try deploy([:], "--parameter", "StreamArn=\(arn)")
            XCTAssertTrue(run.notes.contains(fault), "\(fault): \(run.notes)")
        }
        _ = try deploy(
            ["streams": ["s"]], "--parameter", "StreamArn=arn:aws:kinesis:us-east-1:123456789012:stream/s", status: 0)
    }
}
