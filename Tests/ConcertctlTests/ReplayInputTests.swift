import Foundation
import TestSupport
import XCTest

/// What `replay` reads, and how it names what it does not.
final class ReplayInputTests: XCTestCase {
    private static func artist(_ id: String) -> String { #"{"artist_id":"\#(id)","name":"n","data_type":"artists"}"# }

    private func total(_ run: Run) throws -> Int? { (try run.json()["records"] as? [String: Any])?["total"] as? Int }

    func testObjectsAreReadWithAnySeparator() throws {
        let folder = try TemporaryFolder()
        let event = try String(
            contentsOf: Repository.root.appending(path: "Fixtures/kinesis/one-artist.event.json"), encoding: .utf8)
        let two = Self.artist("a") + Self.artist("b")
        let pretty = "{\n  \"artist_id\": \"p\",\n  \"name\": \"n\"\n}\n"
        let cases: [(name: String, text: String, processed: Int, failed: Int)] = [
            ("one-line.ndjson", two, 2, 0), ("one-line.json", two + "\n", 2, 0),
            ("blanks.jsonl", Self.artist("a") + " \t " + Self.artist("b") + "\r\n" + Self.artist("c"), 3, 0),
            ("pretty.json", pretty + pretty, 2, 0), ("events.ndjson", event + event, 2, 0),
            // An invalid line is one bad record, and the other lines are read.
            ("broken.ndjson", two + "\n{\"artist_id\":\n" + Self.artist("c"), 3, 1),
            ("trailing.ndjson", Self.artist("a") + "x\n" + two, 2, 1),
        ]
        for row in cases {
            let path = try folder.write(row.text, to: row.name)
            for path in [path, try DeadLettersSourceTests.compressed(path)] {
                let run = try Concertctl.run(["replay", path, "--output", "json"])
                let outcomes = (try run.json()["records"] as? [String: Any])?["byOutcome"] as? [String: Int]
                XCTAssertEqual(outcomes?["processed"], row.processed, "\(path): \(run.notes)")
                XCTAssertEqual(outcomes?["failed"], row.failed, path)
            }
        }
        // Compressed files in folders are read, too: each of these twice.
        let all = try Concertctl.run(["replay", folder.url.path, "--output", "json"])
        XCTAssertEqual(try total(all), 2 * cases.reduce(0) { $0 + $1.processed + $1.failed }, all.notes)
    }

    /// Bad records are named by file, line and ID, also if the poller combines several files.
    func testBadRecordsAreNamedByLineAndID() throws {
        let folder = try TemporaryFolder()
        let bad = #"{"artist_id":"bad","data_type":"artists"}"#
        let cases: [(name: String, text: String, bad: [String])] = [
            ("a.ndjson", "\(Self.artist("a"))\n\n\(bad)\r\n{x\n", ["a.ndjson:3 (artist bad)", "a.ndjson:4"]),
            ("b.ndjson", Self.artist("a") + bad + "\n" + bad, ["b.ndjson:1 (artist bad)", "b.ndjson:2 (artist bad)"]),
            (
                "c.json", "{\n \"artist_id\": \"c\"}\n{\n\"sale_id\": \"s\"}",
                ["c.json:1 (artist c)", "c.json:3 (ticket_sale s)"]
            ),
            ("d.json", #"{"data_type":"venue","venue_id":"v","artist_id":"a"}"#, ["d.json:1 (venue v)"]),
            (
                "e.ndjson", #"{"artist_id":7,"name":"n"}"# + "\n[]\n" + bad,
                ["e.ndjson:1", "e.ndjson:2", "e.ndjson:3 (artist bad)"]
            ),
        ]
        var paths: [String] = []
        for row in cases {
            let path = try folder.write(row.text, to: row.name)
            paths.append(path)
            XCTAssertEqual(
                try names([try DeadLettersSourceTests.compressed(path)]).map { $0.replacing(".gz", with: "") }, row.bad)
        }
        XCTAssertEqual(try names(paths), cases.flatMap(\.bad))
        XCTAssertEqual(
            Set(try names(paths + ["--retries", "0", "--shards", "3", "--bisect"])), Set(cases.flatMap(\.bad)))
        // A sequence number that begins like another one is not mistaken for it.
        let records = [("4711", "good"), ("471", "short")].map { number, id in
            let text = #"{"artist_id":"\#(id)","data_type":"artists"\#(id == "good" ? #","name":"n""# : "")}"#
            let data = Data(text.utf8).base64EncodedString()
            return
                #"{"kinesis":{"sequenceNumber":"\#(number)","partitionKey":"k","data":"\#(data)"},"eventSource":"aws:kinesis"}"#
        }
        let path = try folder.write(#"{"Records":[\#(records.joined(separator: ","))]}"#, to: "numbers.event.json")
        XCTAssertEqual(try names([path]), ["numbers.event.json: 471 (artist short)"])
        // An event's record keeps its sequence number.
        let event = Repository.root.appending(path: "Fixtures/kinesis/bad-missing.event.json").path
        let run = try Concertctl.run(["replay", event])
        XCTAssertTrue(run.output.contains("bad-missing.event.json: 4"), run.output)
    }

    /// Returns the names of the bad records, without their folders.
    private func names(_ arguments: [String]) throws -> [String] {
        let run = try Concertctl.run(["replay"] + arguments)
        XCTAssertEqual(run.status, 3, run.notes)
        let lines = run.output.split(separator: "\n").map(String.init)
        return lines.filter { $0.hasPrefix("  /") }.map { $0.split(separator: "/").last.map(String.init) ?? "" }
    }

    func testGetRecordsOutputIsRead() throws {
        let folder = try TemporaryFolder()
        func record(_ number: Int, arrival: String) -> String {
            let data = Data(Self.artist("a\(number)").utf8).base64EncodedString()
            return #"{"SequenceNumber":"77\#(number)","ApproximateArrivalTimestamp":\#(arrival),"Data":"\#(data)","#
                + #""PartitionKey":"key \#(number)","EncryptionType":"KMS"}"#
        }
        let records = [record(1, arrival: "1762600000.25"), record(2, arrival: #""2025-11-08T12:06:40.5+01:00""#)]
        let output = #"{"Records":[\#(records.joined(separator: ","))],"NextShardIterator":"i","MillisBehindLatest":7}"#
        for (name, text) in [
            ("output.json", output), ("lines.ndjson", records.joined(separator: "\n")),
            ("pretty.json", output + "\n\n"),
        ] {
            let saved = folder.url.path + "/saved.ndjson"
            let run = try Concertctl.run(
                ["replay", try folder.write(text, to: name), "--output", "json", "--record", saved])
            XCTAssertEqual(run.status, 0, "\(name): \(run.notes)")
            XCTAssertEqual(try total(run), 2, name)
            let event = try XCTUnwrap(
                JSONSerialization.jsonObject(with: try Data(contentsOf: URL(filePath: saved))) as? [String: Any])
            let kinesis = try XCTUnwrap(event["Records"] as? [[String: Any]]).map { $0["kinesis"] as? [String: Any] }
            XCTAssertEqual(kinesis.map { $0?["sequenceNumber"] as? String }, ["771", "772"], name)
            XCTAssertEqual(kinesis.map { $0?["partitionKey"] as? String }, ["key 1", "key 2"], name)
            XCTAssertEqual(
                kinesis.map { $0?["approximateArrivalTimestamp"] as? Double }, [1_762_600_000.25, 1_762_600_000.5], name
            )
        }
        let bad = try folder.write(output.replacingOccurrences(of: #""Data":""#, with: #""Data":"!"#), to: "bad.json")
        let run = try Concertctl.run(["replay", bad])
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("the Data of record 771 is not base64"), run.notes)
        let empty = try folder.write(#"{"Records":[],"MillisBehindLatest":0}"#, to: "empty.json")
        XCTAssertTrue(try Concertctl.run(["replay", empty]).notes.contains("no events or payloads"))
    }

    func testOtherFormatsAreRejectedWithRemedy() throws {
        let folder = try TemporaryFolder()
        let utf16 = try XCTUnwrap("{\"artist_id\":\"ä\"}".data(using: .utf16LittleEndian))
        let cases: [(name: String, data: Data, words: [String])] = [
            ("sales.csv", Data("x\n".utf8), ["CSV", "csv.DictReader"]),
            ("sales.ndjson", Data("sale_id,quantity\ns1,2\n".utf8), ["CSV"]),
            ("semicolons.json", Data("\u{FEFF}\"concert_id\";\"event_date\"\r\nc;2030-01-01\r\n".utf8), ["CSV"]),
            ("le.json", Data([0xFF, 0xFE]) + utf16, ["UTF-16", "iconv"]), ("no-mark.json", utf16, ["UTF-16"]),
            ("array.json", Data("\n[ {\"venue_id\":\"v\"} ]".utf8), ["JSON array", "jq -c '.[]'"]),
            (
                "lists.json", Data(#"{"venues":[{"venue_id":"v"}],"total":1}"#.utf8),
                ["a list \"venues\"", "jq -c '.venues[]'"]
            ),
            ("archive.json", Data([0x50, 0x4B, 3, 4, 0]), ["ZIP"]),
            ("page.json", Data("<!DOCTYPE html>".utf8), ["HTML"]),
            ("damaged.ndjson.gz", Data([0x1F, 0x8B, 8, 0, 1, 2]), ["gzip -t"]),
            (
                "http.json", Data(#"{"httpMethod":"GET","requestContext":{},"path":"/"}"#.utf8),
                ["API Gateway", "Kinesis events"]
            ),
            ("bus.json", Data(#"{"detail-type":"x","detail":{},"source":"s"}"#.utf8), ["EventBridge"]),
            ("logs.json", Data(#"{"awslogs":{"data":"H4sI"}}"#.utf8), ["CloudWatch Logs"]),
            ("letter.json", Data(DeadLettersTests.letter(1, "x").utf8), ["dead letter", "dead-letters replay"]),
            (
                "test.json", Data(#"{"key1":"value1","key2":"value2","key3":"value3"}"#.utf8),
                ["the Lambda console's test event"]
            ),
        ]
        for row in cases {
            let file = folder.url.appending(path: row.name)
            try row.data.write(to: file)
            let run = try Concertctl.run(["replay", file.path])
            XCTAssertEqual(run.status, 1, "\(row.name): \(run.output)\(run.notes)")
            for words in row.words { XCTAssertTrue(run.notes.contains(words), "\(row.name): \(run.notes)") }
            XCTAssertEqual(run.output, "", row.name)
        }
    }

    func testEventsOfOtherServicesAreReportedAndDelivered() throws {
        let folder = try TemporaryFolder()
        for (source, member) in [("aws:sqs", "eventSource"), ("aws:s3", "eventSource"), ("aws:sns", "EventSource")] {
            let path = try folder.write(#"{"Records":[{"\#(member)":"\#(source)","body":"x"}]}"#, to: "event.json")
            let run = try Concertctl.run(["replay", path])
            XCTAssertEqual(run.status, 3, run.notes)
            XCTAssertTrue(run.notes.contains("is an event of \(source); the function processes Kinesis"), run.notes)
            XCTAssertTrue(run.output.contains("Runtime.InvalidEvent"), run.output)
        }
    }

    func testPayloadEventsRespectLambdaLimit() throws {
        let folder = try TemporaryFolder()
        let padding = String(repeating: "p", count: 300_000)
        let lines = (0..<50).map { #"{"artist_id":"a\#($0)","name":"n","raw_data":{"p":"\#(padding)"}}"# }
        let path = try folder.write(lines.joined(separator: "\n"), to: "large.ndjson")
        let saved = folder.url.path + "/saved.ndjson"
        let run = try Concertctl.run(
            ["replay", path, "--batch-size", "10000", "--output", "json", "--record", saved])
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try total(run), 50)
        let sizes = try Data(contentsOf: URL(filePath: saved)).split(separator: 0x0A).map(\.count)
        XCTAssertGreaterThan(sizes.reduce(0, +), 20_000_000)
        XCTAssertLessThanOrEqual(try XCTUnwrap(sizes.max()), 6 << 20)
        XCTAssertFalse(run.notes.contains("the limit of Lambda"), run.notes)

        // A larger event is delivered and reported.
        let record = try String(contentsOfFile: saved, encoding: .utf8).split(separator: "\n")
        let merged = record.prefix(2).map { $0.dropFirst(#"{"Records":["#.count).dropLast(2) }.joined(separator: ",")
        let event = try folder.write(#"{"Records":[\#(merged)]}"#, to: "large.event.json")
        let large = try Concertctl.run(["replay", event])
        XCTAssertEqual(large.status, 0, large.notes)
        XCTAssertTrue(large.notes.contains("the limit of Lambda is 6291456 (6 MB)"), large.notes)
    }
}
