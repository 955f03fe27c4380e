import Foundation
import TestSupport
import XCTest

/// Tests the checks before a deployment.
final class DeployCheckTests: XCTestCase {
    func testBucketOfAnotherRegionIsRejected() throws {
        let run = try DeployWorld.deploy(["bucketRegion": "eu-west-1"], "--bucket", "theirs")
        XCTAssertTrue(run.notes.contains("bucket theirs: s3 HeadBucket: PermanentRedirect"), run.notes)
        XCTAssertTrue(run.notes.contains("the bucket is in another Region, us-east-1 was queried"), run.notes)
    }

    func testDefaultBucketOfAnotherAccountIsRejected() throws {
        let bucket = "concert-data-deploy-123456789012-us-east-1"
        let script: [String: Any] = ["buckets": [bucket], "bucketOwner": "999999999999"]
        let server = try DeployWorld.server.get()
        let run = try DeployWorld.deploy(script)
        XCTAssertTrue(run.notes.contains("bucket \(bucket): s3 HeadBucket: AccessDenied"), run.notes)
        XCTAssertTrue(run.notes.contains("the bucket belongs to another account"), run.notes)
        XCTAssertEqual(try server.calls(of: "PutObject").count, 0)
        try server.set(["status": "CREATE_COMPLETE"])
        let rollback = try Concertctl.run(["deploy", "--rollback", "--yes"], environment: server.environment)
        XCTAssertEqual(rollback.status, 1)
        XCTAssertTrue(rollback.notes.contains("the bucket belongs to another account"), rollback.notes)

        _ = try DeployWorld.deploy(script, "--bucket", bucket, status: 0)
        XCTAssertEqual(try server.calls(of: "PutObject").count, 2)
    }

    func testDefaultBucketIsUsedOnlyWithItsOwner() throws {
        let server = try DeployWorld.server.get()
        _ = try DeployWorld.deploy([:], status: 0)
        let folder = try TemporaryFolder()
        try server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        let template = try folder.write(DeploymentFiles.template, to: "t.yaml")
        let zip = try DeploymentFiles.zip(in: folder, version: "2")
        for words in [["--template", template, "--zip", zip], ["--rollback"]] {
            let run = try Concertctl.run(["deploy", "--yes"] + words, environment: server.environment)
            XCTAssertEqual(run.status, 0, run.notes)
        }
        let calls = try server.calls().filter { $0.service == "s3" && $0.operation != "CreateBucket" }
        XCTAssertEqual(
            Set(calls.map(\.operation)),
            [
                "HeadBucket", "PutPublicAccessBlock", "PutBucketEncryption", "ListObjectsV2", "PutObject", "GetObject",
            ])
        for call in calls { XCTAssertEqual(call.fields["owner"] as? String, "123456789012", call.operation) }
    }

    func testAllFaultsAreReportedTogetherBeforeAnyChange() throws {
        let run = try DeployWorld.deploy(
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
        let calls = try DeployWorld.server.get().calls()
        let changes = calls.filter {
            !["Get", "Describe", "List", "Head", "Simulate"].contains(where: $0.operation.hasPrefix)
        }
        XCTAssertEqual(changes.map(\.operation), [])
    }

    func testReservedConcurrencyIsCheckedForItsIncrease() throws {
        for (parameter, status) in [("20", Int32(0)), ("30", 0), ("31", 1)] {
            let server = try DeployWorld.server.get()
            _ = try DeployWorld.deploy([:], "--parameter", "LoaderReservedConcurrency=20", status: 0)
            try server.set([
                "concurrency": ["ConcurrentExecutions": 150, "UnreservedConcurrentExecutions": 110],
                "statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"],
            ])
            let folder = try TemporaryFolder()
            let run = try Concertctl.run(
                [
                    "deploy", "--yes", "--template", folder.write(DeploymentFiles.template, to: "t.yaml"), "--zip",
                    DeploymentFiles.zip(in: folder), "--parameter", "LoaderReservedConcurrency=\(parameter)",
                ], environment: server.environment)
            XCTAssertEqual(run.status, status, "\(parameter): \(run.notes)")
            let fault = "LoaderReservedConcurrency is 31, and Lambda can reserve 30 of the account's 150"
            XCTAssertEqual(run.notes.contains(fault), status == 1, run.notes)
        }
    }

    func testFailedPermissionSimulationIsReportedAsNote() throws {
        let run = try DeployWorld.deploy(["denied": ["*"]], status: 0)
        XCTAssertTrue(
            run.notes.contains("note: permissions: not checked, because iam SimulatePrincipalPolicy"), run.notes)
    }

    func testInvalidStreamARNIsRejected() throws {
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
            let run = try DeployWorld.deploy([:], "--parameter", "StreamArn=\(arn)")
            XCTAssertTrue(run.notes.contains(fault), "\(fault): \(run.notes)")
        }
        _ = try DeployWorld.deploy(
            ["streams": ["s"]], "--parameter", "StreamArn=arn:aws:kinesis:us-east-1:123456789012:stream/s", status: 0)
    }
}
