import Basics
import Foundation
import TestSupport
import XCTest

@testable import concertctl

/// The largest record of a stream: how it is set, shown and followed.
final class StreamRecordSizeTests: XCTestCase {
    func testScaleChangesRecordSize() throws {
        let bench = try StreamOnStrictAWS()
        let run = try bench.stream("scale", "--max-record-size-in-ki-b", "2048")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("up to 2048 KiB, changed (before: records of up to 1024 KiB)"), run.output)
        XCTAssertEqual(try bench.changes(), ["UpdateMaxRecordSize"])
        XCTAssertTrue(try bench.stream("describe").output.contains("record size  up to 2048 KiB"))
        let both = try bench.stream("scale", "--target-shard-count", "2", "--max-record-size-in-ki-b", "10240")
        XCTAssertEqual(both.status, 0, both.notes)
        XCTAssertTrue(both.notes.contains("exceeds the 6 MB limit of a Lambda event"), both.notes)
        XCTAssertEqual(try bench.changes(), ["UpdateMaxRecordSize", "UpdateShardCount", "UpdateMaxRecordSize"])
        let again = try bench.stream("scale", "--max-record-size-in-ki-b", "10240")
        XCTAssertTrue(again.output.contains("unchanged"), again.output)
        let dry = try bench.stream("scale", "--max-record-size-in-ki-b", "4096", "--dry-run")
        XCTAssertTrue(dry.output.contains("\"MaxRecordSizeInKiB\" : 4096") || dry.output.contains("4096"), dry.output)
        XCTAssertEqual(try bench.changes().count, 3)
    }

    func testSetupRaisesButDoesNotLowerRecordSize() throws {
        let bench = try StreamOnStrictAWS("")
        let options = ["--no-policy", "--no-encryption", "--no-monitoring", "--no-tags", "--no-test-record"]
        let first = try bench.stream(["setup", "--max-record-size-in-ki-b", "2048"] + options)
        XCTAssertEqual(first.status, 0, first.notes)
        XCTAssertEqual(try bench.changes(), ["CreateStream"])
        XCTAssertTrue(first.output.contains("record size  unchanged"), first.output)
        let more = try bench.stream(["setup", "--max-record-size-in-ki-b", "3072"] + options)
        XCTAssertTrue(more.output.contains("record size  changed     records of up to 3072 KiB"), more.output)
        let less = try bench.stream(["setup", "--max-record-size-in-ki-b", "1024"] + options)
        XCTAssertTrue(
            less.output.contains("To change it: concertctl stream scale --max-record-size-in-ki-b 1024"), less.output)
        XCTAssertEqual(try bench.changes(), ["CreateStream", "UpdateMaxRecordSize"])
    }

    func testPutFollowsRecordSize() throws {
        let bench = try StreamOnStrictAWS()
        let folder = try TemporaryFolder()
        let name = String(repeating: "x", count: 1_500_000)
        let path = try folder.write(#"{"data_type":"artists","artist_id":"a1","name":"\#(name)"}"#, to: "large.ndjson")
        let refused = try bench.stream("put", path, "--no-validate")
        XCTAssertEqual(refused.status, 1)
        XCTAssertTrue(refused.notes.contains("the stream's limit of 1048576"), refused.notes)
        XCTAssertEqual(try bench.stream("scale", "--max-record-size-in-ki-b", "2048").status, 0)
        let put = try bench.stream("put", path, "--no-validate")
        XCTAssertEqual(put.status, 0, put.notes)
        XCTAssertEqual(try bench.fake.shards(of: "concerts").first?.records.count, 1)
    }

    func testInvalidRecordSizeIsRejected() throws {
        for words in [
            ["scale", "--max-record-size-in-ki-b", "1023"], ["scale", "--max-record-size-in-ki-b", "10241"],
            ["setup", "--max-record-size-in-ki-b", "x"], ["scale"],
        ] {
            let run = try Concertctl.run(["stream"] + words + ["--stream-name", "s"])
            XCTAssertEqual(run.status, 2, "\(words): \(run.notes)")
        }
    }

    func testDescribeShowsDistribution() throws {
        let bench = try StreamOnStrictAWS(
            """
            kinesis.create_stream(
                StreamName='concerts', StreamModeDetails={'StreamMode': 'ON_DEMAND'},
                RecordDistributionStrategy='AUTO')
            """)
        let words = "distribution  AUTO: partition keys are ignored, so there is no order per key"
        XCTAssertTrue(try bench.stream("describe").output.contains(words))
        XCTAssertFalse(try StreamOnStrictAWS().stream("describe").output.contains("distribution"))
    }
}

/// Streams and consumers that come and go.
final class StreamDelayTests: XCTestCase {
    func testSetupWaitsForDeletion() throws {
        let bench = try StreamOnStrictAWS()
        try bench.fake.set(["readsUntilActive": 4])
        XCTAssertEqual(try bench.stream("delete", "--yes", "--no-wait").status, 0)
        let run = try bench.stream("setup", "--no-policy", "--no-encryption", "--no-monitoring", "--no-tags")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("stream       created"), run.output)
        XCTAssertEqual(try bench.changes(), ["DeleteStream", "CreateStream", "PutRecord"])
    }

    func testSetupWaitsForCreationAndChanges() throws {
        for program in [
            "kinesis.create_stream(StreamName='concerts', ShardCount=1)",
            "kinesis.create_stream(StreamName='concerts', ShardCount=1)\n"
                + "kinesis.get_waiter('stream_exists').wait(StreamName='concerts', WaiterConfig={'Delay': 0})\n"
                + "kinesis.increase_stream_retention_period(StreamName='concerts', RetentionPeriodHours=48)",
        ] {
            let bench = try StreamOnStrictAWS("")
            try bench.fake.set(["readsUntilActive": 3])
            try StreamOnStrictAWS.run(program, bench.fake)
            let before = try bench.changes().count
            let run = try bench.stream("setup", "--no-policy", "--no-monitoring", "--no-tags")
            XCTAssertEqual(run.status, 0, run.notes)
            XCTAssertEqual(try bench.changes().dropFirst(before), ["StartStreamEncryption"])
        }
    }

    func testSetupStopsAfterTimeout() throws {
        let bench = try StreamOnStrictAWS()
        try bench.fake.set(["readsUntilActive": 1_000_000])
        XCTAssertEqual(try bench.stream("delete", "--yes", "--no-wait").status, 0)
        let run = try bench.stream("setup", "--no-policy", "--timeout", "1")
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("waited 1 s for stream concerts to be deleted"), run.notes)
    }

    func testPutWaitsForNewStream() throws {
        let bench = try StreamOnStrictAWS("")
        try bench.fake.set(["readsUntilActive": 3])
        try StreamOnStrictAWS.run("kinesis.create_stream(StreamName='concerts', ShardCount=1)", bench.fake)
        let folder = try TemporaryFolder()
        let path = try folder.write(#"{"artist_id":"a1","name":"Nova"}"#, to: "one.ndjson")
        let run = try bench.stream("put", path)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try bench.fake.shards(of: "concerts").first?.records.count, 1)
    }

    func testRegisterWaitsForOtherRegistrations() throws {
        let bench = try StreamOnStrictAWS(
            """
            kinesis.create_stream(StreamName='concerts', ShardCount=1)
            arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/concerts'
            """)
        let program = """
            arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/concerts'
            for index in range(5):
                kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f'c{index}')
            """
        try StreamOnStrictAWS.run(program, bench.fake)
        let noWait = try bench.stream("consumer", "register", "--consumer-name", "sixth", "--no-wait")
        XCTAssertEqual(noWait.status, 1)
        XCTAssertTrue(noWait.notes.contains("LimitExceededException"), noWait.notes)
        let run = try bench.stream("consumer", "register", "--consumer-name", "sixth")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("consumer sixth: registered"), run.output)
    }

    func testConsumerARNIdentifiesItsStream() throws {
        let bench = try StreamOnStrictAWS()
        let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/concerts/consumer/fan:1700000000"
        for words in [["describe"], ["retention", "48"], ["put", "/dev/null"], ["metrics"], ["tail", "--no-follow"]] {
            let run = try bench.stream(words + ["--stream-name", arn])
            XCTAssertEqual(run.status, 0, "\(words): \(run.notes)")
        }
    }

    func testNotFoundErrorContainsRegion() throws {
        let bench = try StreamOnStrictAWS()
        for words in [
            ["stream", "describe"], ["stream", "retention", "48"], ["stream", "put", "/dev/null"],
            ["stream", "delete", "--yes"], ["mapping", "create"],
        ] {
            let run = try Concertctl.run(words + ["--stream-name", "missing"], environment: bench.fake.environment)
            XCTAssertEqual(run.status, 1, "\(words): \(run.notes)")
            XCTAssertTrue(run.notes.contains("us-east-1"), "\(words): \(run.notes)")
        }
    }

    func testStreamOfAnotherRegionIsRejected() throws {
        let bench = try StreamOnStrictAWS()
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/concerts"
        let environment = bench.fake.environment
        for words in [
            ["stream", "describe"], ["stream", "retention", "48"], ["stream", "put", "/dev/null"],
            ["stream", "metrics"],
            ["stream", "tail", "--no-follow"], ["stream", "setup"], ["mapping", "create"], ["mapping", "show"],
        ] {
            let run = try Concertctl.run(words + ["--stream-name", arn], environment: environment)
            XCTAssertEqual(run.status, 2, "\(words): \(run.notes)")
            XCTAssertTrue(
                run.notes.contains("stream concerts is in eu-west-1, but the command uses us-east-1; pass --region"),
                "\(words): \(run.notes)")
        }
        XCTAssertEqual(try bench.calls().count, 0)
    }
}
