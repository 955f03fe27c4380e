import Foundation
import TestSupport
import XCTest

/// Tests `deploy --rollback`, and the versions that it restores.
final class DeployRollbackTests: XCTestCase {
    func testUpdateKeepsParametersAndRollbackRestoresPreviousVersion() throws {
        let world = try DeployWorld()
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
        let world = try DeployWorld()
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
        let world = try DeployWorld()
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
        let world = try DeployWorld()
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
        let world = try DeployWorld()
        _ = try world.deploy()
        try world.server.set(["statuses": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]])
        _ = try world.deploy(version: "2")
        let calls = try world.server.calls().map(\.operation).filter {
            ["GetTemplate", "CreateChangeSet"].contains($0)
        }
        XCTAssertEqual(calls, ["CreateChangeSet", "GetTemplate", "CreateChangeSet"])
    }

    func testRollbackWithoutEarlierVersionFails() throws {
        let world = try DeployWorld()
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
}
