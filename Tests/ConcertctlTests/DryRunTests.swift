import Foundation
import TestSupport
import XCTest

@testable import concertctl

/// Tests that neither a dry run nor a command without a dry run changes anything, for every command of the tree.
final class DryRunTests: XCTestCase {
    /// Arguments that make each command send all of its calls.
    ///
    /// A missing command fails the tests.
    private static let examples: [String: [[String]]] = [
        "replay": [["--from-stream", "concerts"]],
        "stream setup": [["--retention-period-hours", "48", "--max-record-size-in-ki-b", "2048", "--update-policy"]],
        "stream describe": [[]], "stream list": [[]], "stream put": [["-"]], "stream tail": [["--no-follow"]],
        "stream metrics": [["--metric-name", "IncomingRecords"]],
        "stream scale": [["--target-shard-count", "8", "--max-record-size-in-ki-b", "2048"]],
        "stream retention": [["48"], ["24"]], "stream mode": [["--stream-mode", "ON_DEMAND"]],
        "stream encrypt": [[], ["--disable"]],
        "stream monitor": [["--enable", "IncomingBytes", "--disable", "OutgoingBytes"]],
        "stream tag": [["--tags", "a=b", "--tag-keys", "c"]],
        "stream consumer": [["register", "--consumer-name", "c"], ["deregister", "--consumer-name", "c"]],
        "stream delete": [["--enforce-consumer-deletion"]],
        "mapping create": [["--wait", "--tags", "a=b"], ["--update", "--batch-size", "7"]], "mapping list": [[]],
        "mapping show": [["--uuid", "u"]],
        "mapping update": [["--batch-size", "7", "--wait"], ["--uuid", "u", "--enabled"]],
        "mapping enable": [["--wait"]], "mapping disable": [["--wait"], ["--uuid", "u"]],
        "mapping delete": [["--wait"], ["--uuid", "u"]],
        "dead-letters list": [[]], "dead-letters show": [[]],
        "dead-letters replay": [[], ["--to", "stream"], ["--bucket", "letters"]],
        "warehouse init": [[]], "warehouse load": [[]], "warehouse status": [[]],
        "deploy": [["--template", "template.yaml", "--zip", "ZIP"], ["--rollback"]], "undeploy": [[]],
        "doctor": [[]], "cost": [["--records-per-day", "5", "--bytes-per-record", "5"]], "generate": [[]],
        "completion": [["bash"]], "documentation": [[]], "records-documentation": [[]],
        "settings-documentation": [["docs/configuration.md"]],
    ]

    /// The commands that read their source in a dry run.
    private static let readers = ["dead-letters replay", "warehouse load"]

    private static let settings = [
        "AWS_KINESIS_STREAM_NAME": "concerts", "AWS_MAX_ATTEMPTS": "1", "REDSHIFT_WORKGROUP_NAME": "wg",
        "REDSHIFT_DATABASE": "dev", "REDSHIFT_STAGING_BUCKET": "letters",
        "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
    ]

    private static func has(dryRun command: any Command.Type) -> Bool {
        command.description.options.contains { $0.name == "--dry-run" }
    }

    /// - Parameter folder: Takes the files that a command needs.
    private static func words(of command: any Command.Type, in folder: TemporaryFolder) throws -> [[String]] {
        let name = command.description.name
        let examples = try XCTUnwrap(Self.examples[name], "\(name) has no example here")
        let zip = try DeploymentFiles.zip(in: folder)
        return examples.map { name.split(separator: " ").map(String.init) + $0.map { $0 == "ZIP" ? zip : $0 } }
    }

    func testADryRunSendsNothing() throws {
        let oracle = try SigV4Oracle()
        let environment = oracle.environment().merging(Self.settings) { $1 }
        let folder = try TemporaryFolder()
        let commands = CommandTree.commands.filter(Self.has)
        XCTAssertGreaterThan(commands.count, 15)
        for command in commands where !Self.readers.contains(command.description.name) {
            for words in try Self.words(of: command, in: folder) {
                let input = Data("{\"artist_id\":\"a\",\"name\":\"n\"}\n".utf8)
                let text = try Concertctl.run(words + ["--dry-run"], input: input, environment: environment)
                XCTAssertEqual(text.status, 0, "\(words): \(text.notes)")
                XCTAssertFalse(text.output.isEmpty, "\(words) plans nothing")
                let notes = text.notes.split(separator: "\n").filter { $0.hasPrefix("note: a dry run calls nothing") }
                XCTAssertEqual(notes.count, 1, "\(words): \(text.notes)")
                XCTAssertFalse(text.output.contains("dry run calls"), "\(words)")
                let json = try Concertctl.run(
                    words + ["--dry-run", "--output", "json"], input: input, environment: environment)
                XCTAssertEqual(json.status, 0, "\(words): \(json.notes)")
                let calls = try XCTUnwrap(
                    JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]], "\(words)")
                XCTAssertTrue(
                    calls.contains { Self.isChange($0["operation"] as? String, method: $0["method"] as? String ?? "") },
                    "\(words) plans no change: \(json.output)")
                XCTAssertEqual(try oracle.requests().map(\.path), [], "\(words) sends a request")
            }
        }
    }

    func testADryRunThatReadsItsSourceChangesNothing() throws {
        let folder = try TemporaryFolder()
        let world = try DeadLettersTests.World()
        try world.send(DeadLettersTests.letter(1, "one"))
        try world.upload([
            "dead-letters/1": DeadLettersTests.letter(2, "two"),
            "redshift-staged/wg/dev/concert_dw/artists/3-x/2026/11/09/04/x.ndjson.gz": "x",
        ])
        var environment = world.environment.merging(Self.settings) { $1 }
        environment["DEAD_LETTER_QUEUE_URL"] = world.queue
        for command in CommandTree.commands where Self.readers.contains(command.description.name) {
            for words in try Self.words(of: command, in: folder) {
                let before = try world.oracle.requests().count
                let run = try Concertctl.run(words + ["--dry-run", "--output", "json"], environment: environment)
                XCTAssertEqual(run.status, 0, "\(words): \(run.notes)")
                XCTAssertNoThrow(try run.json(), "\(words)")
                let requests = try world.oracle.requests().dropFirst(before)
                XCTAssertFalse(requests.isEmpty, "\(words) reads nothing")
                for request in requests where Self.isChange(request.operation, method: request.method) {
                    XCTFail("\(words) sends \(request.operation ?? request.method) \(request.path)")
                }
            }
        }
        XCTAssertEqual(try world.messages().visible, 1)
    }

    /// A command that can change something must have a dry run.
    func testACommandWithoutADryRunChangesNothing() throws {
        let folder = try TemporaryFolder()
        let world = try DeadLettersTests.World()
        let warehouse = try SigV4Oracle()
        var environment = world.environment.merging(Self.settings) { $1 }
        environment["DEAD_LETTER_QUEUE_URL"] = world.queue
        environment["AWS_ENDPOINT_URL_REDSHIFT_DATA"] = warehouse.url
        for command in CommandTree.commands where !Self.has(dryRun: command) {
            for words in try Self.words(of: command, in: folder) {
                let before = (try world.oracle.requests().count, try warehouse.requests().count)
                let run = try Concertctl.run(words, environment: environment)
                XCTAssertNotEqual(run.status, 2, "\(words): \(run.notes)")
                let requests =
                    try world.oracle.requests().dropFirst(before.0) + warehouse.requests().dropFirst(before.1)
                let callsAWS = command.description.options.contains { $0.name == SharedOption.profile.name }
                XCTAssertEqual(requests.isEmpty, !callsAWS, "\(words): \(run.notes)")
                for request in requests {
                    // The Data API runs queries and changes with the same operation.
                    if command == WarehouseStatus.self, request.operation == "ExecuteStatement" { continue }
                    XCTAssertFalse(
                        Self.isChange(request.operation, method: request.method),
                        "\(words) sends \(request.operation ?? request.method) \(request.path), and has no --dry-run")
                }
            }
        }
    }

    /// Returns whether an operation is a change, judged by its name and independently of the list in the program.
    private static func isChange(_ operation: String?, method: String) -> Bool {
        guard let operation else { return !["GET", "HEAD"].contains(method) }
        // Makes received messages visible again.
        if operation == "ChangeMessageVisibilityBatch" { return false }
        return !["Describe", "Get", "Head", "List", "Receive"].contains { operation.hasPrefix($0) }
    }
}
