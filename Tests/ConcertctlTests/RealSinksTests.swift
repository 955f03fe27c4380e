import Foundation
import TestSupport
import XCTest

/// Which settings a local replay passes on, so that a rehearsal writes to nothing real.
final class RealSinksTests: XCTestCase {
    private static let sinks = [
        "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:9/1/q", "DEAD_LETTER_BUCKET": "b",
        "CACHE_URL": "redis://127.0.0.1:9",
        "CACHE_KEY_PREFIX": "x:", "REDSHIFT_WORKGROUP_NAME": "w", "REDSHIFT_LOAD": "staged",
        "NOTIFY_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:t", "NOTIFY_WEBHOOK_SECRET": "hush",
    ]
    private static let others = ["AWS_REGION": "us-east-1", "WINDOW_AGGREGATES": "on", "CACHET": "kept"]

    func testBootstrapGetsRealSinkSettingsOnlyOnRequest() throws {
        let folder = try TemporaryFolder()
        let dump = folder.url.path + "/environment"
        // Dumps its environment and exits.
        let script = try folder.write("#!/bin/sh\nenv > \(dump)\nexit 7\n", to: "bootstrap")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let event = "Fixtures/kinesis/one-artist.event.json"
        let letter = try folder.write(
            #"{"reason":"refused","message":"m","sequence_number":"7","data":"e30="}"#, to: "letter.json")
        let all = Self.sinks.keys.sorted()
        let letters = all.filter { $0.hasPrefix("DEAD_LETTER_") }
        let replay = ["replay", event, "--bootstrap", script]
        let cases: [(arguments: [String], processors: String?, leftOut: [String], passed: String?)] = [
            (replay, "redshift,cache", (all + ["PROCESSORS"]).sorted(), nil),
            (replay, nil, all, nil), (replay, "log", all, "log"),
            (replay + ["--processors", "cache,notifier"], nil, all, "cache,notifier"),
            (replay + ["--real-sinks"], "redshift,cache", [], "redshift,cache"),
            (["dead-letters", "replay", letter, "--bootstrap", script], "cache", letters, "cache"),
        ]
        for row in cases {
            var environment = Self.sinks.merging(Self.others) { $1 }
            environment["PROCESSORS"] = row.processors
            let run = try Concertctl.run(row.arguments, environment: environment)
            XCTAssertEqual(run.status, 1, run.notes)
            let lines = try String(contentsOfFile: dump, encoding: .utf8).split(separator: "\n")
            var given: [String: String] = [:]
            for line in lines {
                let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                given[parts[0]] = parts.count == 2 ? parts[1] : ""
            }
            for (name, value) in Self.sinks {
                XCTAssertEqual(given[name], row.leftOut.contains(name) ? nil : value, "\(row.arguments): \(name)")
            }
            for (name, value) in Self.others { XCTAssertEqual(given[name], value, "\(row.arguments): \(name)") }
            XCTAssertEqual(given["PROCESSORS"], row.passed, "\(row.arguments)")
            if row.arguments.first == "replay" {
                let note =
                    "settings not passed to the bootstrap: \(row.leftOut.joined(separator: ", ")); to pass them, use --real-sinks"
                XCTAssertEqual(run.notes.contains(note), !row.leftOut.isEmpty, run.notes)
                XCTAssertFalse(run.notes.contains("hush"), run.notes)
            }
        }
    }

    func testEmbeddedSinksMakeNoCalls() throws {
        let fake = try StrictAWS()
        let folder = try TemporaryFolder()
        var environment = Self.sinks.merging(fake.environment) { $1 }
        environment["DEAD_LETTER_QUEUE_URL"] = fake.url + "/123456789012/letters"
        environment["NOTIFY_ON"] = "concert.announced"
        environment["PROCESSORS"] = "redshift,cache,notifier"
        let run = try Concertctl.run(
            ["replay", "Fixtures/kinesis", "--sink-dir", folder.url.path + "/out"], environment: environment)
        XCTAssertEqual(run.status, 0, run.notes)
        let notifications = try Data(contentsOf: folder.url.appending(path: "out/notifications.ndjson"))
        XCTAssertFalse(notifications.isEmpty)
        XCTAssertEqual(try fake.calls().map(\.operation), [])
        let usage = try Concertctl.run(["replay", "Fixtures/kinesis", "--real-sinks"])
        XCTAssertEqual(usage.status, 2)
        XCTAssertTrue(usage.notes.contains("--real-sinks requires --bootstrap"), usage.notes)
    }
}
