import Foundation
import TestSupport
import XCTest

/// Tests how an operation in progress is followed.
final class DeployFollowTests: XCTestCase {
    func testNoWaitPrintsCommandThatFollowsDeployment() throws {
        let world = try DeployWorld([
            "statuses": ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
        ])
        let run = try world.deploy("--no-wait")
        XCTAssertTrue(
            run.output.contains("started; follow it with concertctl deploy --stack-name concert-data-processor"),
            run.output)
        let again = try world.deploy("--no-wait", status: 1)
        XCTAssertTrue(again.notes.contains("another operation is in progress"), again.notes)
    }

    func testOperationInProgressIsFollowedAndNothingIsDeployed() throws {
        for (end, status) in [("UPDATE_COMPLETE", Int32(0)), ("UPDATE_ROLLBACK_COMPLETE", 1)] {
            for options in [[], ["--rollback"]] {
                let world = try DeployWorld()
                _ = try world.deploy()
                try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", end]])
                _ = try world.deploy(version: "2", "--no-wait")
                let zip = try DeploymentFiles.zip(in: world.folder, version: "3")
                let files = options.isEmpty ? ["--template", world.template, "--zip", zip] : []
                let run = try Concertctl.run(
                    ["deploy", "--yes"] + files + options, environment: world.server.environment)
                XCTAssertEqual(run.status, status, "\(options): \(run.notes)")
                XCTAssertTrue(run.notes.contains("following the operation in progress"), run.notes)
                XCTAssertEqual(try world.server.calls(of: "CreateChangeSet").count, 2, "\(end) \(options)")
                let command = (["concertctl deploy --stack-name concert-data-processor"] + options).joined(
                    separator: " ")
                let lines = """
                    stack concert-data-processor: UPDATE_COMPLETE; this command changed nothing
                      FunctionName  concert-data-processor
                      StreamArn  arn:aws:kinesis:us-east-1:123456789012:stream/concert-data-stream
                    to \(options.isEmpty ? "deploy" : "roll back"), run it again: \(command)

                    """
                XCTAssertEqual(run.output, status == 0 ? lines : "")
                if status == 1 { XCTAssertTrue(run.notes.contains("next: \(command)\n"), run.notes) }
            }
        }
    }

    func testPrintedCommandsRepeatGivenOptions() throws {
        let world = try DeployWorld()
        _ = try world.deploy()
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy(version: "2")
        try world.server.set(["statuses": Array(repeating: "UPDATE_IN_PROGRESS", count: 10_000)])
        let profiles = try world.folder.write(
            "[profile dev,ops]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n", to: "config")
        let bucket = "concert-data-deploy-123456789012-us-east-1"
        let options = ["--region", "us-east-1", "--profile", "dev,ops", "--bucket", bucket]
        let follow =
            "concertctl deploy --stack-name concert-data-processor --region us-east-1 --profile 'dev,ops' --bucket \(bucket)  "
            + "# only while the operation is in progress: afterwards, it deploys"
        let environment = world.server.environment.merging(["AWS_CONFIG_FILE": profiles]) { $1 }
        for (more, text, status) in [
            (["--no-wait"], "stack concert-data-processor: started; follow it with \(follow)\n", Int32(0)),
            (["--no-wait"], "another operation is in progress\n  next: \(follow)\n", 1),
            (["--timeout", "1"], "\n  next: \(follow)\n", 1),
        ] {
            let run = try Concertctl.run(
                ["deploy", "--rollback", "--yes"] + options + more, environment: environment)
            XCTAssertEqual(run.status, status, run.notes)
            XCTAssertTrue((run.output + run.notes).contains(text), "\(more): \(run.output)\(run.notes)")
        }
    }

    func testInterruptedDeploymentContinuesAndPrintsCommandThatFollowsIt() throws {
        let world = try DeployWorld(["statuses": Array(repeating: "CREATE_IN_PROGRESS", count: 10_000)])
        let home = try TemporaryFolder()
        let zip = try DeploymentFiles.zip(in: world.folder)
        let program = try Concertctl.start(
            ["deploy", "--yes", "--template", world.template, "--zip", zip], home: home,
            environment: world.server.environment)
        try program.wait { _ in try !world.server.calls(of: "DescribeStackEvents").isEmpty }
        program.signal(SIGINT)
        let run = try program.finish()
        XCTAssertEqual(run.status, 130, run.notes)
        XCTAssertTrue(
            run.notes.contains(
                "the operation continues at AWS; follow it again with: concertctl deploy --stack-name concert-data-processor"
            ),
            run.notes)
        XCTAssertEqual(try world.server.calls(of: "DeleteStack").count, 0)
    }

    func testTimeoutPrintsCommandThatFollowsDeployment() throws {
        let world = try DeployWorld(["statuses": Array(repeating: "CREATE_IN_PROGRESS", count: 10_000)])
        let run = try world.deploy("--timeout", "1", status: 1)
        XCTAssertTrue(run.notes.contains("waited until --timeout; the operation continues at AWS"), run.notes)
        XCTAssertTrue(run.notes.contains("next: concertctl deploy --stack-name concert-data-processor"), run.notes)
    }

    func testRollbackInProgressIsFollowedAndReported() throws {
        let server = try DeployWorld.server.get()
        // A failing creation that the command does not wait for.
        _ = try DeployWorld.deploy(
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

    /// Responses may be older than events that have been returned already.
    func testStatusOfPreviousOperationIsNotReportedAsResult() throws {
        let run = try DeployWorld.deploy([
            "status": "UPDATE_COMPLETE",
            "statuses": [
                "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE",
            ],
            "events": [
                ["Nested", "AWS::CloudFormation::Stack", "UPDATE_COMPLETE", ""],
                ["Broken", "AWS::SQS::Queue", "UPDATE_FAILED", "AccessDenied"],
            ],
        ])
        XCTAssertTrue(
            run.notes.contains("is UPDATE_ROLLBACK_COMPLETE: Broken (AWS::SQS::Queue) failed: AccessDenied"), run.notes)
        XCTAssertEqual(run.output.contains("deployed"), false, run.output)
    }
}
