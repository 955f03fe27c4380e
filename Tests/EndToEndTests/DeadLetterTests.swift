import Foundation
import RuntimeServer
import TestSupport
import XCTest

/// Tests of the built `bootstrap` with a queue and a bucket.
final class DeadLetterTests: BootstrapTestCase {
    /// A valid record between two bad ones, the second of which is larger than a message may be.
    private static let event: [UInt8] = {
        let good = Data(#"{"artist_id":"a","name":"n"}"#.utf8).base64EncodedString()
        let large = Data(repeating: 0x20, count: 800_000).base64EncodedString()
        let records = ["bm90IEpTT04=", good, large].enumerated().map { index, data in
            #"{"eventID":"shardId-000000000001:4\#(index)","#
                + #""eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts","#
                + #""kinesis":{"sequenceNumber":"4\#(index)","partitionKey":"k","data":"\#(data)"}}"#
        }
        return Array(#"{"Records":[\#(records.joined(separator: ","))]}"#.utf8)
    }()

    private func environment(_ url: String, _ settings: [String: String]) -> [String: String] {
        [
            "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": url,
        ].merging(settings) { $1 }
    }

    func testBadRecordIsDeadLetteredBeforeItIsAcknowledged() throws {
        let moto = try Moto()
        try moto.reset()
        let url = try XCTUnwrap(
            moto.aws("sqs", "create-queue", "--queue-name", "letters").json()["QueueUrl"] as? String)
        try moto.aws("s3", "mb", "s3://dead-letters")
        let settings = ["DEAD_LETTER_QUEUE_URL": url, "DEAD_LETTER_BUCKET": "dead-letters"]
        try withBootstrap(environment: environment(moto.url, settings)) { server, bootstrap in
            assertResponse(server.invoke(Self.event), equals: ["batchItemFailures": []])
            XCTAssertTrue(bootstrap.log.contains(#""RecordsDeadLettered":2"#), bootstrap.log)
        }
        let run = try moto.aws("sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10")
        let messages = try XCTUnwrap(run.json()["Messages"] as? [[String: Any]])
        XCTAssertEqual(messages.count, 1)
        let letter = try JSONValue(parsing: Array((messages[0]["Body"] as? String ?? "").utf8))
        XCTAssertEqual(letter["reason"], "json")
        XCTAssertEqual(letter["sequence_number"], "40")
        XCTAssertEqual(letter["data"], "bm90IEpTT04=")
        let object = try moto.aws(
            "s3", "cp", "s3://dead-letters/dead-letters/concerts/shardId-000000000001/42.json", "-")
        XCTAssertEqual(try JSONValue(parsing: Array(object.output.utf8))["sequence_number"], "42")
    }

    func testBadRecordFailsIfItsLetterCannotBeWritten() throws {
        let settings = ["DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:9/123456789012/letters"]
        try withBootstrap(environment: environment("http://127.0.0.1:9", settings)) { server, bootstrap in
            assertResponse(
                server.invoke(Self.event), equals: ["batchItemFailures": [["itemIdentifier": "40"]]])
            XCTAssertTrue(bootstrap.log.contains("dead letters could not be written"), bootstrap.log)
            XCTAssertTrue(bootstrap.log.contains("127.0.0.1:9"), bootstrap.log)
        }
    }

    func testOversizedLetterFailsWithoutABucket() throws {
        let moto = try Moto()
        try moto.reset()
        let url = try XCTUnwrap(
            moto.aws("sqs", "create-queue", "--queue-name", "letters").json()["QueueUrl"] as? String)
        try withBootstrap(environment: environment(moto.url, ["DEAD_LETTER_QUEUE_URL": url])) { server, bootstrap in
            assertResponse(
                server.invoke(Self.event), equals: ["batchItemFailures": [["itemIdentifier": "42"]]])
            XCTAssertTrue(bootstrap.log.contains("set DEAD_LETTER_BUCKET to store such letters"), bootstrap.log)
        }
    }

    func testReplayedLettersThatFailAgainStay() throws {
        let folder = try TemporaryFolder()
        func letter(_ data: String) -> String {
            let text = Data(data.utf8).base64EncodedString()
            return #"{"reason":"refused","message":"m","sequence_number":"7","partition_key":"k","data":"\#(text)"}"#
        }
        let words = ["dead-letters", "replay", "--bootstrap", try BootstrapProcess.path()]
        let good = try folder.write(letter(#"{"artist_id":"a","name":"n"}"#), to: "good.json")
        let environment = ["AWS_REGION": "us-east-1"]
        let run = try Concertctl.run(words + [good], environment: environment)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("replayed 1 record of 1 dead letter"), run.output)
        let bad = try folder.write(letter("[]"), to: "bad.json")
        let again = try Concertctl.run(words + [bad], environment: environment)
        XCTAssertEqual(again.status, 3)
        XCTAssertTrue(again.output.contains("kind") && again.output.contains("dead letters remaining: 1"), again.output)
    }

    func testRecordsAroundAFailedLetterAreReplayed() throws {
        let folder = try TemporaryFolder()
        func letter(_ sequence: Int, _ data: String) -> String {
            let text = Data(data.utf8).base64EncodedString()
            return #"{"reason":"refused","message":"m","sequence_number":"\#(sequence)","data":"\#(text)"}"#
        }
        let good = #"{"artist_id":"a","name":"n"}"#
        let letters = (1...9).map { letter($0, [3, 4, 8].contains($0) ? "[]" : good) }
        let path = try folder.write(letters.joined(separator: "\n"), to: "letters.ndjson")
        let run = try Concertctl.run(
            ["dead-letters", "replay", "--bootstrap", try BootstrapProcess.path(), path, "--output", "json"],
            environment: ["AWS_REGION": "us-east-1", "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:9/1/letters"])
        XCTAssertEqual(run.status, 3, run.notes)
        XCTAssertEqual(try run.json()["RecordsReplayed"] as? Int, 6, run.notes)
        XCTAssertEqual(try run.json()["LettersLeft"] as? Int, 3)
        XCTAssertEqual((try run.json()["Problems"] as? [String])?.count, 3)
    }

    func testLetterTooLargeForLambdaIsReplayedLocally() throws {
        let folder = try TemporaryFolder()
        let data = #"{"artist_id":"a","name":"n","raw_data":"\#(String(repeating: "x", count: 5 << 20))"}"#
        let text = Data(data.utf8).base64EncodedString()
        let path = try folder.write(
            #"{"reason":"refused","message":"m","sequence_number":"7","data":"\#(text)"}"#, to: "large.json")
        let run = try Concertctl.run(
            ["dead-letters", "replay", "--bootstrap", try BootstrapProcess.path(), path],
            environment: ["AWS_REGION": "us-east-1"])
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("letters done: 1"), run.output)
    }
}
