import Basics
import Foundation
import TestSupport
import XCTest

/// States that take time, faults, limits and pages, against the strict fake.
final class StreamStateTests: XCTestCase {
    func testChangeWaitsForOtherChanges() throws {
        let bench = try StreamOnStrictAWS()
        try bench.fake.set(["readsUntilActive": 5])
        XCTAssertTrue(try bench.stream("retention", "48", "--no-wait").output.contains("is UPDATING: requested"))
        let refused = try bench.stream("retention", "72", "--no-wait")
        XCTAssertEqual(refused.status, 1)
        XCTAssertTrue(refused.notes.contains("ResourceInUseException"), refused.notes)
        let waited = try bench.stream("retention", "72")
        XCTAssertEqual(waited.status, 0, waited.notes)
        XCTAssertTrue(waited.output.contains("retention 72 h, changed (before: retention 48 h)"), waited.output)
    }

    func testCallIsRetriedAfterInterveningChange() throws {
        for words in [
            ["scale", "--target-shard-count", "2"], ["retention", "48"], ["mode", "--stream-mode", "ON_DEMAND"],
            ["encrypt"], ["monitor", "--enable", "ALL"], ["tag", "--tags", "a=b"],
            ["consumer", "register", "--consumer-name", "fan"],
        ] {
            let bench = try StreamOnStrictAWS()
            let operations = [
                "UpdateShardCount", "IncreaseStreamRetentionPeriod", "UpdateStreamMode", "StartStreamEncryption",
                "EnableEnhancedMonitoring", "AddTagsToStream", "RegisterStreamConsumer",
            ]
            for operation in operations { try bench.fake.add(.error, of: operation, code: "ResourceInUseException") }
            let run = try bench.stream(words)
            XCTAssertEqual(run.status, 0, "\(words): \(run.notes)")
            let calls = try bench.changes()
            XCTAssertEqual(calls.count, 2, "\(words): \(calls)")
            XCTAssertTrue(calls.first?.hasSuffix(" ResourceInUseException") ?? false, "\(words): \(calls)")
        }
    }

    func testLostResponsesAreNotRepeated() throws {
        let cases: [(words: [String], operation: String)] = [
            (["scale", "--target-shard-count", "2"], "UpdateShardCount"),
            (["retention", "48"], "IncreaseStreamRetentionPeriod"),
            (["mode", "--stream-mode", "ON_DEMAND"], "UpdateStreamMode"),
            (["encrypt"], "StartStreamEncryption"), (["monitor", "--enable", "ALL"], "EnableEnhancedMonitoring"),
        ]
        for (words, operation) in cases {
            for fault in [StrictAWS.Fault.lost, .cut] {
                let bench = try StreamOnStrictAWS()
                try bench.fake.add(fault, of: operation)
                let run = try bench.stream(words)
                XCTAssertEqual(run.status, 0, "\(words): \(run.notes)")
                XCTAssertTrue(run.output.contains("changed"), run.output)
                XCTAssertEqual(try bench.calls(of: operation).count { $0.status == 200 }, 1, "\(words)")
            }
        }
    }

    func testScaleUsesAllowedSteps() throws {
        let bench = try StreamOnStrictAWS()
        let up = try bench.stream("scale", "--target-shard-count", "7")
        XCTAssertEqual(up.status, 0, up.notes)
        XCTAssertTrue(up.notes.contains("from 1 open shard in 3 calls: 2, 4, 7"), up.notes)
        XCTAssertEqual(up.output.split(separator: "\n").count, 3)
        let noWait = try bench.stream("scale", "--target-shard-count", "1", "--no-wait")
        XCTAssertEqual(noWait.status, 1)
        XCTAssertTrue(noWait.notes.contains("3 calls (4, 2, 1)"), noWait.notes)
        XCTAssertEqual(try bench.stream("scale", "--target-shard-count", "1").status, 0)
        let targets = try bench.calls(of: "UpdateShardCount").map { $0.body["TargetShardCount"] as? Int }
        XCTAssertEqual(targets, [2, 4, 7, 4, 2, 1])
    }

    func testLimitsAndModesAreExplained() throws {
        let bench = try StreamOnStrictAWS()
        try bench.fake.set(["shardCountUpdates": 1])
        let run = try bench.stream("scale", "--target-shard-count", "4")
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.output.contains("2 open shards, changed"), run.output)
        XCTAssertTrue(run.notes.contains("10 UpdateShardCount calls per stream in 24 hours"), run.notes)
        for mode in ["ON_DEMAND", "PROVISIONED"] {
            XCTAssertEqual(try bench.stream("mode", "--stream-mode", mode).status, 0)
        }
        let third = try bench.stream("mode", "--stream-mode", "ON_DEMAND")
        XCTAssertEqual(third.status, 1)
        XCTAssertTrue(third.notes.contains("two mode changes per stream in 24 hours"), third.notes)
        let onDemand = try StreamOnStrictAWS(
            "kinesis.create_stream(StreamName='concerts', StreamModeDetails={'StreamMode': 'ON_DEMAND'})")
        let refused = try onDemand.stream("scale", "--target-shard-count", "2")
        XCTAssertEqual(refused.status, 1)
        XCTAssertTrue(refused.notes.contains("is ON_DEMAND"), refused.notes)
        XCTAssertEqual(try onDemand.changes(), [])
    }

    func testLoweredRetentionPrintsWarning() throws {
        let bench = try StreamOnStrictAWS()
        XCTAssertFalse(try bench.stream("retention", "48").notes.contains("older than"))
        XCTAssertTrue(try bench.stream("retention", "24").notes.contains("older than 24 h immediately"))
    }

    func testWaitStopsAfterTimeout() throws {
        let bench = try StreamOnStrictAWS()
        try bench.fake.set(["readsUntilActive": 1_000_000])
        let run = try bench.stream("retention", "48", "--timeout", "1")
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("waited 1 s for stream concerts"), run.notes)
        XCTAssertTrue(run.notes.contains("UPDATING"), run.notes)
    }

    func testWaitCanBeInterrupted() throws {
        let bench = try StreamOnStrictAWS()
        try bench.fake.set(["readsUntilActive": 1_000_000])
        let home = try TemporaryFolder()
        let program = try Concertctl.start(
            ["stream", "retention", "48", "--stream-name", "concerts"], home: home, environment: bench.fake.environment)
        try program.wait { _ in try bench.calls(of: "DescribeStreamSummary").count > 2 }
        program.signal(SIGINT)
        XCTAssertEqual(try program.finish().status, 130)
        XCTAssertTrue(program.notes.contains("interrupted"), program.notes)
    }

    func testCreatingStreamIsDescribed() throws {
        let bench = try StreamOnStrictAWS("")
        try bench.fake.set(["readsUntilActive": 1_000_000])
        let setup = try bench.stream("setup", "--no-policy", "--timeout", "1")
        XCTAssertEqual(setup.status, 1)
        XCTAssertTrue(setup.notes.contains("to become ACTIVE, which is still CREATING"), setup.notes)
        let run = try bench.stream("describe")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("status      CREATING"), run.output)
        XCTAssertEqual(try bench.calls(of: "ListShards").count, 0)
    }

    func testAllPagesAreRead() throws {
        let bench = try StreamOnStrictAWS(
            """
            for name in ('aaa', 'concerts', 'zzz'):
                kinesis.create_stream(StreamName=name, ShardCount=3)
            arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/concerts'
            kinesis.add_tags_to_stream(StreamName='concerts', Tags={f't{i}': str(i) for i in range(5)})
            for i in range(3):
                kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f'c{i}')
            kinesis.split_shard(
                StreamName='concerts', ShardToSplit='shardId-000000000000', NewStartingHashKey='100')
            """)
        try bench.fake.set(["pageSize": 2])
        let described = try bench.stream("describe", "--output", "json").json()
        XCTAssertEqual((described["Shards"] as? [Any])?.count, 5)
        XCTAssertEqual((described["Tags"] as? [[String: String]])?.map { $0["Key"] }, ["t0", "t1", "t2", "t3", "t4"])
        XCTAssertEqual(
            (described["Consumers"] as? [[String: Any]])?.compactMap { $0["ConsumerName"] as? String },
            ["c0", "c1", "c2"])
        XCTAssertEqual(try bench.calls(of: "ListShards").count, 3)
        let text = try bench.stream("describe").output
        for words in [
            "PROVISIONED, 4 open shards, 1 closed", "shardId-000000000000  closed  00000000-55555555  33.3 %  -",
            "shardId-000000000004  open    00000000-55555555  33.3 %  shardId-000000000000", "c1 (ACTIVE)",
        ] { XCTAssertTrue(text.contains(words), "\(words): \(text)") }
        let list = try bench.stream("list")
        XCTAssertEqual(
            list.output.split(separator: "\n").map { $0.prefix(8) }, ["STREAM  ", "aaa     ", "concerts", "zzz     "])
        XCTAssertEqual(try bench.calls(of: "ListStreams").count, 2)
    }
}
