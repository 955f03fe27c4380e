import Foundation
import TestSupport
import XCTest

@testable import concertctl

/// Tests that every command fails soon, with status 1 and advice, if AWS is unreachable or rejects calls.
final class AdversityTests: XCTestCase {
    /// Arguments with which each command makes its first call.
    private static let words: [String: [String]] = [
        "stream setup": [], "stream describe": [], "stream list": [], "stream put": ["--partition-key", "k"],
        "stream tail": [], "stream metrics": [], "stream scale": ["--target-shard-count", "2"],
        "stream retention": ["48"], "stream mode": ["--stream-mode", "ON_DEMAND"], "stream encrypt": [],
        "stream monitor": ["--enable", "ALL"], "stream tag": ["--tags", "A=B"],
        "stream consumer": ["register", "--consumer-name", "c"], "stream delete": ["--yes"],
        "mapping create": [], "mapping list": [], "mapping show": [], "mapping update": ["--batch-size", "5"],
        "mapping enable": [], "mapping disable": [], "mapping delete": ["--yes"], "doctor": [],
        "warehouse init": [], "warehouse load": [], "warehouse status": [],
        "dead-letters list": ["--queue-url", "http://127.0.0.1:9/1/q"],
        "dead-letters show": ["--bucket", "letters"],
        "dead-letters replay": ["--queue-url", "http://127.0.0.1:9/1/q"],
        "replay": ["--from-stream", "no-such-stream"],
        "deploy": ["--template", "template.yaml", "--zip", "ZIP", "--yes"], "undeploy": ["--yes"],
    ]

    private static let warehouse = [
        "REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev", "REDSHIFT_STAGING_BUCKET": "staging",
        "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
    ]

    private static var names: [String] {
        CommandTree.commands.map { $0.description }.filter { $0.options.contains { $0.name == "--region" } }
            .map(\.name).filter { $0 != Cost.description.name }
    }

    private static let keys = ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-key-text"]

    func testAllCommandsHaveArguments() {
        XCTAssertEqual(Self.names.sorted(), Self.words.keys.sorted())
    }

    /// Runs all commands concurrently, because most of them mainly wait between attempts.
    ///
    /// - Parameter advice: Texts, one of which the error must contain.
    private func check(_ environment: [String: String], not skipped: Set<String> = [], advice: [String]) throws {
        let home = try TemporaryFolder()
        let zip = try DeploymentFiles.zip(in: home)
        let programs = try Self.names.filter { !skipped.contains($0) }.map { name in
            let options = (Self.words[name] ?? []).map { $0 == "ZIP" ? zip : $0 }
            let hasStream =
                ![
                    "stream list", "mapping list", "warehouse init", "warehouse load", "dead-letters list",
                    "dead-letters show", "dead-letters replay", "replay", "deploy", "undeploy",
                ].contains(name)
            let stream = hasStream ? ["--stream-name", "no-such-stream"] : []
            let program = try Concertctl.start(
                name.split(separator: " ").map(String.init) + options + stream, home: home,
                input: Data(#"{"artist_id":"a","name":"n"}"#.utf8),
                environment: environment.merging(Self.warehouse) { $1 })
            return (name, program)
        }
        for (name, program) in programs {
            let run = try program.finish(timeLimit: 60)
            let text = run.output + run.notes
            XCTAssertEqual(run.status, 1, "\(name): \(text)")
            XCTAssertTrue(advice.contains { text.contains($0) }, "\(name): \(text)")
            XCTAssertFalse(text.contains("secret-key-text"), text)
        }
        withExtendedLifetime(home) {}
    }

    func testWithoutANetwork() throws {
        // A port without a listener.
        try check(
            Self.keys.merging(["AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"]) { $1 },
            advice: ["check that the server runs there", "check the host name"])
    }

    func testWithoutCredentials() throws {
        try check(
            ["AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"],
            advice: ["or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure"])
    }

    func testInARegionThatHasNoName() throws {
        try check(
            Self.keys.merging(["AWS_REGION": "nowhere"]) { $1 },
            advice: ["expected a name such as us-east-1", "export AWS_REGION=us-east-1"])
        try check(Self.keys, advice: ["set AWS_REGION", "export AWS_REGION=us-east-1"])
    }

    func testWithAWrongName() throws {
        let server = try StrictAWS()
        // A setup creates the stream, lists cannot fail, and the fake has neither a warehouse nor a queue.
        try check(
            server.environment,
            not: [
                "stream setup", "stream list", "mapping list", "warehouse init", "warehouse load",
                "warehouse status", "dead-letters list", "dead-letters show", "dead-letters replay", "deploy",
                "undeploy",
            ],
            advice: ["no-such-stream"])
    }
}
