import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// Tests `deploy` and `undeploy`, from the creation of a stack to its deletion.
final class DeployTests: XCTestCase {
    func testNewStackIsCreatedWithDefaultBucket() throws {
        let world = try DeployWorld()
        let run = try world.deploy("--parameter", "BatchSize=500", "CacheUrl=rediss://u:p@h")
        XCTAssertEqual(
            run.output,
            """
            stack concert-data-processor, new: 1 resource to change
              add      Processor (AWS::Lambda::Function)
            stack concert-data-processor: deployed, CREATE_COMPLETE
              FunctionName  concert-data-processor
              StreamArn  arn:aws:kinesis:us-east-1:123456789012:stream/concert-data-stream
            next: concertctl doctor --function-name concert-data-processor --stream-name concert-data-stream

            """)
        XCTAssertTrue(run.notes.contains("CREATE_COMPLETE  Processor (AWS::Lambda::Function)"), run.notes)
        let writes = try world.server.calls().map(\.operation).filter {
            !["Get", "Describe", "List", "Head", "Simulate"].contains(where: $0.hasPrefix)
        }
        XCTAssertEqual(
            writes,
            [
                "CreateBucket", "PutPublicAccessBlock", "PutBucketEncryption", "PutObject", "PutObject",
                "CreateChangeSet",
                "ExecuteChangeSet",
            ])
        XCTAssertEqual(
            try world.parameters(), ["BatchSize": "500", "CacheUrl": "rediss://u:p@h", "Architecture": "x86_64"])
        XCTAssertEqual(
            try world.server.calls(of: "ExecuteChangeSet").first?.fields["RetainExceptOnCreate"] as? String, "true")
        let paths = try world.server.calls(of: "PutObject").compactMap { $0.fields["path"] as? String }
        for (path, form) in zip(paths, ["code/[0-9a-f]{64}.zip", "templates/[0-9a-f]{64}.yaml"]) {
            let pattern = "^/concert-data-deploy-123456789012-us-east-1/concert-data-processor/\(form)$"
            XCTAssertNotNil(path.range(of: pattern, options: .regularExpression), path)
        }
    }

    func testCommandSendsOneTokenWithItsChanges() throws {
        let world = try DeployWorld()
        _ = try world.deploy()
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy(version: "2")
        let created = try world.server.calls(of: "CreateChangeSet").compactMap { $0.fields["ClientToken"] as? String }
        let executed = try world.server.calls(of: "ExecuteChangeSet").compactMap {
            $0.fields["ClientRequestToken"] as? String
        }
        XCTAssertEqual(created, executed)
        XCTAssertEqual(Set(created).count, 2)
        for token in created {
            XCTAssertNotNil(token.range(of: "^[a-zA-Z0-9][-a-zA-Z0-9]{20,127}$", options: .regularExpression), token)
        }
    }

    func testRepeatedDeploymentChangesNothing() throws {
        let world = try DeployWorld()
        _ = try world.deploy()
        let run = try world.deploy()
        XCTAssertTrue(run.output.hasPrefix("stack concert-data-processor: no changes, CREATE_COMPLETE\n"), run.output)
        XCTAssertEqual(try world.server.calls(of: "ExecuteChangeSet").count, 1)
        XCTAssertEqual(try world.server.calls(of: "PutObject").count, 2, "what is there is not uploaded again")
        XCTAssertEqual(try world.server.calls(of: "DeleteChangeSet").count, 1)
    }

    func testReplacedAndRemovedResourcesAreReportedWithWarnings() throws {
        let world = try DeployWorld([
            "status": "CREATE_COMPLETE", "statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"],
            "changes": [
                ["Modify", "Processor", "AWS::Lambda::Function", "False", "", ["Code", "Environment"]],
                ["Modify", "Stream", "AWS::Kinesis::Stream", "True", "ReplaceAndRetain", ["Name"]],
                ["Modify", "Log", "AWS::Logs::LogGroup", "Conditional", "ReplaceAndDelete", ["LogGroupName"]],
                ["Remove", "Letters", "AWS::S3::Bucket", "", "Retain", []],
                ["Remove", "Alarm", "AWS::CloudWatch::Alarm", "", "Delete", []],
            ],
        ])
        let run = try world.deploy()
        XCTAssertTrue(
            run.output.hasPrefix(
                """
                stack concert-data-processor, update: 5 resources to change
                  change   Processor (AWS::Lambda::Function): Code, Environment
                  replace  Stream (AWS::Kinesis::Stream): Name
                           WARNING: the new one is empty; the old one, stream, stays outside of the stack
                  replace  Log (AWS::Logs::LogGroup): LogGroupName (only if AWS cannot change it in place)
                           WARNING: its data are deleted with it
                  remove   Letters (AWS::S3::Bucket)
                           it stays, outside of the stack: letters
                  remove   Alarm (AWS::CloudWatch::Alarm)

                """), run.output)
    }

    func testDeploymentWithoutTerminalRequiresYes() throws {
        let world = try DeployWorld()
        let zip = try DeploymentFiles.zip(in: world.folder)
        let run = try world.run("deploy", "--template", world.template, "--zip", zip, status: 1)
        XCTAssertTrue(run.notes.contains("cannot prompt without a terminal; pass --yes"), run.notes)
        XCTAssertEqual(try world.server.calls().count, 0)
    }

    func testPromptsNameAccountAndRegion() throws {
        let world = try DeployWorld()
        let zip = try DeploymentFiles.zip(in: world.folder)
        let terminal =
            "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        for (words, prompt) in [
            (
                ["deploy", "--template", world.template, "--zip", zip],
                "deploy to account 123456789012, Region us-east-1, as stack concert-data-processor? [y/N]"
            ),
            (
                ["undeploy"],
                "delete stack concert-data-processor in account 123456789012, Region us-east-1? [y/N]"
            ),
        ] {
            if words == ["undeploy"] { _ = try world.deploy() }
            let program = try RunningProgram(
                URL(filePath: "/usr/bin/env"), ["python3", "-c", terminal, Concertctl.executable.path] + words,
                input: Data("n\n".utf8),
                environment: Concertctl.cleanEnvironment(home: world.folder).merging(world.server.environment) { $1 })
            let run = try program.finish()
            XCTAssertEqual(run.status, 1, run.notes)
            XCTAssertTrue(run.output.contains(prompt), run.output)
            XCTAssertTrue(run.output.contains("aborted"), run.output)
        }
        XCTAssertEqual(
            try world.server.calls().map(\.operation).filter { $0.hasPrefix("Delete") },
            ["DeleteChangeSet", "DeleteStack"])
    }

    func testJSONOutputContainsOnlyJSON() throws {
        let world = try DeployWorld()
        let json = try world.deploy("--output", "json").json()
        XCTAssertEqual(json["status"] as? String, "CREATE_COMPLETE")
        XCTAssertEqual((json["changes"] as? [[String: Any]])?.first?["action"] as? String, "add")
        XCTAssertEqual((json["outputs"] as? [String: String])?["FunctionName"], "concert-data-processor")
        let removed = try world.run("undeploy", "--yes", "--output", "json", status: 1)
        XCTAssertEqual(removed.output, "", "the script's statuses are those of a creation")
    }

    /// A plan for a secret must not show it.
    func testDryRunSendsNothingAndMasksSecrets() throws {
        let world = try DeployWorld()
        let run = try world.deploy("--dry-run", "--parameter", "CacheUrl=rediss://user:sesame@host", "BatchSize=5")
        for text in [
            "s3 CreateBucket: PUT", "(a zip file of", "cloudformation CreateChangeSet: POST",
            "CodeUri: s3://concert-data-deploy-",
            "cloudformation ExecuteChangeSet: POST", "CAPABILITY_AUTO_EXPAND", "\"***\"",
        ] {
            XCTAssertTrue(run.output.contains(text), "\(text): \(run.output.prefix(3000))")
        }
        XCTAssertFalse(run.output.contains("sesame"), "the password is shown")
        XCTAssertEqual(try world.server.calls().count, 0)
    }

    func testUndeployListsRemainingResources() throws {
        let world = try DeployWorld()
        _ = try world.deploy(
            "--stack-name", "staging", "--parameter", "StreamName=staging")
        try world.server.set([
            "statuses": ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"], "events": [],
            "resources": [
                ["Processor", "concert-data-processor", "AWS::Lambda::Function"],
                ["Stream", "staging", "AWS::Kinesis::Stream"], ["DeadLetterQueue", "https://q", "AWS::SQS::Queue"],
                ["Alarm", "a", "AWS::CloudWatch::Alarm"],
            ],
        ])
        let run = try world.run("undeploy", "--stack-name", "staging", "--yes")
        XCTAssertEqual(
            run.output,
            """
            stack staging, CREATE_COMPLETE: these resources remain:
              Stream (AWS::Kinesis::Stream)  staging
              DeadLetterQueue (AWS::SQS::Queue)  https://q
              the bucket with the deployed versions, unless --bucket named another one  concert-data-deploy-123456789012-us-east-1
            stack staging: deleted

            """)
        try world.server.set(["status": NSNull()])
        let again = try world.run("undeploy", "--stack-name", "staging", "--yes")
        XCTAssertEqual(again.output, "stack staging does not exist\n")
    }

    func testFailedDeletionNamesResourcesToRetain() throws {
        let world = try DeployWorld([
            "status": "CREATE_COMPLETE", "statuses": ["DELETE_IN_PROGRESS", "DELETE_FAILED"],
            "events": [
                ["Letters", "AWS::S3::Bucket", "DELETE_FAILED", "The bucket is not empty"],
                ["Letters", "AWS::S3::Bucket", "DELETE_FAILED", "The bucket is not empty"],
                ["Role", "AWS::IAM::Role", "DELETE_FAILED", "In use"],
            ],
        ])
        let run = try world.run("undeploy", "--yes", status: 1)
        XCTAssertTrue(
            run.notes.hasSuffix(
                """
                  to retain what cannot be deleted: aws cloudformation delete-stack --stack-name concert-data-processor \
                --retain-resources Letters Role
                  next: concertctl undeploy --stack-name concert-data-processor

                """), run.notes)
    }

    func testUsageErrors() throws {
        for (options, error) in [
            (["--parameter", "A"], "--parameter is not NAME=VALUE"),
            (["--parameter", "A=1", "A=2"], "--parameter A is given twice"),
            (["--stack-name", "a_b"], "--stack-name is \"a_b\"; expected up to 128 letters, digits and hyphens"),
        ] {
            let run = try Concertctl.run(["deploy"] + options)
            XCTAssertEqual(run.status, 2, "\(options)")
            XCTAssertTrue(run.notes.contains(error), run.notes)
        }
    }

    /// Each call that the commands make needs an action that the policy allows.
    func testPrintedPolicyAllowsEveryCall() throws {
        let world = try DeployWorld()
        _ = try world.deploy()
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy(version: "2")
        _ = try world.run("deploy", "--rollback", "--yes")
        try world.server.set(["statuses": ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]])
        _ = try world.run("undeploy", "--yes")
        let policy = try JSONValue(parsing: Array(world.run("deploy", "--print-policy").output.utf8))
        let actions = (policy["Statement"]?.array ?? []).flatMap { $0["Action"]?.array?.compactMap(\.string) ?? [] }
        // The IAM actions of operations whose action has another name.
        let names = [
            "s3:HeadBucket": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket",
            "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
        ]
        let calls = try world.server.calls().map { "\($0.service):\($0.operation)" }
        XCTAssertGreaterThan(Set(calls).count, 20)
        for call in Set(calls) { XCTAssertTrue(actions.contains(names[call] ?? call), call) }
        let size = policy.text.utf8.count
        XCTAssertLessThanOrEqual(size, 6144, "a managed policy has no more characters")
    }
}
