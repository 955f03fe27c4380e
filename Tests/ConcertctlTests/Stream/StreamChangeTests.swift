import Basics
import Foundation
import TestSupport
import XCTest

/// Commands that change one thing, and what AWS's own client reads and writes.
final class StreamChangeTests: XCTestCase {
    func testChangesAreVisibleToAWSCLI() throws {
        let bench = try StreamOnMoto()
        try bench.create()
        /// A command, a member of the summary, and its value afterwards.
        let cases: [(words: [String], member: String, value: NSObject, line: UInt)] = [
            (["scale", "--target-shard-count", "5"], "OpenShardCount", 5 as NSNumber, #line),
            (["scale", "--target-shard-count", "3"], "OpenShardCount", 3 as NSNumber, #line),
            (["retention", "72"], "RetentionPeriodHours", 72 as NSNumber, #line),
            (["retention", "--retention-period-hours", "30"], "RetentionPeriodHours", 30 as NSNumber, #line),
            (["encrypt"], "KeyId", "alias/aws/kinesis" as NSString, #line),
            (["encrypt", "--key-id", "alias/own"], "KeyId", "alias/own" as NSString, #line),
            (["encrypt", "--disable"], "EncryptionType", "NONE" as NSString, #line),
            (
                ["mode", "--stream-mode", "ON_DEMAND"], "StreamModeDetails",
                ["StreamMode": "ON_DEMAND"] as NSDictionary,
                #line
            ),
        ]
        for row in cases {
            let run = try bench.stream(row.words)
            XCTAssertEqual(run.status, 0, run.notes, line: row.line)
            XCTAssertTrue(run.output.contains("changed"), run.output, line: row.line)
            XCTAssertEqual(try bench.summary()[row.member] as? NSObject, row.value, line: row.line)
            let again = try bench.stream(row.words + ["--output", "json", "--stream-name", StreamOnMoto.arn])
            XCTAssertEqual(again.status, 0, again.notes, line: row.line)
            XCTAssertTrue(again.notes.contains("unchanged"), again.notes, line: row.line)
            XCTAssertEqual(try again.json()[row.member] as? NSObject, row.value, line: row.line)
        }
        XCTAssertEqual(try bench.oracle.requests().compactMap(\.error), [])
    }

    func testMetricsAreEnabledAndDisabled() throws {
        let bench = try StreamOnStrictAWS()
        let cases: [(words: [String], metrics: String, calls: Int)] = [
            (["--enable", "IncomingBytes,OutgoingBytes"], "IncomingBytes, OutgoingBytes", 1),
            (["--enable", "OutgoingBytes"], "IncomingBytes, OutgoingBytes", 0),
            (
                ["--disable", "IncomingBytes", "--enable", "OutgoingBytes", "OutgoingRecords"],
                "OutgoingBytes, OutgoingRecords", 2
            ),
            (["--enable", "ALL"], "IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, ", 1),
            (["--disable", "ALL"], "no shard-level metrics", 1),
            (["--disable", "ALL"], "no shard-level metrics, unchanged", 0),
        ]
        for (words, metrics, calls) in cases {
            let before = try bench.changes().count
            let run = try bench.stream(["monitor"] + words)
            XCTAssertEqual(run.status, 0, run.notes)
            XCTAssertTrue(run.output.contains(metrics), run.output)
            XCTAssertEqual(try bench.changes().count - before, calls, "\(words)")
        }
    }

    func testTagsAreAddedAndRemoved() throws {
        let bench = try StreamOnMoto()
        try bench.create()
        try bench.moto.aws(
            "kinesis", "add-tags-to-stream", "--stream-name", "concerts", "--tags",
            #"{"Old": "1", "Kept": "\u001B[2J"}"#)
        let run = try bench.stream("tag", "--tags", "New=a=b", "Empty=", "--tag-keys", "Old", "Never")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("Kept=\\u{1B}[2J, New=a=b, changed"), run.output)
        XCTAssertEqual(try bench.tags(), ["Kept": "\u{1B}[2J", "New": "a=b", "Empty": ""])
        XCTAssertTrue(try bench.stream("tag", "--tags", "New=a=b").output.contains("unchanged"))
        let listed = try bench.stream("tag", "--output", "json")
        XCTAssertEqual(
            try JSONDecoder().decode([[String: String]].self, from: Data(listed.output.utf8)).map { $0["Key"] },
            ["Empty", "Kept", "New"])
    }

    func testConsumersAreRegisteredAndDeregistered() throws {
        let bench = try StreamOnStrictAWS()
        let registered = try bench.stream("consumer", "register", "--consumer-name", "fan", "--output", "json")
        XCTAssertEqual(registered.status, 0, registered.notes)
        XCTAssertEqual(try registered.json()["ConsumerStatus"] as? String, "ACTIVE")
        let arn = try XCTUnwrap(try registered.json()["ConsumerARN"] as? String)
        let again = try bench.stream("consumer", "register", "--consumer-name", "fan")
        XCTAssertTrue(again.output.contains("already registered"), again.output)
        XCTAssertTrue(again.output.contains(arn), again.output)
        XCTAssertTrue(try bench.stream("consumer", "list").output.contains(arn))
        XCTAssertTrue(try bench.stream("consumer", "describe", "--consumer-name", "fan").output.contains(arn))

        let refused = try bench.stream("delete", "--yes")
        XCTAssertEqual(refused.status, 1)
        XCTAssertTrue(refused.notes.contains("--enforce-consumer-deletion"), refused.notes)

        try bench.fake.add(.lost, of: "DeregisterStreamConsumer")
        let gone = try bench.stream("consumer", "deregister", "--consumer-name", "fan")
        XCTAssertEqual(gone.status, 0, gone.notes)
        XCTAssertEqual(try bench.changes().last, "DeregisterStreamConsumer")
        let missing = try bench.stream("consumer", "deregister", "--consumer-name", "fan")
        XCTAssertEqual(missing.status, 1)
        XCTAssertTrue(missing.notes.contains("has no consumer fan"), missing.notes)
        XCTAssertTrue(try bench.stream("consumer", "list").output.contains("no registered consumers"))
    }

    func testLostRegistrationResponseIsSuccess() throws {
        let bench = try StreamOnStrictAWS()
        try bench.fake.add(.lost, of: "RegisterStreamConsumer")
        let run = try bench.stream("consumer", "register", "--consumer-name", "fan")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(
            try bench.changes(), ["RegisterStreamConsumer", "RegisterStreamConsumer ResourceInUseException"])
    }

    func testDeletionRequiresConfirmation() throws {
        let bench = try StreamOnStrictAWS()
        let asked = try bench.stream("delete")
        XCTAssertEqual(asked.status, 1)
        XCTAssertTrue(asked.notes.contains("pass --yes"), asked.notes)
        XCTAssertEqual(try bench.calls().count, 0)
        try bench.fake.add(.lost, of: "DeleteStream")
        let deleted = try bench.stream("delete", "--yes")
        XCTAssertEqual(deleted.status, 0, deleted.notes)
        XCTAssertEqual(deleted.output, "stream concerts: deleted\n")
        let missing = try bench.stream("delete", "--yes")
        XCTAssertEqual(missing.status, 1)
        XCTAssertTrue(missing.notes.contains("ResourceNotFoundException"), missing.notes)
    }

    func testChangingStreamIsDeleted() throws {
        let bench = try StreamOnStrictAWS(
            """
            kinesis.create_stream(StreamName='concerts', ShardCount=1)
            kinesis.register_stream_consumer(
                StreamARN='arn:aws:kinesis:us-east-1:123456789012:stream/concerts', ConsumerName='fan')
            """)
        try bench.fake.set(["readsUntilActive": 5])
        XCTAssertEqual(try bench.stream("retention", "48", "--no-wait").status, 0)
        let run = try bench.stream("delete", "--yes", "--enforce-consumer-deletion")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(
            try bench.changes().suffix(2), ["DeleteStream ResourceInUseException", "DeleteStream"])
    }
}
