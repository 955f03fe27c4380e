import Foundation
import TestSupport
import XCTest

final class ReplayTests: XCTestCase {
    private static let good = #"{"artist_id":"a1","name":"Nova","data_type":"artists"}"#
    private static let bad = #"{"artist_id":"a2","name":"Nova","popularity_score":185}"#

    func testFixturesAreReplayedAndReported() throws {
        let run = try Concertctl.run(["replay", "Fixtures/kinesis", "--output", "json"])
        XCTAssertEqual(run.status, 3, run.notes)
        let records = try XCTUnwrap(run.json()["records"] as? [String: Any])
        let byOutcome = try XCTUnwrap(records["byOutcome"] as? [String: Int])
        XCTAssertEqual(records["total"] as? Int, byOutcome.values.reduce(0, +))
        XCTAssertGreaterThan(byOutcome["processed"] ?? 0, 200)
        let badRecords = try XCTUnwrap(run.json()["badRecords"] as? [String: Any])
        let reasons = try XCTUnwrap(badRecords["byReason"] as? [String: Int])
        let known = ["base64", "gzip", "json", "kind", "kpl", "missing", "range", "type", "utf8"]
        XCTAssertEqual(reasons.keys.sorted(), known, "a fixture for each reason")
        XCTAssertEqual(byOutcome["failed"], reasons.values.reduce(0, +), "bad records fail without dead letters")
    }

    func testSinkFolderHasDeadLettersAndNewestVersions() throws {
        let folder = try TemporaryFolder()
        let older = #"{"artist_id":"a1","name":"Older","data_type":"artists"}"#
        let file = try folder.write([older, Self.bad, Self.good].joined(separator: "\n"), to: "payloads.ndjson")
        let run = try Concertctl.run(["replay", file, "--sink-dir", folder.url.path + "/out"])
        XCTAssertEqual(run.status, 0, run.notes)
        let artists = try String(contentsOf: folder.url.appending(path: "out/artists.ndjson"), encoding: .utf8)
        XCTAssertEqual(artists, #"{"artist_id":"a1","name":"Nova","popularity_score":0}"# + "\n")
        let script = try String(contentsOf: folder.url.appending(path: "out/warehouse.sql"), encoding: .utf8)
        XCTAssertTrue(script.hasPrefix("BEGIN;\nLOCK \"concert_dw\".write_lock;\n"), script)
        XCTAssertTrue(script.contains("('a1','Nova',"), script)
        let letters = try Data(contentsOf: folder.url.appending(path: "out/dead-letters.ndjson"))
        let letter = try XCTUnwrap(JSONSerialization.jsonObject(with: letters) as? [String: Any])
        XCTAssertEqual(letter["reason"] as? String, "range")
        XCTAssertEqual(letter["data"] as? String, Data(Self.bad.utf8).base64EncodedString())
    }

    func testSinkFolderHasStagedObjects() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(Self.good, to: "payloads.ndjson")
        let environment = [
            "REDSHIFT_LOAD": "staged", "REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev",
            "REDSHIFT_STAGING_BUCKET": "staging", "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
        ]
        let run = try Concertctl.run(
            ["replay", file, "--sink-dir", folder.url.path + "/out"], environment: environment)
        XCTAssertEqual(run.status, 0, run.notes)
        let root = folder.url.appending(path: "out/redshift-staged/wg/dev/concert_dw/artists")
        let names = try XCTUnwrap(FileManager.default.enumerator(atPath: root.path)).compactMap { $0 as? String }
        let object = try XCTUnwrap(names.first { $0.hasSuffix(".ndjson.gz") }, "\(names)")
        XCTAssertEqual(try Data(contentsOf: root.appending(path: object)).prefix(2), Data([0x1F, 0x8B]))
        XCTAssertFalse(FileManager.default.fileExists(atPath: folder.url.path + "/out/warehouse.sql"))
        let unnamed = try Concertctl.run(
            ["replay", file, "--sink-dir", folder.url.path + "/other"], environment: ["REDSHIFT_LOAD": "staged"])
        XCTAssertEqual(unnamed.status, 0, unnamed.notes)
        XCTAssertTrue(
            FileManager.default.fileExists(
                atPath: folder.url.path + "/other/redshift-staged/local/local/concert_dw/artists"))
    }

    /// An accented letter as one or two scalars: equal in Swift, but two entities in every sink.
    func testCanonicallyEquivalentIDsAreDistinct() throws {
        let folder = try TemporaryFolder()
        let ids = ["caf\u{E9}", "cafe\u{301}"]
        let payloads = ids.flatMap { id in
            [
                #"{"concert_id":"\#(id)","artist_id":"\#(id)","event_date":"2030-01-01"}"#,
                #"{"artist_id":"\#(id)","name":"N"}"#,
                #"{"venue_id":"\#(id)","name":"V","city":"Bern","country":"CH"}"#,
            ]
        }
        let path = try folder.write(payloads.joined(separator: "\n"), to: "payloads.ndjson")
        let run = try Concertctl.run(["replay", path, "--sink-dir", folder.url.path + "/out"])
        XCTAssertEqual(run.status, 0, run.notes)
        for name in ["artists", "concerts", "venues", "notifications"] {
            let text = try String(contentsOf: folder.url.appending(path: "out/\(name).ndjson"), encoding: .utf8)
            XCTAssertEqual(text.split(separator: "\n").count, 2, name)
        }
        let cache = try Data(contentsOf: folder.url.appending(path: "out/cache.json"))
        let contents = try XCTUnwrap(JSONSerialization.jsonObject(with: cache) as? [String: [String: Any]])
        // Foundation's dictionaries would merge two of the keys.
        let text = String(decoding: cache, as: UTF8.self)
        XCTAssertNotNil(contents["documents"])
        for id in ids {
            for key in ["artist:", "concert:", "venue:", "artist-concerts:"] {
                XCTAssertNotNil(Array(text.utf8).range(of: Array("\"concert:\(key)\(id)\"".utf8)), "\(key)\(id)")
            }
        }
    }

    func testSameEventsProduceSameSinks() throws {
        let folder = try TemporaryFolder()
        for name in ["first", "second"] {
            let sinks = folder.url.appending(path: name).path
            XCTAssertEqual(try Concertctl.run(["replay", "Fixtures/kinesis", "--sink-dir", sinks]).status, 0)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.appending(path: "first").path)
        XCTAssertEqual(names.count, 8)
        for name in names {
            let first = try Data(contentsOf: folder.url.appending(path: "first/\(name)"))
            XCTAssertEqual(first, try Data(contentsOf: folder.url.appending(path: "second/\(name)")), name)
        }
    }

    func testSinkFolderHasNotifications() throws {
        let folder = try TemporaryFolder()
        let concert = #"{"concert_id":"c","name":"N","event_date":"2030-01-01T20:00:00Z","status":"#
        let states = ["scheduled", "scheduled", "cancelled"].map { concert + "\"\($0)\"}" }
        let path = try folder.write(states.joined(separator: "\n"), to: "payloads.ndjson")
        let sinks = folder.url.path + "/out"
        XCTAssertEqual(try Concertctl.run(["replay", path, "--batch-size", "1", "--sink-dir", sinks]).status, 0)
        let lines = try String(contentsOfFile: sinks + "/notifications.ndjson", encoding: .utf8)
        let types = try lines.split(separator: "\n").map {
            try XCTUnwrap(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])["type"] as? String
        }
        XCTAssertEqual(types, ["concert.announced", "concert.cancelled"])

        // An invalid setting of the notifier is an error only if the notifier is selected.
        let wrong = ["NOTIFY_ON": "concert.sung"]
        XCTAssertEqual(try Concertctl.run(["replay", path], environment: wrong).status, 0)
        let refused = try Concertctl.run(["replay", path, "--sink-dir", sinks], environment: wrong)
        XCTAssertNotEqual(refused.status, 0)
        XCTAssertTrue(refused.notes.contains("NOTIFY_ON"), refused.notes)
    }

    func testEventsPayloadsFoldersAndStandardInputAreRead() throws {
        let folder = try TemporaryFolder()
        let event = try String(
            contentsOf: Repository.root.appending(path: "Fixtures/kinesis/one-artist.event.json"), encoding: .utf8)
        let line = event.replacing("\n", with: "")
        let cases: [(name: String, text: String, records: Int, events: Int)] = [
            ("event.json", event, 1, 1),
            ("payloads.ndjson", Self.good + "\n\n" + Self.good + "\r\n", 2, 1),
            ("payload.json", "{\n  \"artist_id\": \"a1\",\n  \"name\": \"Nova\"\n}\n", 1, 1),
            ("mixed.jsonl", [Self.good, line, Self.good].joined(separator: "\n"), 3, 3),
        ]
        for row in cases {
            let path = try folder.write(row.text, to: row.name)
            let inputs: [(arguments: [String], input: String)] = [([path], ""), (["-"], row.text)]
            for (arguments, input) in inputs {
                let run = try Concertctl.run(
                    ["replay", "--output=json"] + arguments, input: Data(input.utf8))
                XCTAssertEqual(run.status, 0, "\(row.name): \(run.notes)\(run.output)")
                XCTAssertEqual((try run.json()["records"] as? [String: Any])?["total"] as? Int, row.records, row.name)
                XCTAssertEqual(try run.json()["events"] as? Int, row.events, row.name)
            }
        }
        _ = try folder.write("{}", to: "event.response.json")
        _ = try folder.write("{}", to: ".hidden/event.json")
        let run = try Concertctl.run(["replay", folder.url.path, "--output", "json"])
        XCTAssertEqual(try run.json()["events"] as? Int, 6, run.notes)
    }

    func testPayloadsAreCombinedIntoBatches() throws {
        let payloads = Data((0..<7).map { _ in Self.good + "\n" }.joined().utf8)
        let run = try Concertctl.run(
            ["replay", "-", "--batch-size", "3", "--repeat", "2", "--output", "json"], input: payloads)
        XCTAssertEqual(try run.json()["events"] as? Int, 6)
        XCTAssertEqual((try run.json()["records"] as? [String: Any])?["total"] as? Int, 14)
    }

    func testFailedInvocationIsReported() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(#"{"Records":[{"eventSource":"aws:sqs","body":"x"}]}"#, to: "queue.event.json")
        // With direct delivery and with the poller, which cannot split the event.
        for more in [[], ["--retries", "1"]] {
            let run = try Concertctl.run(["replay", path] + more)
            XCTAssertEqual(run.status, 3, "\(more)")
            XCTAssertTrue(run.output.contains("Runtime.InvalidEvent"), run.output)
            XCTAssertTrue(run.output.contains("aws:sqs"), run.output)
        }
        let broken = try folder.write(#"{"Records":[{"kinesis":"#, to: "broken.event.json")
        XCTAssertEqual(try Concertctl.run(["replay", broken, "--retries", "1"]).status, 3)
    }

    func testControlCharactersAreEscaped() throws {
        let payload = #"{"artist_id":"a1","name":"n","genre":7,"popularity_score":"\u001b[31m red"}"#
        let run = try Concertctl.run(["replay", "-"], input: Data((payload + "\n\u{7F}\u{9B}\n").utf8))
        XCTAssertEqual(run.status, 3)
        XCTAssertFalse(run.output.unicodeScalars.contains { $0.value == 0x1B || (0x7F..<0xA0).contains($0.value) })
    }

    func testLogProcessorUsesLogLevel() throws {
        let run = try Concertctl.run(
            ["replay", "-", "--processors", "log,local"], input: Data(Self.good.utf8),
            environment: ["AWS_LAMBDA_LOG_LEVEL": "DEBUG", "AWS_LAMBDA_LOG_FORMAT": "Text"])
        XCTAssertEqual(run.status, 0)
        XCTAssertTrue(run.notes.contains(#"entity={"artist_id":"a1","name":"Nova","popularity_score":0}"#), run.notes)
    }

    func testBuiltBootstrapHasSameResults() throws {
        let arguments = ["replay", "Fixtures/kinesis", "--output", "json"]
        let inProcess = try Concertctl.run(arguments)
        let driven = try Concertctl.run(arguments + ["--bootstrap", "dist/bootstrap"])
        XCTAssertEqual(driven.status, 3, "\(driven.notes); dist/bootstrap is built by make package")
        for member in ["records", "badRecords", "events", "bytes"] {
            let expected = try XCTUnwrap(inProcess.json()[member] as? NSObject)
            XCTAssertEqual(try driven.json()[member] as? NSObject, expected, member)
        }
    }

    func testBootstrapInitErrorIsReported() throws {
        let run = try Concertctl.run(
            ["replay", "Fixtures/kinesis", "--bootstrap", "dist/bootstrap", "--processors", "warehouse"])
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("PROCESSORS names \"warehouse\""), run.notes)
    }

    func testSameSeedGeneratesSameEvent() throws {
        let first = try Concertctl.run(["generate", "--records", "50", "--seed", "7"])
        XCTAssertEqual(first.output, try Concertctl.run(["generate", "--records", "50", "--seed", "7"]).output)
        XCTAssertNotEqual(first.output, try Concertctl.run(["generate", "--records", "50", "--seed", "8"]).output)
        let replayed = try Concertctl.run(["replay", "-", "--output", "json"], input: Data(first.output.utf8))
        XCTAssertEqual(replayed.status, 0)
        XCTAssertEqual((try replayed.json()["records"] as? [String: Any])?["total"] as? Int, 50)
    }
}
