import Foundation
import TestSupport
import XCTest

/// Which letters `concertctl dead-letters` finds: queues of each kind, buckets and files.
final class DeadLettersSourceTests: XCTestCase {
    private typealias World = DeadLettersTests.World

    private static func sequences(_ run: Run) throws -> [String] {
        let documents = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]]
        return try XCTUnwrap(documents, run.notes).compactMap { $0["SequenceNumber"] as? String }
    }

    func testFIFOQueueIsReplayedCompletely() throws {
        let world = try World()
        let groups: [(name: String, group: (Int) -> String, listed: Int)] = [
            ("each.fifo", { "group \($0)" }, 25),
            ("one.fifo", { _ in "dead-letters" }, 10),
        ]
        for row in groups {
            try world.moto.reset()
            try world.moto.aws("kinesis", "create-stream", "--stream-name", "concerts", "--shard-count", "1")
            let queue = try world.makeQueue(row.name)
            try world.send((0..<25).map { DeadLettersTests.letter(100 + $0, "d\($0)") }, to: queue, group: row.group)
            let list = try world.run("list", "--queue-url", queue, "--output", "json")
            XCTAssertEqual(list.status, 0, list.notes)
            XCTAssertEqual(try Self.sequences(list).count, row.listed, row.name)
            XCTAssertEqual(
                list.notes.contains("the queue has about 25 messages, but \(row.listed) were read"), row.listed < 25,
                "\(row.name): \(list.notes)")
            XCTAssertEqual(try world.messages(of: queue).visible, 25, row.name)

            let run = try world.put("--queue-url", queue, "--output", "json")
            XCTAssertEqual(run.status, 0, "\(row.name): \(run.notes)")
            XCTAssertEqual(try run.json()["LettersDone"] as? Int, 25, row.name)
            XCTAssertEqual(Set(try world.records()), Set((0..<25).map { "k d\($0)" }), row.name)
            XCTAssertEqual(try world.messages(of: queue).all, 0, row.name)
        }
    }

    func testRepeatingQueueEndsTheSearch() throws {
        let fake = try StrictAWS()
        let body = DeadLettersTests.letter(1, "again").replacingOccurrences(of: "\\", with: "\\\\")
            .replacingOccurrences(of: "\"", with: "\\\"")
        let message = #"{"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"\#(body)"}]}"#
        for (answer, count) in [(message, 1), (#"{"Messages":[{"Body":"no ID"}]}"#, 0)] {
            try fake.reset()
            try fake.answer("ReceiveMessage", with: answer)
            try fake.answer("ChangeMessageVisibilityBatch", with: #"{"Successful":[],"Failed":[]}"#)
            try fake.answer("GetQueueAttributes", with: #"{"Attributes":{}}"#)
            let run = try Concertctl.run(
                ["dead-letters", "list", "--queue-url", "\(fake.url)/123456789012/letters", "--output", "json"],
                environment: fake.environment, timeLimit: 60)
            XCTAssertEqual(run.status, 0, run.notes)
            XCTAssertEqual(try Self.sequences(run).count, count)
            XCTAssertTrue(run.notes.contains("repeatedly returned the same messages"), run.notes)
        }
    }

    func testSNSNotificationIsUnwrapped() throws {
        let world = try World()
        func notification(_ message: String) throws -> String {
            let members = [
                "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:r:1:t", "Message": message,
            ]
            return String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
        }
        let put = try world.put("of the batch", key: "b")
        let batch = DeadLettersTests.batch(from: put, to: put, count: 1)
        let letters = [
            try notification(batch), batch, try notification(DeadLettersTests.letter(5, "five")),
            try notification(try notification(DeadLettersTests.letter(6, "six"))),
        ]
        let expected = ["b of the batch", "b of the batch", "k five", "k six"]
        let folder = try TemporaryFolder()
        let file = try folder.write(letters.joined(separator: "\n"), to: "letters.ndjson")
        try world.send(letters, to: world.queue)
        try world.upload(Dictionary(uniqueKeysWithValues: letters.enumerated().map { ("aws/lambda/\($0)", $1) }))
        var found = 1
        for source in [["--queue-url", world.queue], ["--bucket", "letters"], [file]] {
            let run = try Concertctl.run(
                ["dead-letters", "replay", "--to", "stream", "--yes"] + source, environment: world.environment)
            XCTAssertEqual(run.status, 0, "\(source): \(run.notes)")
            XCTAssertEqual(try world.records().dropFirst(found).sorted(), expected, "\(source)")
            found += expected.count
        }
        // Other SNS messages are reported.
        let other = try folder.write(#"{"Type":"SubscriptionConfirmation","Message":"{}"}"#, to: "confirmation.json")
        let list = try Concertctl.run(["dead-letters", "list", other], environment: world.environment)
        XCTAssertTrue(list.output.contains("SNS subscription message"), list.output)
    }

    func testFilesAreReadInEveryFormat() throws {
        let folder = try TemporaryFolder()
        let letters = (1...3).map { DeadLettersTests.letter($0, "data \($0)") }
        let messages = try JSONSerialization.data(withJSONObject: ["Messages": letters.map { ["Body": $0] }])
        let cases: [(name: String, text: String, sequences: [String])] = [
            ("lines.ndjson", letters.joined(separator: "\n"), ["1", "2", "3"]),
            ("one-line.json", letters.joined(), ["1", "2", "3"]),
            ("received.json", String(decoding: messages, as: UTF8.self), ["1", "2", "3"]),
            ("one.json", letters[1], ["2"]),
        ]
        for row in cases {
            let path = try folder.write(row.text, to: row.name)
            for path in [path, try Self.compressed(path)] {
                let run = try Concertctl.run(
                    ["dead-letters", "list", path, "--output", "json"], environment: ["AWS_REGION": "us-east-1"])
                XCTAssertEqual(try Self.sequences(run), row.sequences, "\(path): \(run.notes)")
            }
        }
        // A file of another format does not affect the others.
        let good = try folder.write(letters[0], to: "good.json")
        for (text, words) in [("[\(letters[0])]", "jq -c"), ("a,sequence\n1,2\n", "CSV")] {
            let path = try folder.write(text, to: "other.json")
            let run = try Concertctl.run(
                ["dead-letters", "list", path, good], environment: ["AWS_REGION": "us-east-1"])
            XCTAssertEqual(run.status, 0, run.notes)
            XCTAssertTrue(run.output.contains(words) && run.output.contains("concerts"), run.output)
        }
    }

    /// Returns the path of a gzip-compressed copy.
    static func compressed(_ path: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-kf", path]
        try process.run()
        process.waitUntilExit()
        return path + ".gz"
    }

    func testUnknownReasonIsRejectedAndNoMatchIsReported() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            (1...23).map { DeadLettersTests.letter($0, "x") }.joined(separator: "\n"), to: "letters.ndjson")
        let environment = ["AWS_REGION": "us-east-1"]
        for verb in ["list", "show", "replay"] {
            for reason in ["TYPO", "JSON", "kind,jsno", "RetryAttemptExhausted"] {
                let run = try Concertctl.run(
                    ["dead-letters", verb, path, "--reason", reason], environment: environment)
                XCTAssertEqual(run.status, 2, "\(verb) \(reason): \(run.notes)")
                XCTAssertTrue(
                    run.notes.contains("unknown reason") && run.notes.contains("base64, gzip, kpl"), run.notes)
            }
            let none = try Concertctl.run(
                ["dead-letters", verb, path, "--reason", "kind", "RetryAttemptsExhausted"], environment: environment)
            XCTAssertEqual(none.status, 0, none.notes)
            XCTAssertTrue(
                (none.output + none.notes).contains("none with reason kind, RetryAttemptsExhausted; 23 others"),
                none.output + none.notes)
        }
        let some = try Concertctl.run(
            ["dead-letters", "list", path, "--reason", "json", "--output", "json"], environment: environment)
        XCTAssertEqual(try Self.sequences(some).count, 23)
    }

    func testUnreadableObjectDoesNotAffectOthers() throws {
        let world = try World()
        try world.upload([
            "dead-letters/concerts/\(DeadLettersTests.shard)/7-3.json": DeadLettersTests.letter(7, "seven")
                .replacingOccurrences(of: #""partition_key""#, with: #""sub_sequence_number":3,"partition_key""#),
            "dead-letters/concerts/\(DeadLettersTests.shard)/8.json": "\u{0}",
        ])
        let shown = try world.run("show", "7-3", "--bucket", "letters", "--output", "json")
        XCTAssertEqual(shown.status, 0, shown.notes)
        let documents = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [[String: Any]])
        XCTAssertEqual(documents.map { $0["SubSequenceNumber"] as? Int }, [3])
        XCTAssertEqual(documents.map { $0["Text"] as? String }, ["seven"])
        let list = try world.run("list", "--bucket", "letters")
        XCTAssertTrue(
            list.output.contains(" 7-3 ") && list.output.contains("8.json: it is not a JSON object"), list.output)
        let run = try world.put("--bucket", "letters")
        XCTAssertEqual(run.status, 1)
        XCTAssertEqual(try world.records(), ["k seven"])
    }
}
