import Foundation
import TestSupport
import XCTest

/// Tests `concertctl replay` with delivery like Lambda's poller.
final class PolledReplayTests: XCTestCase {
    private static let good = #"{"artist_id":"a1","name":"Nova"}"#
    private static let poison = "<script>alert(1)</script>\u{1B}[31m & \"quotes\""

    /// Returns payloads that are invalid at the indices of `poisoned`.
    private func payloads(_ count: Int, poisoned: Set<Int>, _ folder: TemporaryFolder) throws -> String {
        let lines = (0..<count).map { poisoned.contains($0) ? Self.poison : Self.good }
        return try folder.write(lines.joined(separator: "\n"), to: "payloads.ndjson")
    }

    private func documents(_ path: String) throws -> [[String: Any]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try XCTUnwrap(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    func testRateLimitsDeliveries() throws {
        let folder = try TemporaryFolder()
        let path = try payloads(60, poisoned: [], folder)
        for more in [[], ["--retries", "1"]] {
            let start = ContinuousClock.now
            let run = try Concertctl.run(["replay", path, "--batch-size", "10", "--rate", "50"] + more)
            XCTAssertEqual(run.status, 0, run.notes)
            // The last batch of ten waits until the second of the fifty records before it is over.
            XCTAssertGreaterThanOrEqual(ContinuousClock.now - start, .seconds(1), "\(more)")
        }
        XCTAssertEqual(try Concertctl.run(["replay", path, "--rate", "0"]).status, 2)
    }

    func testUnwritableFileFailsBeforeDelivery() throws {
        let folder = try TemporaryFolder()
        let path = try payloads(1, poisoned: [0], folder)
        let file = folder.url.path + "/missing/file"
        for words in [["--on-failure", file], ["--report", file]] {
            let run = try Concertctl.run(["replay", path] + words)
            XCTAssertEqual(run.status, 1)
            XCTAssertEqual(run.output, "")
            XCTAssertTrue(run.notes.contains("cannot write \(words[0]) \(file): "), run.notes)
        }
    }

    func testBisectionDiscardsOnlyPoisonedRecords() throws {
        let folder = try TemporaryFolder()
        let path = try payloads(10_000, poisoned: [0, 4711, 9999], folder)
        let (failed, page) = (folder.url.path + "/failed.ndjson", folder.url.path + "/report.html")
        let run = try Concertctl.run([
            "replay", path, "--batch-size", "10000", "--bisect", "--retries", "3", "--on-failure", failed, "--report",
            page, "--output", "json",
        ])
        XCTAssertEqual(run.status, 3, run.notes)
        let records = try XCTUnwrap(run.json()["records"] as? [String: Any])
        XCTAssertEqual(
            records["byOutcome"] as? [String: Int], ["processed": 9997, "skipped": 0, "dead_lettered": 0, "failed": 3])
        let batches = try documents(failed).compactMap { $0["KinesisBatchInfo"] as? [String: Any] }
        XCTAssertEqual(batches.compactMap { $0["batchSize"] as? Int }, [1, 1, 1])
        XCTAssertEqual(
            batches.compactMap { ($0["startSequenceNumber"] as? String)?.suffix(5) }, ["00000", "04711", "09999"])

        let html = try String(contentsOfFile: page, encoding: .utf8)
        XCTAssertFalse(html.contains("<script"), "a record must not become markup")
        XCTAssertFalse(html.contains("\u{1B}"))
        XCTAssertFalse(html.contains("://"), "the page needs no network")
        XCTAssertEqual(html.components(separatedBy: "gone\">discarded</span>").count - 1, 3)
        for mark in [
            "prefers-color-scheme:dark", "@media print", "RetryAttemptsExhausted", "Bad records", "aria-label",
        ] {
            XCTAssertTrue(html.contains(mark), mark)
        }
        // Each tag that is opened is closed.
        for tag in ["details", "section", "table", "tbody", "svg", "div", "dl", "summary"] {
            let opened =
                html.components(separatedBy: "<\(tag)>").count + html.components(separatedBy: "<\(tag) ").count - 2
            XCTAssertEqual(opened, html.components(separatedBy: "</\(tag)>").count - 1, tag)
        }
    }

    func testDiscardedRecordsCanBeReplayed() throws {
        let folder = try TemporaryFolder()
        let path = try payloads(20, poisoned: [7], folder)
        let failed = folder.url.path + "/failed.ndjson"
        XCTAssertEqual(try Concertctl.run(["replay", path, "--retries", "0", "--on-failure", failed]).status, 3)
        let list = try Concertctl.run(
            ["dead-letters", "list", failed, "--output", "json"], environment: ["AWS_REGION": "us-east-1"])
        XCTAssertEqual(list.status, 0, list.notes)
        XCTAssertTrue(list.output.contains(#""BatchSize": 13"#), list.output)
    }

    func testRetriesAreNotCountedTwice() throws {
        let folder = try TemporaryFolder()
        let path = try payloads(100, poisoned: [50], folder)
        for words in [
            ["--retries", "5"], ["--bisect"], ["--shards", "3", "--retries", "2"], ["--parallelization-factor", "10"],
        ] {
            let run = try Concertctl.run(["replay", path, "--batch-size", "30", "--output", "json"] + words)
            let records = try XCTUnwrap(run.json()["records"] as? [String: Any])
            XCTAssertEqual(records["total"] as? Int, 100, "\(words)")
            let bad = try XCTUnwrap(run.json()["badRecords"] as? [String: Any])
            XCTAssertEqual(bad["total"] as? Int, 1, "\(words)")
        }
        let letters = try Concertctl.run([
            "replay", path, "--retries", "2", "--sink-dir", folder.url.path + "/out", "--output", "json",
        ])
        XCTAssertEqual(letters.status, 0, letters.notes)
        let records = try XCTUnwrap(letters.json()["records"] as? [String: Any])
        XCTAssertEqual(
            records["byOutcome"] as? [String: Int], ["processed": 99, "skipped": 0, "dead_lettered": 1, "failed": 0])
    }

    func testBootstrapGetsSameBatches() throws {
        let folder = try TemporaryFolder()
        let path = try payloads(200, poisoned: [3, 150], folder)
        let failed = folder.url.path + "/failed.ndjson"
        let run = try Concertctl.run([
            "replay", path, "--bootstrap", "dist/bootstrap", "--bisect", "--retries", "1", "--on-failure", failed,
        ])
        XCTAssertEqual(run.status, 3, run.notes)
        XCTAssertEqual(
            try documents(failed).compactMap { ($0["KinesisBatchInfo"] as? [String: Any])?["batchSize"] as? Int },
            [1, 1])
    }

    func testWorkersKeepOrderPerKey() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<2000).map { #"{"artist_id":"a\#($0 % 50)","name":"v\#($0)"}"# }
        let path = try folder.write(lines.joined(separator: "\n"), to: "payloads.ndjson")
        let out = folder.url.path + "/out"
        let run = try Concertctl.run([
            "replay", path, "--batch-size", "20", "--shards", "5", "--workers", "4", "--sink-dir", out, "--output",
            "json",
        ])
        XCTAssertEqual(run.status, 0, run.notes)
        let records = try XCTUnwrap(run.json()["records"] as? [String: Any])
        XCTAssertEqual((records["byOutcome"] as? [String: Int])?["processed"], 2000)
        let names = try documents(out + "/artists.ndjson").compactMap { $0["name"] as? String }
        XCTAssertEqual(Set(names), Set((1950..<2000).map { "v\($0)" }))
    }

    func testWorkersRunSeparateProcesses() throws {
        let folder = try TemporaryFolder()
        let path = try payloads(400, poisoned: [3, 250], folder)
        let failed = folder.url.path + "/failed.ndjson"
        let run = try Concertctl.run([
            "replay", path, "--bootstrap", "dist/bootstrap", "--batch-size", "20", "--bisect", "--shards", "4",
            "--workers",
            "3", "--on-failure", failed, "--output", "json",
        ])
        XCTAssertEqual(run.status, 3, run.notes)
        XCTAssertEqual(
            try documents(failed).compactMap { ($0["KinesisBatchInfo"] as? [String: Any])?["batchSize"] as? Int },
            [1, 1])
        let stages = try XCTUnwrap(run.json()["stagesMilliseconds"] as? [String: [String: Double]])
        XCTAssertEqual(Set(stages.keys), ["decode", "log"])
        XCTAssertEqual(Set(stages["decode"]?.keys ?? [:].keys), ["p50", "p90", "p99", "max"])
    }

    func testTumblingWindowsEndWithAggregates() throws {
        let folder = try TemporaryFolder()
        let event = try folder.write(
            #"{"Records":[\#(Self.record(1, arrival: 60)),\#(Self.record(2, arrival: 119)),\#(Self.record(3, arrival: 120))]}"#,
            to: "sales.event.json")
        for function in [[], ["--bootstrap", "dist/bootstrap"]] {
            let run = try Concertctl.run(
                ["replay", event, "--batch-size", "1", "--tumbling-window", "60", "--output", "json"] + function,
                environment: ["WINDOW_AGGREGATES": "on"])
            XCTAssertEqual(run.status, 0, run.notes)
            let poller = try XCTUnwrap(run.json()["poller"] as? [String: Any])
            // Three records, and one invocation at the end of each window.
            XCTAssertEqual(poller["invocations"] as? Int, 5)
            let windows = try XCTUnwrap(poller["windows"] as? [[String: Any]])
            XCTAssertEqual(windows.compactMap { $0["start"] as? Int }, [60_000, 120_000])
            let sums = windows.compactMap {
                (($0["state"] as? [String: Any])?["aggregates"] as? [String: Any])?["revenue"]
            }
            XCTAssertEqual(sums.compactMap { $0 as? String }, ["25.00", "12.50"])
        }
    }

    private static func record(_ number: Int, arrival: Int) -> String {
        let sale =
            #"{"sale_id":"s\#(number)","concert_id":"c","ticket_tier":"vip","quantity":1,"unit_price":12.5,"purchase_timestamp":"2026-01-01T00:00:00"}"#
        return #"""
            {"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k","sequenceNumber":"\#(number)","data":"\#(
                Data(sale.utf8).base64EncodedString())","approximateArrivalTimestamp":\#(arrival)},"eventSource":"aws:kinesis",
            "eventVersion":"1.0","eventID":"shardId-000000000000:\#(number)","eventName":"aws:kinesis:record","awsRegion":"us-east-1",
            "invokeIdentityArn":"arn:aws:iam::000000000000:role/r","eventSourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s"}
            """#
    }
}
