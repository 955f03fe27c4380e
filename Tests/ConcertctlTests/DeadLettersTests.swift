import Foundation
import TestSupport
import XCTest

/// `concertctl dead-letters` against moto behind the signature oracle.
final class DeadLettersTests: XCTestCase {
    static let streamARN = "arn:aws:kinesis:us-east-1:123456789012:stream/concerts"
    static let shard = "shardId-000000000000"

    /// A stream, a queue, and a bucket.
    struct World {
        let moto: Moto
        let oracle: SigV4Oracle
        let queue: String
        var environment: [String: String]

        init() throws {
            moto = try Moto()
            try moto.reset()
            oracle = try SigV4Oracle(upstream: moto.url)
            try moto.aws("kinesis", "create-stream", "--stream-name", "concerts", "--shard-count", "1")
            try moto.aws("s3", "mb", "s3://letters")
            queue = try XCTUnwrap(
                moto.aws("sqs", "create-queue", "--queue-name", "letters").json()["QueueUrl"] as? String)
            environment = oracle.environment(hasToken: true)
        }

        func send(_ body: String) throws {
            try moto.aws("sqs", "send-message", "--queue-url", queue, "--message-body", body)
        }

        /// Sends several messages to a queue.
        ///
        /// - Parameter group: The message group of each body, on a FIFO queue.
        func send(_ bodies: [String], to queue: String, group: ((Int) -> String)? = nil) throws {
            for start in stride(from: 0, to: bodies.count, by: 10) {
                let entries = (start..<min(start + 10, bodies.count)).map { index in
                    var entry = ["Id": "\(index)", "MessageBody": bodies[index]]
                    entry["MessageGroupId"] = group?(index)
                    return entry
                }
                let text = String(decoding: try JSONSerialization.data(withJSONObject: entries), as: UTF8.self)
                try moto.aws("sqs", "send-message-batch", "--queue-url", queue, "--entries", text)
            }
        }

        func makeQueue(_ name: String) throws -> String {
            let run = try moto.aws(
                "sqs", "create-queue", "--queue-name", name, "--attributes",
                "FifoQueue=true,ContentBasedDeduplication=true")
            return try XCTUnwrap(run.json()["QueueUrl"] as? String)
        }

        /// Writes one object of the bucket for each key.
        func upload(_ objects: [String: String]) throws {
            let folder = try TemporaryFolder()
            for (key, body) in objects { _ = try folder.write(body, to: key) }
            try moto.aws("s3", "cp", "--recursive", folder.url.path, "s3://letters")
        }

        /// Returns the numbers of visible messages and of all messages.
        func messages(of other: String? = nil) throws -> (visible: Int, all: Int) {
            let run = try moto.aws(
                "sqs", "get-queue-attributes", "--queue-url", other ?? queue, "--attribute-names", "All")
            let attributes = try XCTUnwrap(run.json()["Attributes"] as? [String: String])
            let visible = Int(attributes["ApproximateNumberOfMessages"] ?? "") ?? -1
            return (visible, visible + (Int(attributes["ApproximateNumberOfMessagesNotVisible"] ?? "") ?? 0))
        }

        func put(_ data: String, key: String) throws -> String {
            let run = try moto.aws(
                "kinesis", "put-record", "--stream-name", "concerts", "--partition-key", key, "--data", data)
            return try XCTUnwrap(run.json()["SequenceNumber"] as? String)
        }

        /// Returns `key data` of each record of the stream, in order.
        func records() throws -> [String] {
            let iterator = try XCTUnwrap(
                moto.aws(
                    "kinesis", "get-shard-iterator", "--stream-name", "concerts", "--shard-id", DeadLettersTests.shard,
                    "--shard-iterator-type", "TRIM_HORIZON"
                ).json()["ShardIterator"] as? String)
            let run = try moto.aws("kinesis", "get-records", "--shard-iterator", iterator)
            return try XCTUnwrap(run.json()["Records"] as? [[String: Any]]).map { record in
                let data = (record["Data"] as? String).flatMap { Data(base64Encoded: $0) } ?? Data()
                return "\(record["PartitionKey"] as? String ?? "") \(String(decoding: data, as: UTF8.self))"
            }
        }

        func run(_ words: String...) throws -> Run {
            try Concertctl.run(["dead-letters"] + words, environment: environment)
        }

        /// Puts dead letters on their stream as new records.
        func put(_ words: String...) throws -> Run {
            try Concertctl.run(
                ["dead-letters", "replay", "--to", "stream", "--yes"] + words, environment: environment)
        }
    }

    static func letter(_ sequence: Int, _ data: String, reason: String = "json", key: String? = "k") -> String {
        let text = Data(data.utf8).base64EncodedString()
        return #"{"reason":"\#(reason)","message":"why\u001b[31m","stream":"\#(streamARN)","shard":"\#(shard)","#
            + #""sequence_number":"\#(sequence)","# + (key.map { #""partition_key":"\#($0)","# } ?? "")
            + #""arrival":"2026-11-09T04:24:17.237Z","request_id":"r","function":"f","data":"\#(text)"}"#
    }

    static func batch(from start: String, to end: String, count: Int, payload: String? = nil) -> String {
        let extra = payload.map { #","payload":\#($0)"# } ?? ""
        return #"{"requestContext":{"requestId":"r","functionArn":"arn:f","condition":"RetryAttemptsExhausted","#
            + #""approximateInvokeCount":1},"version":"1.0","timestamp":"2026-11-14T00:38:06.021Z","#
            + #""KinesisBatchInfo":{"shardId":"\#(shard)","startSequenceNumber":"\#(start)","#
            + #""endSequenceNumber":"\#(end)","approximateArrivalOfFirstRecord":"2026-11-14T00:38:04.835Z","#
            + #""batchSize":\#(count),"streamArn":"\#(streamARN)"}\#(extra)}"#
    }

    func testListAndShowLeaveMessagesVisible() throws {
        var world = try World()
        for number in 1...12 {
            try world.send(Self.letter(number, "data \(number)\u{1B}]", reason: number == 5 ? "kind" : "json"))
        }
        try world.send("something else")
        world.environment["DEAD_LETTER_QUEUE_URL"] = world.queue

        let list = try world.run("list")
        XCTAssertEqual(list.status, 0, list.notes)
        XCTAssertEqual(list.output.split(separator: "\n").count, 14, list.output)
        XCTAssertFalse(list.output.contains("\u{1B}"), list.output)
        XCTAssertEqual(try world.messages().visible, 13)

        let some = try world.run("list", "--reason", "kind", "--output", "json")
        let documents = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(some.output.utf8)) as? [[String: Any]])
        XCTAssertEqual(documents.compactMap { $0["SequenceNumber"] as? String }, ["5"])

        let shown = try world.run("show", "7")
        XCTAssertEqual(shown.status, 0, shown.notes)
        XCTAssertTrue(shown.output.contains(#"data 7\u{1B}]"#), shown.output)
        XCTAssertFalse(shown.output.contains("data 8"), shown.output)
        let nothing = try world.run("show", "99")
        XCTAssertEqual(nothing.status, 1)
        XCTAssertTrue(nothing.notes.contains("no dead letter found for 99"), nothing.notes)

        let planned = try world.put("--dry-run", "--reason", "json")
        XCTAssertEqual(planned.status, 0, planned.notes)
        XCTAssertTrue(planned.output.contains("would put 11 records on concerts"), planned.output)
        XCTAssertEqual(try world.messages().visible, 13)
        XCTAssertEqual(try world.records(), [])
        XCTAssertEqual(try world.oracle.requests().compactMap(\.error), [])
    }

    func testReplayPutsRecordsAndDeletesOnlyTheirLetters() throws {
        let world = try World()
        for number in [3, 1, 2] { try world.send(Self.letter(number, "data \(number)")) }
        try world.send(Self.letter(4, "no key", key: nil))
        try world.send(Self.letter(5, "stays", reason: "kind"))
        let run = try world.put("--queue-url", world.queue, "--reason", "json", "--output", "json")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try run.json()["RecordsReplayed"] as? Int, 4)
        let records = try world.records()
        XCTAssertEqual(records.filter { $0.hasPrefix("k ") }, ["k data 1", "k data 2", "k data 3"])
        XCTAssertEqual(records.filter { !$0.hasPrefix("k ") }, ["4 no key"])
        let messages = try world.messages()
        XCTAssertEqual([messages.visible, messages.all], [1, 1])
        XCTAssertEqual(try world.oracle.requests().compactMap(\.error), [])
    }

    func testUnputtableRecordKeepsItsLetter() throws {
        let world = try World()
        try world.send(Self.letter(1, "x").replacingOccurrences(of: #""data":"eA==""#, with: #""data":"not base64!""#))
        try world.send("something else")
        let run = try world.put("--queue-url", world.queue)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("not base64") && run.notes.contains("is not a dead letter"), run.notes)
        XCTAssertEqual(try world.messages().visible, 2)
        // The stream does not exist: nothing was put, so nothing is deleted.
        try world.send(Self.letter(2, "y").replacingOccurrences(of: "stream/concerts", with: "stream/gone"))
        let gone = try world.put("--queue-url", world.queue)
        XCTAssertEqual(gone.status, 1)
        XCTAssertEqual(try world.messages().visible, 3, gone.notes)
    }

    func testDiscardedBatchIsReadExactly() throws {
        let world = try World()
        let sequences = try (1...6).map { try world.put("record \($0)", key: "k\($0)") }
        try world.send(Self.batch(from: sequences[1], to: sequences[3], count: 3))
        let shown = try world.run("show", sequences[2], "--queue-url", world.queue)
        XCTAssertEqual(shown.status, 0, shown.notes)
        XCTAssertTrue(shown.output.contains("record 3") && !shown.output.contains("record 4"), shown.output)
        let run = try world.put("--queue-url", world.queue)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(
            Set(try world.records().dropFirst(6)), ["k2 record 2", "k3 record 3", "k4 record 4"])
        XCTAssertEqual(try world.messages().all, 0)
    }

    func testExpiredRangeIsReportedAndKeepsItsLetter() throws {
        let world = try World()
        let last = try world.put("left", key: "k")
        try world.send(Self.batch(from: "0", to: last, count: 3))
        let run = try world.put("--queue-url", world.queue)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("1 of 3 records are still on the stream"), run.notes)
        XCTAssertEqual(try world.records(), ["k left", "k left"])
        XCTAssertEqual(try world.messages().visible, 1)
    }

    func testBucketWithBothKindsOfLetters() throws {
        let world = try World()
        let folder = try TemporaryFolder()
        let payload =
            #""{\"Records\":[{\"kinesis\":{\"sequenceNumber\":\"8\",\"partitionKey\":\"p\",\"data\":\"aGk=\"}}]}""#
        let files = [
            "dead-letters/concerts/\(Self.shard)/7.json": Self.letter(7, "seven"),
            "aws/lambda/uuid/\(Self.shard)/2026/11/14/x": Self.batch(from: "8", to: "8", count: 1, payload: payload),
            "elsewhere/9.json": Self.letter(9, "nine"),
        ]
        for (key, body) in files {
            try world.moto.aws("s3", "cp", try folder.write(body, to: "letter"), "s3://letters/\(key)")
        }
        let run = try world.put("--bucket", "letters")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(Set(try world.records()), ["k seven", "p hi"])
        let left = try world.moto.aws("s3", "ls", "--recursive", "s3://letters").output
        XCTAssertEqual(left.split(separator: "\n").count, 1, left)
        XCTAssertEqual(try world.oracle.requests().compactMap(\.error), [])
    }

    func testFilesAreReadAndNotDeleted() throws {
        let world = try World()
        let folder = try TemporaryFolder()
        let path = try folder.write(
            [Self.letter(1, "one"), "", Self.letter(2, "two"), "{"].joined(separator: "\n"), to: "letters.ndjson")
        let run = try world.put(path)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("letters.ndjson:4 is not a dead letter"), run.notes)
        XCTAssertEqual(try world.records(), ["k one", "k two"])
        XCTAssertTrue(FileManager.default.fileExists(atPath: path))
    }

    func testMissingSourceIsUsageError() throws {
        for verb in ["list", "show", "replay"] {
            let run = try Concertctl.run(["dead-letters", verb])
            XCTAssertEqual(run.status, 2, run.notes)
            XCTAssertTrue(run.notes.contains("DEAD_LETTER_QUEUE_URL"), run.notes)
        }
    }
}
