import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// Tests `deploy` and `undeploy`, from the creation of a stack to its deletion.
final class DeployTests: XCTestCase {
    /// A server with the files of a deployment.
    private struct World {
        let server: ScriptedCloudFormation
        let folder: TemporaryFolder
        let template: String

        init(_ script: [String: Any] = [:]) throws {
            server = try DeployTests.server.get()
            try server.reset()
            try server.set(script)
            folder = try TemporaryFolder()
            template = try folder.write(DeploymentFiles.template, to: "template.yaml")
        }

        func deploy(version: String = "1", _ options: String..., status: Int32 = 0) throws -> Run {
            let zip = try DeploymentFiles.zip(in: folder, version: version)
            let run = try Concertctl.run(
                ["deploy", "--yes", "--template", template, "--zip", zip] + options, environment: server.environment)
            XCTAssertEqual(run.status, status, run.notes)
            return run
        }

        func run(_ words: String..., status: Int32 = 0) throws -> Run {
            let run = try Concertctl.run(words, environment: server.environment)
            XCTAssertEqual(run.status, status, run.notes)
            return run
        }

        /// Returns the parameters of the newest change set; an asterisk means that the previous value is kept.
        func parameters() throws -> [String: String] {
            let fields = try XCTUnwrap(server.calls(of: "CreateChangeSet").last).fields as? [String: String] ?? [:]
            return Dictionary(
                uniqueKeysWithValues: fields.filter { $0.key.hasSuffix(".ParameterKey") }.map { key, name in
                    (name, fields[key.replacingOccurrences(of: "Key", with: "Value")] ?? "*")
                })
        }
    }

    private static let server = Result { try ScriptedCloudFormation() }

    func testNewStackIsCreatedWithDefaultBucket() throws {
        let world = try World()
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
        let world = try World()
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
        let world = try World()
        _ = try world.deploy()
        let run = try world.deploy()
        XCTAssertTrue(run.output.hasPrefix("stack concert-data-processor: no changes, CREATE_COMPLETE\n"), run.output)
        XCTAssertEqual(try world.server.calls(of: "ExecuteChangeSet").count, 1)
        XCTAssertEqual(try world.server.calls(of: "PutObject").count, 2, "what is there is not uploaded again")
        XCTAssertEqual(try world.server.calls(of: "DeleteChangeSet").count, 1)
    }

    func testUpdateKeepsParametersAndRollbackRestoresPreviousVersion() throws {
        let world = try World()
        _ = try world.deploy("--parameter", "BatchSize=500", "CacheUrl=rediss://u:p@h")
        let first = try world.server.calls(of: "CreateChangeSet").last?.fields["TemplateURL"] as? String
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy(version: "2", "--parameter", "BatchSize=700")
        XCTAssertEqual(try world.parameters(), ["BatchSize": "700", "CacheUrl": "*", "Architecture": "x86_64"])
        let second = try world.server.calls(of: "CreateChangeSet").last?.fields["TemplateURL"] as? String
        XCTAssertNotEqual(first, second)

        for (url, size) in [(first, "500"), (second, "700")] {
            let run = try world.run("deploy", "--rollback", "--yes")
            XCTAssertTrue(run.output.contains("back to the version that was replaced at"), run.output)
            XCTAssertEqual(try world.server.calls(of: "CreateChangeSet").last?.fields["TemplateURL"] as? String, url)
            XCTAssertEqual(try world.parameters(), ["BatchSize": size, "CacheUrl": "*", "Architecture": "x86_64"])
        }
        XCTAssertEqual(try world.server.calls(of: "ExecuteChangeSet").count, 4)
    }

    func testRollbackAfterChangeOfSecretsFails() throws {
        let world = try World()
        _ = try world.deploy("--parameter", "BatchSize=500")
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy("--parameter", "BatchSize=700")
        _ = try world.deploy("--parameter", "CacheUrl=rediss://wrong")
        let run = try world.run("deploy", "--rollback", "--yes", status: 1)
        XCTAssertTrue(
            run.notes.contains(
                "stack concert-data-processor changed only secrets, which are not stored: set them with concertctl deploy "
                    + "--parameter CacheUrl=VALUE"), run.notes)
        XCTAssertEqual(try world.server.calls(of: "CreateChangeSet").count, 3)

        // A later version can be rolled back, with the new secret.
        _ = try world.deploy("--parameter", "BatchSize=900")
        _ = try world.run("deploy", "--rollback", "--yes")
        XCTAssertEqual(try world.parameters(), ["BatchSize": "700", "CacheUrl": "*", "Architecture": "x86_64"])
    }

    func testRollbackAfterFailedChangeOfSecretsSkipsIt() throws {
        let world = try World()
        _ = try world.deploy("--parameter", "BatchSize=500")
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy("--parameter", "BatchSize=700")
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]])
        _ = try world.deploy("--parameter", "CacheUrl=rediss://wrong", status: 1)
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.run("deploy", "--rollback", "--yes")
        XCTAssertEqual(try world.parameters(), ["BatchSize": "500", "CacheUrl": "*", "Architecture": "x86_64"])
    }

    func testRollbackIgnoresVersionsOfAnotherStack() throws {
        let world = try World()
        _ = try world.deploy("--parameter", "BatchSize=500")
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy(version: "2")
        try world.server.set(["incarnation": 2])
        let run = try world.run("deploy", "--rollback", "--yes", status: 1)
        XCTAssertTrue(run.notes.contains("no earlier version of stack concert-data-processor is in bucket"), run.notes)
        _ = try world.deploy(version: "3")
        let back = try world.run("deploy", "--rollback", "--yes")
        XCTAssertTrue(back.output.contains("back to the version that was replaced at"), back.output)
        try world.server.set(["incarnation": 1])
        _ = try world.run("deploy", "--rollback", "--yes")
    }

    /// A change by others after that is in the change set, or makes its execution fail.
    func testReplacedTemplateIsReadBeforeTheChangeSetIsCreated() throws {
        let world = try World()
        _ = try world.deploy()
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy(version: "2")
        let calls = try world.server.calls().map(\.operation).filter {
            ["GetTemplate", "CreateChangeSet"].contains($0)
        }
        XCTAssertEqual(calls, ["CreateChangeSet", "GetTemplate", "CreateChangeSet"])
    }

    func testRollbackWithoutEarlierVersionFails() throws {
        let world = try World()
        let none = try world.run("deploy", "--rollback", "--yes", status: 1)
        XCTAssertTrue(none.notes.contains("stack concert-data-processor does not exist"), none.notes)
        _ = try world.deploy()
        let first = try world.run("deploy", "--rollback", "--yes", status: 1)
        XCTAssertTrue(
            first.notes.contains("no earlier version of stack concert-data-processor is in bucket"), first.notes)
        for options in [["--zip", "z"], ["--template", "t"], ["--parameter", "A=b"]] {
            let run = try Concertctl.run(["deploy", "--rollback"] + options)
            XCTAssertEqual(run.status, 2)
            XCTAssertTrue(run.notes.contains("--rollback and \(options[0]) cannot be combined"), run.notes)
        }
    }

    func testReplacedAndRemovedResourcesAreReportedWithWarnings() throws {
        let world = try World([
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
        let world = try World()
        let zip = try DeploymentFiles.zip(in: world.folder)
        let run = try world.run("deploy", "--template", world.template, "--zip", zip, status: 1)
        XCTAssertTrue(run.notes.contains("cannot prompt without a terminal; pass --yes"), run.notes)
        XCTAssertEqual(try world.server.calls().count, 0)
    }

    func testPromptsNameAccountAndRegion() throws {
        let world = try World()
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
        let world = try World()
        let json = try world.deploy("--output", "json").json()
        XCTAssertEqual(json["status"] as? String, "CREATE_COMPLETE")
        XCTAssertEqual((json["changes"] as? [[String: Any]])?.first?["action"] as? String, "add")
        XCTAssertEqual((json["outputs"] as? [String: String])?["FunctionName"], "concert-data-processor")
        let removed = try world.run("undeploy", "--yes", "--output", "json", status: 1)
        XCTAssertEqual(removed.output, "", "the script's statuses are those of a creation")
    }

    /// A plan for a secret must not show it.
    func testDryRunSendsNothingAndMasksSecrets() throws {
        let world = try World()
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

    func testNoWaitPrintsCommandThatFollowsDeployment() throws {
        let world = try World([
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
                let world = try World()
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
        let world = try World()
        _ = try world.deploy()
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy(version: "2")
        try world.server.set(["statuses": Array(repeating: "UPDATE_IN_PROGRESS", count: 10_000)])
        let profiles = try world.folder.write(
            "[profile dev,ops]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n", to: "config")
        let bucket = "concert-data-deploy-123456789012-us-east-1"
        let options = ["--region", "us-east-1", "--profile", "dev,ops", "--bucket", bucket]
        let follow =
            "concertctl deploy --stack-name concert-data-processor --region us-east-1 --profile 'dev,ops' --bucket \(bucket)"
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
        let world = try World(["statuses": Array(repeating: "CREATE_IN_PROGRESS", count: 10_000)])
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
        let world = try World(["statuses": Array(repeating: "CREATE_IN_PROGRESS", count: 10_000)])
        let run = try world.deploy("--timeout", "1", status: 1)
        XCTAssertTrue(run.notes.contains("waited until --timeout; the operation continues at AWS"), run.notes)
        XCTAssertTrue(run.notes.contains("next: concertctl deploy --stack-name concert-data-processor"), run.notes)
    }

    func testUndeployListsRemainingResources() throws {
        let world = try World()
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
        let world = try World([
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
        let world = try World()
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
