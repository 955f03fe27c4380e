import Basics
import Foundation
import TestSupport
import XCTest

/// `stream put` against the strict fake, which refuses as Kinesis does.
final class PutTests: XCTestCase {
    private static let stream = "concerts"

    private func server(shards: Int = 2) throws -> StrictAWS {
        let server = try StrictAWS()
        try server.set(["readsUntilActive": 0])
        let setup = try Concertctl.run(
            [
                "stream", "setup", "--stream-name", Self.stream, "--shard-count", "\(shards)", "--no-policy",
                "--no-test-record",
            ],
            environment: server.environment)
        XCTAssertEqual(setup.status, 0, setup.notes)
        return server
    }

    private func put(
        _ server: StrictAWS, _ lines: [String], _ options: String..., environment: [String: String] = [:]
    ) throws -> Run {
        try Concertctl.run(
            ["stream", "put", "-", "--stream-name", Self.stream, "--output", "json"] + options,
            input: Data(lines.map { $0 + "\n" }.joined().utf8),
            environment: server.environment.merging(environment) { $1 })
    }

    private func artist(_ id: Int, version: Int) -> String { #"{"artist_id":"a\#(id)","name":"v\#(version)"}"# }

    /// Asserts that every record arrived once, in the input's order per key.
    private func assertArrived(
        _ lines: [String], at server: StrictAWS, duplicates: Bool = false, line: UInt = #line
    ) throws {
        var byKey: [String: [String]] = [:]
        for record in try server.shards(of: Self.stream).flatMap(\.records) {
            let text = String(decoding: record.data, as: UTF8.self)
            // A record that arrived twice in a row was retried after an unknown outcome.
            if duplicates, byKey[record.partitionKey]?.last == text { continue }
            byKey[record.partitionKey, default: []].append(text)
        }
        var expected: [String: [String]] = [:]
        for text in lines {
            let id = text.firstRange(of: "\",").map { String(text[..<$0.lowerBound].split(separator: "\"").last ?? "") }
            expected[id ?? "", default: []].append(text)
        }
        XCTAssertEqual(byKey, expected, line: line)
    }

    func testRecordsArriveInOrderWithTenPercentRejected() throws {
        let server = try server(shards: 4)
        try server.set(["failureRate": 0.1, "seed": 7])
        let lines = (0..<20_000).map { artist($0 % 3000, version: $0) }
        let run = try put(server, lines)
        XCTAssertEqual(run.status, 0, run.notes)
        let summary = try run.json()
        XCTAssertEqual(summary["RecordsPut"] as? Int, 20_000)
        XCTAssertEqual(summary["NotPut"] as? Int, 0)
        XCTAssertGreaterThan(summary["RetriedEntries"] as? Int ?? 0, 1000)
        let byShard = try XCTUnwrap(summary["RecordsByShard"] as? [String: Int])
        XCTAssertEqual(byShard.values.reduce(0, +), 20_000)
        XCTAssertEqual(byShard.count, 4)
        try assertArrived(lines, at: server)
        // Only rejected entries were retried.
        let sent = try server.calls(of: "PutRecords").map { ($0.body["Records"] as? [Any])?.count ?? 0 }.reduce(0, +)
        XCTAssertEqual(sent, 20_000 + (summary["RetriedEntries"] as? Int ?? 0))
    }

    func testFailedRequestsAreRetried() throws {
        let server = try server()
        let lines = (0..<1200).map { artist($0 % 700, version: $0) }
        for fault in [StrictAWS.Fault.throttle, .internalError, .html, .cut, .xml, .drop, .lost] {
            try server.add(fault, of: "PutRecords")
        }
        let run = try put(server, lines)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try run.json()["RecordsPut"] as? Int, 1200)
        XCTAssertEqual(try run.json()["Unknown"] as? Int, 0)
        XCTAssertEqual(try run.json()["PossibleDuplicates"] as? Int, 700, "one per key")
        XCTAssertEqual(try server.faultsLeft(), 0)
        try assertArrived(lines, at: server, duplicates: true)
    }

    func testUnknownOutcomesAreReported() throws {
        let server = try server()
        try server.add(.lost, of: "PutRecords", times: -1)
        let lines = (0..<30).map { artist($0, version: $0) }
        let run = try put(server, lines, environment: ["AWS_MAX_ATTEMPTS": "2"])
        XCTAssertEqual(run.status, 1, run.notes)
        let summary = try run.json()
        XCTAssertEqual(summary["RecordsPut"] as? Int, 0)
        XCTAssertEqual(summary["NotPut"] as? Int, 30)
        XCTAssertEqual(summary["Unknown"] as? Int, 30)
        XCTAssertEqual(summary["Requests"] as? Int, 2)
        XCTAssertTrue(run.notes.contains("pass --failed FILE to save them"), run.notes)
        try assertArrived(lines, at: server, duplicates: true)
    }

    func testStopsWithoutProgressAndKeepsTheRest() throws {
        let server = try server()
        try server.set(["failureRate": 1.0])
        let folder = try TemporaryFolder()
        let rest = folder.url.appending(path: "rest.ndjson")
        let lines = (0..<30).map { artist($0 % 7, version: $0) }
        let run = try put(server, lines, "--failed", rest.path, environment: ["AWS_MAX_ATTEMPTS": "3"])
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("3 consecutive requests put no record"), run.notes)
        XCTAssertEqual(try run.json()["NotPut"] as? Int, 30)
        XCTAssertEqual(try run.json()["Unknown"] as? Int, 0)
        XCTAssertEqual(try text(of: rest), lines, "in the order of the input")
        try server.set(["failureRate": 0.0])
        let again = try put(server, try text(of: rest), "--failed", rest.path)
        XCTAssertEqual(again.status, 0, again.notes)
        XCTAssertEqual(try text(of: rest), [])
        try assertArrived(lines, at: server)
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.url.path), ["rest.ndjson"])
    }

    private func text(of file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    func testInvalidLineAndFollowingLinesAreKept() throws {
        let server = try server()
        let folder = try TemporaryFolder()
        let rest = folder.url.appending(path: "rest.ndjson")
        let lines = [artist(1, version: 1), "{oops", artist(2, version: 2), "[]"]
        let run = try put(server, lines, "--failed", rest.path)
        XCTAssertEqual(run.status, 1, run.notes)
        XCTAssertEqual(try text(of: rest), Array(lines.dropFirst()))
        XCTAssertEqual(try server.shards(of: Self.stream).flatMap(\.records).count, 1)
        let nowhere = try put(server, lines, "--failed", folder.url.appending(path: "none/rest").path)
        XCTAssertEqual(nowhere.status, 1, "detected before anything is put")
        XCTAssertEqual(try server.shards(of: Self.stream).flatMap(\.records).count, 1)
    }

    /// A pipe without data for some time has not ended.
    func testPipeIsReadToItsEndAfterFailure() throws {
        let server = try server()
        let folder = try TemporaryFolder()
        let pipe = folder.url.appending(path: "pipe").path
        let rest = folder.url.appending(path: "rest.ndjson")
        XCTAssertEqual(unsafe mkfifo(pipe, 0o600), 0)
        let program = try RunningProgram(
            URL(filePath: "/bin/sh"),
            [
                "-c", #"exec "$0" stream put - --stream-name "$1" --failed "$2" --output json < "$3""#,
                Concertctl.executable.path, Self.stream, rest.path, pipe,
            ],
            environment: Concertctl.cleanEnvironment(home: folder).merging(server.environment) { $1 }
                .merging(["AWS_MAX_ATTEMPTS": "2"]) { $1 })
        let input = try XCTUnwrap(FileHandle(forWritingAtPath: pipe))
        try input.write(contentsOf: Data((artist(1, version: 1) + "\n").utf8))
        try program.wait { _ in try server.shards(of: Self.stream).flatMap(\.records).count == 1 }
        try server.set(["failureRate": 1.0])
        try input.write(contentsOf: Data((artist(1, version: 2) + "\n").utf8))
        try program.wait { _ in try server.calls(of: "PutRecords").count == 3 }
        // The put has failed, and the command still reads the input.
        try input.write(contentsOf: Data((artist(1, version: 3) + "\n" + artist(1, version: 4)).utf8))
        try input.close()
        let run = try program.finish()
        XCTAssertEqual(run.status, 1, run.notes)
        XCTAssertEqual(try text(of: rest), (2...4).map { artist(1, version: $0) })
        XCTAssertEqual(try run.json()["RecordsPut"] as? Int, 1)
    }

    func testRateLimitsRequestSize() throws {
        let server = try server()
        let run = try put(server, (0..<12).map { artist($0, version: 1) }, "--rate", "40")
        XCTAssertEqual(run.status, 0, run.notes)
        let sizes = try server.calls(of: "PutRecords").map { ($0.body["Records"] as? [Any])?.count ?? 0 }
        XCTAssertEqual(sizes, [4, 4, 4])
    }

    func testRecordOfExactLimitIsAccepted() throws {
        let server = try server()
        let rest = (1 << 20) - "a1".utf8.count - #"{"artist_id":"a1","name":""}"#.utf8.count
        let lines = [rest, rest + 1].map { count in
            #"{"artist_id":"a1","name":"\#(String(repeating: "x", count: count))"}"#
        }
        let run = try put(server, lines)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("standard input:2 has 1048577 bytes with its key"), run.notes)
        XCTAssertEqual(try run.json()["RecordsPut"] as? Int, 1)
    }

    func testErrorContainsLineNumber() throws {
        let server = try server()
        let good = artist(1, version: 1)
        let cases: [(lines: [String], options: [String], put: Int, status: Int32, words: String)] = [
            ([good, "{oops", good], [], 1, 1, "standard input:2: data is not JSON"),
            ([good, "{oops"], ["--no-validate"], 2, 0, ""),
            ([good, #"{"artist_id":"a","name":"n","popularity_score":185}"#], [], 2, 3, "185 is outside 0...100"),
            ([good, #"{"artist_id":"a"}"#, good], ["--strict"], 1, 1, "standard input:2: artist.name"),
            (
                [good, #"{"artist_id":"a","name":"\#(String(repeating: "x", count: 1 << 20))"}"#], [], 1, 1,
                "the stream's limit of 1048576"
            ),
            (["", "  ", good, "\t"], [], 1, 0, ""),
        ]
        for row in cases {
            let run = try Concertctl.run(
                ["stream", "put", "--stream-name", Self.stream, "--output", "json"] + row.options,
                input: Data(row.lines.joined(separator: "\r\n").utf8), environment: server.environment)
            XCTAssertEqual(run.status, row.status, "\(row.words): \(run.notes)")
            XCTAssertEqual(try run.json()["RecordsPut"] as? Int, row.put, "\(row.words): \(run.notes)")
            XCTAssertTrue(row.words.isEmpty || run.notes.contains(row.words), run.notes)
        }
    }

    func testMultilineDocumentIsOnePayload() throws {
        let server = try server()
        let folder = try TemporaryFolder()
        let lines = try folder.write(artist(1, version: 1) + "\n" + artist(2, version: 2), to: "lines.ndjson")
        let document = try folder.write("{\n  \"artist_id\": \"a3\",\n  \"name\": \"v3\"\n}\n", to: "document.json")
        let run = try Concertctl.run(
            ["stream", "put", lines, document, "--stream-name", Self.stream, "--partition-key", "all"],
            environment: server.environment)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.hasPrefix("put 3 records"), run.output)
        let records = try server.shards(of: Self.stream).flatMap(\.records)
        XCTAssertEqual(records.map(\.partitionKey), ["all", "all", "all"])
        XCTAssertEqual(
            String(decoding: records.last?.data ?? Data(), as: UTF8.self),
            "{   \"artist_id\": \"a3\",   \"name\": \"v3\" }")
    }

    func testRecordLimitFollowsStream() throws {
        let server = try server()
        try server.set(["recordBytes": 2 << 20, "requestBytes": 10 << 20])
        try server.answer(
            "DescribeStreamSummary",
            with: """
                {"StreamDescriptionSummary": {"StreamName": "concerts", "StreamStatus": "ACTIVE",
                "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/concerts", "MaxRecordSizeInKiB": 2048}}
                """)
        let lines = [1_900_000, 1_900_001, 1_900_002, 1_900_003, 1_900_004, 1_900_005, 2_100_000].map { size in
            #"{"artist_id":"a\#(size)","name":"\#(String(repeating: "x", count: size))"}"#
        }
        let run = try put(server, lines)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("standard input:7 has"), run.notes)
        XCTAssertTrue(run.notes.contains("the stream's limit of 2097152"), run.notes)
        XCTAssertEqual(try run.json()["RecordsPut"] as? Int, 6)
        XCTAssertEqual(try run.json()["Requests"] as? Int, 2, "five in 10 MiB, and one")
    }

    func testRequestsAreSplitBySize() throws {
        let server = try server()
        let lines = (0..<12).map { #"{"artist_id":"a\#($0)","name":"\#(String(repeating: "x", count: 900_000))"}"# }
        let run = try put(server, lines)
        // The function rejects a name of this length.
        XCTAssertEqual(run.status, 3, run.notes)
        XCTAssertEqual(try run.json()["RecordsPut"] as? Int, 12)
        XCTAssertEqual(try run.json()["Requests"] as? Int, 3)
    }

    func testInterruptionWaitsForRequestInFlight() throws {
        let server = try server()
        try server.add(.slow, of: "PutRecords", times: 100, milliseconds: 300)
        let home = try TemporaryFolder()
        let lines = (0..<4000).map { artist($0, version: $0) + "\n" }
        let program = try Concertctl.start(
            ["stream", "put", "--stream-name", Self.stream, "--output", "json"], home: home,
            input: Data(lines.joined().utf8), environment: server.environment)
        try program.wait { _ in try server.calls(of: "PutRecords").count >= 1 }
        program.signal(SIGINT)
        let run = try program.finish()
        XCTAssertEqual(run.status, 130, run.notes)
        let stored = try server.shards(of: Self.stream).flatMap(\.records).count
        XCTAssertGreaterThan(stored, 0)
        XCTAssertLessThan(stored, 4000)
        XCTAssertEqual(try run.json()["RecordsPut"] as? Int, stored)
        XCTAssertEqual(try run.json()["Unknown"] as? Int, 0)
    }

    func testInterruptionReportsUnknownOutcomes() throws {
        let server = try server()
        try server.add(.lost, of: "PutRecords", times: -1)
        let home = try TemporaryFolder()
        let rest = home.url.appending(path: "rest.ndjson")
        let lines = (0..<700).map { artist($0, version: $0) }
        let program = try Concertctl.start(
            ["stream", "put", "--stream-name", Self.stream, "--output", "json", "--failed", rest.path], home: home,
            input: Data(lines.joined(separator: "\n").utf8),
            environment: server.environment.merging(["AWS_MAX_ATTEMPTS": "100"]) { $1 })
        try program.wait { _ in try server.calls(of: "PutRecords").count >= 2 }
        program.signal(SIGINT)
        let run = try program.finish()
        XCTAssertEqual(run.status, 130, run.notes)
        XCTAssertTrue(run.notes.contains("input was read up to standard input:700"), run.notes)
        let summary = try run.json()
        XCTAssertEqual(summary["RecordsPut"] as? Int, 0)
        XCTAssertEqual(summary["NotPut"] as? Int, 700)
        let stored = Set(try server.shards(of: Self.stream).flatMap(\.records).map(\.partitionKey))
        XCTAssertEqual(summary["Unknown"] as? Int, stored.count, "all records that were sent")
        XCTAssertEqual(try text(of: rest), lines)
    }

    func testRejectedRecordsReturnStatusThree() throws {
        let good = artist(1, version: 1)
        let bad = #"{"artist_id":"a2","name":"x","popularity_score":185}"#
        let cases: [(lines: [String], options: [String], status: Int32, stored: Int)] = [
            ([good], [], 0, 1), ([good, bad], [], 3, 2), ([#"{"data_type":"songs","id":"s"}"#, good], [], 3, 2),
            ([bad, good], ["--no-validate"], 0, 2), ([good, bad], ["--strict"], 1, 1), ([good, "no JSON"], [], 1, 1),
            ([bad], ["--dry-run"], 3, 0),
        ]
        for row in cases {
            let server = try server()
            let run = try Concertctl.run(
                ["stream", "put", "-", "--stream-name", Self.stream] + row.options,
                input: Data(row.lines.map { $0 + "\n" }.joined().utf8), environment: server.environment)
            XCTAssertEqual(run.status, row.status, "\(row): \(run.notes)")
            XCTAssertEqual(run.notes.contains("of these records:"), row.status == 3, "\(row): \(run.notes)")
            XCTAssertEqual(try server.shards(of: Self.stream).flatMap(\.records).count, row.stored, "\(row)")
        }
    }

    func testDryRunPrintsCallWithoutMakingIt() throws {
        let run = try Concertctl.run(
            ["stream", "put", "--stream-name", Self.stream, "--dry-run", "--output", "json"],
            input: Data(artist(1, version: 1).utf8), environment: ["AWS_REGION": "us-east-1"])
        XCTAssertEqual(run.status, 0, run.notes)
        let calls = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
        XCTAssertEqual(calls.map { $0["operation"] as? String }, ["DescribeStreamSummary", "PutRecords"])
        let body = try XCTUnwrap(calls[1]["body"] as? [String: Any])
        XCTAssertEqual(body["StreamName"] as? String, Self.stream)
        let record = try XCTUnwrap((body["Records"] as? [[String: String]])?.first)
        XCTAssertEqual(record["PartitionKey"], "a1")
        XCTAssertEqual(record["Data"].flatMap { Data(base64Encoded: $0) }, Data(artist(1, version: 1).utf8))
    }

    func testPutToMotoHasValidSignature() throws {
        let moto = try Moto()
        try moto.reset()
        let oracle = try SigV4Oracle(upstream: moto.url)
        try moto.aws("kinesis", "create-stream", "--stream-name", Self.stream, "--shard-count", "2")
        let lines = (0..<1100).map { artist($0, version: $0) }
        for hasToken in [false, true] {
            let run = try Concertctl.run(
                ["stream", "put", "--stream-name", Self.stream], input: Data(lines.joined(separator: "\n").utf8),
                environment: oracle.environment(hasToken: hasToken))
            XCTAssertEqual(run.status, 0, run.notes)
        }
        let tail = try Concertctl.run(
            ["stream", "tail", "--stream-name", Self.stream, "--from", "TRIM_HORIZON", "--no-follow", "--raw"],
            environment: oracle.environment(hasToken: true))
        XCTAssertEqual(tail.status, 0, tail.notes)
        XCTAssertEqual(tail.output.split(separator: "\n").map(String.init).sorted(), (lines + lines).sorted())
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
    }
}
