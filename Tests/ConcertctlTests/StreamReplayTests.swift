import Foundation
import TestSupport
import XCTest

/// `replay --from-stream` against the strict fake.
final class StreamReplayTests: XCTestCase {
    private func put(_ lines: String, _ server: StrictAWS) throws {
        let run = try Concertctl.run(
            ["stream", "put", "--stream-name", "concerts"], input: Data(lines.utf8), environment: server.environment)
        XCTAssertEqual(run.status, 0, run.notes)
    }

    private func server() throws -> StrictAWS {
        let server = try StrictAWS()
        try server.set(["readsUntilActive": 0])
        let run = try Concertctl.run(
            [
                "stream", "setup", "--stream-name", "concerts", "--shard-count", "2", "--no-policy", "--no-test-record",
            ], environment: server.environment)
        XCTAssertEqual(run.status, 0, run.notes)
        return server
    }

    private func outcomes(_ run: Run) throws -> [String: Int]? {
        (try run.json()["records"] as? [String: Any])?["byOutcome"] as? [String: Int]
    }

    func testStreamAndRecordingHaveSameResults() throws {
        let server = try server()
        try put((0..<250).map { #"{"artist_id":"a\#($0)","name":"n"}"# + "\n" }.joined(), server)
        let folder = try TemporaryFolder()
        let fixture = folder.url.path + "/fixture.ndjson"
        let first = try Concertctl.run(
            [
                "replay", "--from-stream", "concerts", "--batch-size", "40", "--record", fixture, "--sink-dir",
                folder.url.path + "/first", "--output", "json",
            ], environment: server.environment)
        XCTAssertEqual(first.status, 0, first.notes)
        XCTAssertEqual(try outcomes(first)?["processed"], 250)
        // Both shards are recorded, and each event has records of one shard.
        let events = try String(contentsOfFile: fixture, encoding: .utf8).split(separator: "\n")
        XCTAssertGreaterThanOrEqual(events.count, 7)
        var shards: Set<String> = []
        for event in events {
            let object = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(event.utf8)) as? [String: Any])
            let records = try XCTUnwrap(object["Records"] as? [[String: Any]])
            XCTAssertLessThanOrEqual(records.count, 40)
            let names = Set(records.compactMap { ($0["eventID"] as? String)?.prefix { $0 != ":" } }.map(String.init))
            XCTAssertEqual(names.count, 1)
            shards.formUnion(names)
        }
        XCTAssertEqual(shards.count, 2)
        // The recording is replayed without the stream.
        let again = try Concertctl.run([
            "replay", fixture, "--retries", "0", "--batch-size", "40", "--sink-dir", folder.url.path + "/again",
            "--output", "json",
        ])
        XCTAssertEqual(try outcomes(again), try outcomes(first), again.notes)
        for file in ["artists.ndjson", "cache.json", "warehouse.sql"] {
            XCTAssertEqual(
                try Data(contentsOf: folder.url.appending(path: "first/\(file)")),
                try Data(contentsOf: folder.url.appending(path: "again/\(file)")), file)
        }
        let limited = try Concertctl.run(
            ["replay", "--from-stream", "concerts", "--limit", "30", "--output", "json"],
            environment: server.environment)
        XCTAssertEqual(try outcomes(limited)?["processed"], 30)
    }

    func testRecordingContainsOnlyEvents() throws {
        let folder = try TemporaryFolder()
        let broken = try folder.write(#"{"Records":["# + "\n", to: "broken.event.json")
        let file = folder.url.path + "/recorded.ndjson"
        let run = try Concertctl.run(["replay", broken, "--record", file])
        XCTAssertEqual(run.status, 1, run.output)
        XCTAssertTrue(run.notes.contains("broken.event.json is not an event"), run.notes)
        XCTAssertFalse(FileManager.default.fileExists(atPath: file))
        // Events of payloads and multiline events are written on one line each.
        let payloads = try folder.write(#"{"artist_id":"a","name":"n"}"# + "\nno JSON\n", to: "payloads.ndjson")
        let event = try folder.write("{\n\"Records\":\r\n[]}", to: "empty.event.json")
        XCTAssertEqual(try Concertctl.run(["replay", payloads, event, "--record", file]).status, 3)
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        XCTAssertEqual(lines.count, 2)
        XCTAssertEqual(lines.last, #"{ "Records":  []}"#)
        let again = try Concertctl.run(["replay", file, "--output", "json"])
        XCTAssertEqual(try outcomes(again)?["failed"], 1)
        XCTAssertEqual(try outcomes(again)?["processed"], 1)
    }

    func testMissingStreamAndRecordsAreReported() throws {
        let server = try server()
        func run(_ words: String...) throws -> Run {
            try Concertctl.run(["replay"] + words, environment: server.environment)
        }
        let empty = try run("--from-stream", "concerts")
        XCTAssertEqual(empty.status, 1)
        XCTAssertTrue(empty.notes.contains("stream concerts has no records"), empty.notes)
        XCTAssertTrue(try run("--from-stream", "nothere").notes.contains("nothere"))
        for words in [
            ["--from-stream", "concerts", "file.json"], ["--from", "1h", "Fixtures"], ["--limit", "1", "Fixtures"],
            ["--from-stream", "concerts", "--from", "LATEST"], ["--from-stream", "no stream"],
            ["Fixtures", "--tumbling-window", "901"], ["Fixtures", "--window", "301"], ["Fixtures", "--workers", "0"],
        ] {
            let run = try Concertctl.run(["replay"] + words, environment: server.environment)
            XCTAssertEqual(run.status, 2, "\(words): \(run.notes)")
        }
    }
}
