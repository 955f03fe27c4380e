import Basics
import Foundation
import TestSupport
import XCTest

/// What `concertctl dead-letters replay` does with letters that differ.
final class DeadLettersReplayTests: XCTestCase {
    private typealias World = DeadLettersTests.World

    private static func letter(_ sequence: Int, _ data: String, stream: String) -> String {
        DeadLettersTests.letter(sequence, data).replacingOccurrences(of: DeadLettersTests.streamARN, with: stream)
    }

    func testConsumerARNSelectsItsStream() throws {
        let world = try World()
        let consumer = DeadLettersTests.streamARN + "/consumer/reader:1762000000"
        let put = try world.put("of the batch", key: "b")
        try world.send(
            [
                Self.letter(1, "one", stream: consumer),
                DeadLettersTests.batch(from: put, to: put, count: 1)
                    .replacingOccurrences(of: DeadLettersTests.streamARN, with: consumer),
            ], to: world.queue)
        let list = try world.run("list", "--queue-url", world.queue)
        XCTAssertEqual(list.output.components(separatedBy: " concerts ").count, 3, list.output)
        XCTAssertFalse(list.output.contains("reader"), list.output)
        let run = try world.put("--queue-url", world.queue)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try world.records().sorted(), ["b of the batch", "b of the batch", "k one"])
        XCTAssertEqual(try world.messages().all, 0)
    }

    func testFailedLetterDoesNotAffectOthers() throws {
        let world = try World()
        let longKey = String(repeating: "k", count: 257)
        let bad = [
            (Self.letter(1, "x", stream: "not a stream!"), "is not a stream ARN"),
            (Self.letter(2, "x", stream: "arn:aws:sqs:us-east-1:123456789012:concerts"), "is not a stream ARN"),
            (
                Self.letter(3, "x", stream: "arn:aws:kinesis:eu-west-1:123456789012:stream/concerts"),
                "--region eu-west-1"
            ),
            (DeadLettersTests.letter(4, "x", key: longKey), "1 to 256 characters"),
            (DeadLettersTests.letter(5, "x").replacingOccurrences(of: #""5""#, with: #""five""#), "sequence number"),
            (
                DeadLettersTests.batch(from: "1", to: "2", count: 2)
                    .replacingOccurrences(of: DeadLettersTests.streamARN, with: "a b"), "is not a stream ARN"
            ),
        ]
        try world.send(
            bad.map(\.0) + [DeadLettersTests.letter(6, "six"), DeadLettersTests.letter(7, "seven")], to: world.queue)
        for arguments in [["--dry-run"], []] {
            let run = try Concertctl.run(
                ["dead-letters", "replay", "--to", "stream", "--yes", "--queue-url", world.queue] + arguments,
                environment: world.environment)
            XCTAssertEqual(run.status, 1, run.notes)
            for (_, words) in bad { XCTAssertTrue(run.notes.contains(words), "\(words): \(run.notes)") }
            let isDryRun = !arguments.isEmpty
            XCTAssertEqual(try world.records(), isDryRun ? [] : ["k six", "k seven"])
            let messages = try world.messages()
            XCTAssertEqual([messages.visible, messages.all], isDryRun ? [8, 8] : [6, 6])
        }
    }

    func testMissingStreamDoesNotAffectOthers() throws {
        let world = try World()
        let gone = DeadLettersTests.streamARN.replacingOccurrences(of: "concerts", with: "a-gone")
        try world.send(
            [
                Self.letter(1, "x", stream: gone),
                DeadLettersTests.batch(from: "1", to: "2", count: 2)
                    .replacingOccurrences(of: DeadLettersTests.streamARN, with: gone),
                DeadLettersTests.letter(2, "two"), DeadLettersTests.letter(3, "three"),
            ], to: world.queue)
        for (arguments, records, left) in [(["--dry-run"], [], 4), ([], ["k two", "k three"], 2)] {
            let run = try Concertctl.run(
                ["dead-letters", "replay", "--to", "stream", "--yes", "--queue-url", world.queue] + arguments,
                environment: world.environment)
            XCTAssertEqual(run.status, 1, run.notes)
            XCTAssertTrue(run.notes.contains("stream a-gone does not exist in us-east-1"), run.notes)
            XCTAssertEqual(try world.records(), records)
            XCTAssertEqual(try world.messages().visible, left)
        }
    }

    func testDryRunShowsLettersAndCalls() throws {
        let world = try World()
        try world.send(
            [
                DeadLettersTests.letter(1, "one"), DeadLettersTests.letter(2, "two", key: "other"), "something else",
            ], to: world.queue)
        let text = try world.put("--queue-url", world.queue, "--dry-run")
        XCTAssertEqual(text.status, 1, text.notes)
        let data = ["one", "two"].map { Data($0.utf8).base64EncodedString() }
        for words in ["kinesis PutRecords: POST", "sqs DeleteMessageBatch: POST", "would put 2 records on concerts"]
            + data
        {
            XCTAssertTrue(text.output.contains(words), "\(words) is not in: \(text.output)")
        }
        let lines = text.output.split(separator: "\n").filter { $0.hasPrefix("message ") }
        XCTAssertEqual(lines.count, 3, text.output)
        XCTAssertTrue(lines.contains { $0.contains("unknown") && $0.contains("stays: ") }, text.output)

        let json = try world.put("--queue-url", world.queue, "--dry-run", "--output", "json")
        let calls = try XCTUnwrap(json.json()["Calls"] as? [[String: Any]])
        XCTAssertEqual(calls.map { $0["operation"] as? String }, ["PutRecords", "DeleteMessageBatch"])
        let records = (calls[0]["body"] as? [String: Any])?["Records"] as? [[String: Any]]
        XCTAssertEqual(records?.compactMap { $0["Data"] as? String }, data)
        XCTAssertEqual(((calls[1]["body"] as? [String: Any])?["Entries"] as? [Any])?.count, 2)
        let letters = try XCTUnwrap(json.json()["DeadLetters"] as? [[String: Any]])
        XCTAssertEqual(letters.compactMap { $0["Records"] as? Int }, [0, 1, 1])
        // Only read calls were made.
        let reading = [
            "DescribeStreamSummary", "ReceiveMessage", "ChangeMessageVisibilityBatch", "GetQueueAttributes",
        ]
        XCTAssertEqual(
            Set(try world.oracle.requests().compactMap(\.operation)).subtracting(reading), [])
        XCTAssertEqual(try world.messages().visible, 3)
    }

    func testKilledReplayLosesNoLetter() throws {
        let world = try World()
        // Records of one key are put one by one, so that there are many points to kill the process.
        let count = 40
        let keys = (0..<count).map { "dead-letters/concerts/\(DeadLettersTests.shard)/\(100 + $0).json" }
        for killedAfter in [1, 17] {
            try world.moto.reset()
            try world.moto.aws("kinesis", "create-stream", "--stream-name", "concerts", "--shard-count", "1")
            try world.moto.aws("s3", "mb", "s3://letters")
            let objects = keys.enumerated().map { ($1, DeadLettersTests.letter(100 + $0, "d\($0)")) }
            try world.upload(Dictionary(uniqueKeysWithValues: objects))
            let before = try world.oracle.requests().count
            let home = try TemporaryFolder()
            let program = try Concertctl.start(
                ["dead-letters", "replay", "--to", "stream", "--yes", "--bucket", "letters"], home: home,
                environment: world.environment)
            try program.wait { _ in
                try world.oracle.requests().dropFirst(before).count { $0.operation == "PutRecords" } >= killedAfter
            }
            program.signal(SIGKILL)
            let killed = try program.finish()
            XCTAssertEqual(killed.status, -SIGKILL, killed.output)
            let put = Set(try world.records())
            XCTAssertTrue((1..<count).contains(put.count), "\(put.count)")
            let listing = try world.moto.aws("s3", "ls", "--recursive", "s3://letters").output
            for (index, key) in keys.enumerated() {
                XCTAssertTrue(listing.contains(key) || put.contains("k d\(index)"), "\(key) is lost")
            }
            let again = try world.put("--bucket", "letters")
            XCTAssertEqual(again.status, 0, again.notes)
            XCTAssertEqual(Set(try world.records()), Set((0..<count).map { "k d\($0)" }))
        }
    }

    func testRejectingStreamKeepsItsLetters() throws {
        let fake = try StrictAWS()
        try fake.set(["readsUntilActive": 0])
        let folder = try TemporaryFolder()
        for name in ["a-first", "b-second"] {
            let made = try Concertctl.run(
                ["stream", "setup", "--stream-name", name, "--shard-count", "1", "--no-policy", "--no-test-record"],
                environment: fake.environment)
            XCTAssertEqual(made.status, 0, made.notes)
        }
        let letters = ["a-first", "b-second"].enumerated().map { Self.letter($0 + 1, $1, stream: $1) }
        let path = try folder.write(letters.joined(separator: "\n"), to: "letters.ndjson")
        try fake.add(.error, of: "PutRecords", code: "KMSDisabledException", message: "off", status: 400)
        let run = try Concertctl.run(
            ["dead-letters", "replay", "--to", "stream", "--yes", path, "--output", "json"],
            environment: fake.environment)
        XCTAssertEqual(run.status, 1, run.notes)
        XCTAssertTrue(run.notes.contains("stream a-first") && run.notes.contains("KMSDisabledException"), run.notes)
        XCTAssertEqual(try run.json()["LettersLeft"] as? Int, 1)
        XCTAssertEqual(try fake.shards(of: "b-second").flatMap(\.records).count, 1)
    }
}
