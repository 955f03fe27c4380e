import Basics
import Foundation
import Telemetry
import TestSupport
import XCTest

@testable import concertctl

/// `stream tail` and `stream metrics` against the strict fake.
final class TailTests: XCTestCase {
    private static let stream = "concerts"

    private func server(shards: Int = 1) throws -> StrictAWS {
        let server = try StrictAWS()
        try server.set(["readsUntilActive": 0])
        try assertDone(
            run(server, ["setup", "--shard-count", "\(shards)", "--no-policy", "--no-test-record"]))
        return server
    }

    @discardableResult
    private func run(_ server: StrictAWS, _ words: [String], input: String = "") throws -> Run {
        try Concertctl.run(
            ["stream", words[0], "--stream-name", Self.stream] + words.dropFirst(), input: Data(input.utf8),
            environment: server.environment)
    }

    private func assertDone(_ run: Run, line: UInt = #line) { XCTAssertEqual(run.status, 0, run.notes, line: line) }

    private func lines(_ versions: Range<Int>, keys: Int = 40) -> String {
        versions.map { #"{"artist_id":"a\#($0 % keys)","name":"v\#($0)"}"# + "\n" }.joined()
    }

    /// Returns the versions of each key in the order in which they were read.
    private func versions(_ output: String) throws -> [String: [Int]] {
        var versions: [String: [Int]] = [:]
        for line in output.split(separator: "\n") {
            let record = try XCTUnwrap(
                JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], String(line))
            let entity = try XCTUnwrap(record["Entity"] as? [String: Any])
            let key = try XCTUnwrap(record["PartitionKey"] as? String)
            XCTAssertEqual(entity["artist_id"] as? String, key)
            let number = (entity["name"] as? String)?.dropFirst()
            versions[key, default: []].append(number.flatMap { Int($0) } ?? -1)
        }
        return versions
    }

    func testRecordsAreReadOnceInOrderAcrossReshardsAndExpiry() throws {
        let server = try server(shards: 2)
        try assertDone(run(server, ["put"], input: lines(0..<400)))
        try assertDone(run(server, ["scale", "--target-shard-count", "3"]))
        try assertDone(run(server, ["put"], input: lines(400..<800)))
        try assertDone(run(server, ["scale", "--target-shard-count", "2"]))
        try assertDone(run(server, ["put"], input: lines(800..<1200)))
        // With single-use iterators, short reads, and throttling.
        try server.set(["recordsPerRead": 70])
        try server.add(.throttle, of: "GetRecords", times: 2, after: 3)
        try server.add(.cut, of: "GetRecords", after: 4)
        let home = try TemporaryFolder()
        let program = try Concertctl.start(
            [
                "stream", "tail", "--stream-name", Self.stream, "--from", "TRIM_HORIZON", "--no-follow", "--output",
                "json",
            ],
            home: home, environment: server.environment)
        try program.wait { _ in try server.calls(of: "GetRecords").count >= 3 }
        try server.expire(.iterators)
        let tail = try program.finish()
        assertDone(tail)
        XCTAssertTrue(try server.calls(of: "GetRecords").contains { $0.error == "ExpiredIteratorException" })
        let versions = try versions(tail.output)
        XCTAssertEqual(versions.values.map(\.count).reduce(0, +), 1200, "all of them, each once")
        for (key, numbers) in versions { XCTAssertEqual(numbers, numbers.sorted(), key) }
    }

    func testLatestShowsAllLaterRecords() throws {
        let server = try server()
        try assertDone(run(server, ["put"], input: lines(0..<10)))
        let home = try TemporaryFolder()
        let program = try Concertctl.start(
            ["stream", "tail", "--stream-name", Self.stream, "--output", "json", "--limit", "30"], home: home,
            environment: server.environment)
        try program.wait { _ in try server.calls(of: "GetRecords").count >= 1 }
        try assertDone(run(server, ["put"], input: lines(10..<25)))
        try program.wait { try self.versions($0.output).values.map(\.count).reduce(0, +) == 15 }
        try server.expire(.iterators)
        try assertDone(run(server, ["put"], input: lines(25..<60)))
        let tail = try program.finish()
        assertDone(tail)
        let numbers = try versions(tail.output).values.joined()
        XCTAssertEqual(numbers.sorted(), Array(10..<40))
    }

    func testEndsAfterDurationAndOnInterrupt() throws {
        let server = try server()
        // Without an interruption, it would follow the stream indefinitely.
        assertDone(try run(server, ["tail", "--for", "1s"]))
        let home = try TemporaryFolder()
        let program = try Concertctl.start(
            ["stream", "tail", "--stream-name", Self.stream], home: home, environment: server.environment)
        let before = try server.calls(of: "GetRecords").count
        try program.wait { _ in try server.calls(of: "GetRecords").count > before }
        program.signal(SIGINT)
        let tail = try program.finish()
        XCTAssertEqual(tail.status, 130)
        XCTAssertTrue(tail.notes.contains("interrupted; 0 records read"), tail.notes)
    }

    func testExpiredLatestIteratorSkipsNoRecord() throws {
        let server = try server()
        try assertDone(run(server, ["put"], input: lines(0..<10)))
        let home = try TemporaryFolder()
        let program = try Concertctl.start(
            ["stream", "tail", "--stream-name", Self.stream, "--output", "json", "--limit", "15"], home: home,
            environment: server.environment)
        try program.wait { _ in try server.calls(of: "GetRecords").count >= 1 }
        // More failures than the attempts of one call.
        try server.add(.throttle, of: "GetShardIterator", times: 4)
        try server.expire(.iterators)
        try assertDone(run(server, ["put"], input: lines(10..<25)))
        let tail = try program.finish()
        assertDone(tail)
        XCTAssertEqual(try server.faultsLeft(), 0)
        XCTAssertEqual(try versions(tail.output).values.joined().sorted(), Array(10..<25))
    }

    func testStartsAtAndAfterSequenceNumber() throws {
        let server = try server()
        try assertDone(run(server, ["put"], input: lines(0..<10)))
        let shard = try XCTUnwrap(server.shards(of: Self.stream).first)
        let number = shard.records[6].sequenceNumber
        for (word, first) in [("AT_SEQUENCE_NUMBER", 6), ("after_sequence_number", 7)] {
            let tail = try run(
                server,
                [
                    "tail", "--from", word, "--starting-sequence-number", number, "--shard-id", shard.shardId,
                    "--no-follow", "--output", "json",
                ])
            assertDone(tail)
            XCTAssertEqual(try versions(tail.output).values.joined().sorted(), Array(first..<10), word)
        }
    }

    func testRecordsAreDecodedAndEscaped() throws {
        let server = try server()
        let payloads = [
            #"{"artist_id":"a1","name":"Nova \u001b[31m\u202e"}"#,
            #"{"artist_id":"a2","name":"n","popularity_score":185}"#,
            #"{"test":true}"#, "\u{1B}[2J not JSON",
        ]
        try assertDone(
            run(
                server, ["put", "--no-validate", "--partition-key", "key\u{1B}[0m"],
                input: payloads.joined(separator: "\n")))
        let tail = try run(server, ["tail", "--from", "1h", "--no-follow"])
        assertDone(tail)
        for words in [
            "artist {", "\"artist_id\": \"a1\"", "range: artist.popularity_score: 185", "test record",
            "bad record, json",
        ] {
            XCTAssertTrue(tail.output.contains(words), "\(words) is not in \(tail.output)")
        }
        for scalar in tail.output.unicodeScalars {
            let isControl = scalar.value < 0x20 && scalar != "\n" || (0x7F..<0xA0).contains(scalar.value)
            XCTAssertFalse(isControl || scalar.value == 0x202E, "U+\(String(scalar.value, radix: 16))")
        }
        let raw = try run(server, ["tail", "--from", "TRIM_HORIZON", "--no-follow", "--raw"])
        XCTAssertEqual(raw.output.split(separator: "\n").map(String.init), Array(payloads.dropLast()))
        XCTAssertTrue(raw.notes.contains("1 record is not JSON"), raw.notes)
        let json = try run(server, ["tail", "--from", "TRIM_HORIZON", "--limit", "1", "--output", "json"])
        XCTAssertEqual(try json.json()["Kind"] as? String, "artist")
        XCTAssertEqual(
            (try json.json()["Data"] as? String).flatMap { Data(base64Encoded: $0) }, Data(payloads[0].utf8))
    }

    func testStartsAtGivenTime() throws {
        let cases: [(text: String, start: TailStart?)] = [
            ("LATEST", .latest), ("trim_horizon", .trimHorizon), ("1000.5", .time(1000.5)), ("10m", .time(9400)),
            ("1970-01-01T00:01:00.5Z", .time(60.5)), ("1970-01-02", .time(86_400)), ("1d", .time(0)), ("-5", nil),
            ("yesterday", nil), ("inf", nil), ("m", nil), ("", nil),
        ]
        for (text, start) in cases {
            XCTAssertEqual(try? TailStart(text, now: 10_000), start, text)
        }
    }

    func testMetricsShowDatapointsAsBars() throws {
        let server = try server()
        try server.add(
            [(130, 10), (190, 40), (250, 0)], to: "IncomingRecords", of: "AWS/Kinesis",
            dimensions: ["StreamName": Self.stream])
        let text = try Concertctl.run(
            ["stream", "metrics", "--stream-name", Self.stream, "--since", "10m"],
            environment: server.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 })
        assertDone(text)
        let row = try XCTUnwrap(text.output.split(separator: "\n").first { $0.hasPrefix("IncomingRecords") })
        XCTAssertEqual(
            row.split(whereSeparator: \.isWhitespace).map(String.init),
            ["IncomingRecords", "Sum", "10", "50", "40", "▁█▃"])
        XCTAssertTrue(text.output.contains("no datapoints"), text.output)
        let json = try run(server, ["metrics", "--metric-name", "IncomingRecords", "--output", "json"])
        let metrics = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        let values = (metrics.first?["Datapoints"] as? [[String: Any]])?.map { $0["Value"] as? Int }
        XCTAssertEqual(values, [0, 40, 10])
        XCTAssertEqual(
            try Concertctl.run(["stream", "metrics", "--stream-name", "none"], environment: server.environment).status,
            1)
    }

    func testMetricsOfMotoHaveValidSignature() throws {
        let moto = try Moto()
        try moto.reset()
        let oracle = try SigV4Oracle(upstream: moto.url)
        try moto.aws("kinesis", "create-stream", "--stream-name", Self.stream, "--shard-count", "1")
        for value in ["40", "2"] {
            try moto.aws(
                "cloudwatch", "put-metric-data", "--namespace", "AWS/Kinesis", "--metric-name", "IncomingRecords",
                "--dimensions", "StreamName=\(Self.stream)", "--value", value)
        }
        for hasToken in [false, true] {
            let run = try Concertctl.run(
                [
                    "stream", "metrics", "--stream-name", Self.stream, "--metric-name",
                    "IncomingRecords,PutRecords.FailedRecords", "--output", "json",
                ],
                environment: oracle.environment(hasToken: hasToken))
            assertDone(run)
            let metrics = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
            let values = metrics.map { ($0["Datapoints"] as? [[String: Any]] ?? []).compactMap { $0["Value"] as? Int } }
            XCTAssertEqual(values.map { $0.reduce(0, +) }, [42, 0], run.output)
        }
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
        XCTAssertTrue(try oracle.requests().contains { $0.service == "monitoring" })
    }

    /// The last period contains the current time, at any second of the period.
    func testQueryIncludesCurrentPeriod() {
        let minute: Int64 = 1_790_000_040_000
        XCTAssertEqual(minute % 120_000, 0)
        let cases: [(now: Int64, period: Int, seconds: Int, start: Int64, end: Int64)] = [
            (minute, 60, 600, minute - 540_000, minute + 60_000),
            (minute + 1, 60, 600, minute - 540_000, minute + 60_000),
            (minute + 59_999, 60, 600, minute - 540_000, minute + 60_000),
            (minute - 1, 60, 600, minute - 600_000, minute), (minute + 30_000, 60, 60, minute, minute + 60_000),
            (minute + 30_000, 120, 60, minute, minute + 120_000), (minute - 1, 120, 60, minute - 120_000, minute),
            (0, 3600, 7200, -3_600_000, 3_600_000), (3_600_000, 3600, 3600, 3_600_000, 7_200_000),
        ]
        for row in cases {
            let periods = StreamMetrics.periods(
                of: row.period, in: row.seconds, until: WallClock(millisecondsSinceEpoch: row.now))
            XCTAssertEqual(Int64(periods.upperBound) * 1000, row.end, "\(row)")
            XCTAssertEqual(Int64(periods.lowerBound) * 1000, row.start, "\(row)")
            XCTAssertGreaterThan(Int64(periods.upperBound) * 1000, row.now, "\(row)")
            XCTAssertEqual(periods.upperBound % row.period, 0, "\(row)")
            XCTAssertEqual(periods.count % row.period, 0, "\(row)")
        }
    }

    func testSparklineScalesBars() {
        XCTAssertEqual(Sparkline.text([0, nil, 7, 3.5], isUnicode: true), "▁ █▅")
        XCTAssertEqual(Sparkline.text([0, 1], isUnicode: false), "_#")
        XCTAssertEqual(Sparkline.text([0, 0], isUnicode: true), "▁▁")
        XCTAssertEqual(Sparkline.text([], isUnicode: true), "")
    }

    func testInvalidUsageIsRejected() throws {
        let cases: [(words: [String], message: String)] = [
            (["tail", "--stream-name", "s", "--from", "then"], "--from is \"then\""),
            (["tail", "--stream-name", "s", "--for", "-1"], "--for is \"-1\""),
            (["tail", "--stream-name", "s", "--raw", "--output", "json"], "--raw and --output cannot be combined"),
            (
                ["tail", "--stream-name", "s", "--from", "AT_SEQUENCE_NUMBER"],
                "require --starting-sequence-number, and the reverse"
            ),
            (
                ["tail", "--stream-name", "s", "--starting-sequence-number", "1"],
                "require --starting-sequence-number, and the reverse"
            ),
            (
                ["tail", "--stream-name", "s", "--from", "AFTER_SEQUENCE_NUMBER", "--starting-sequence-number", "x"],
                "is \"x\"; expected up to 128 digits"
            ),
            (
                ["tail", "--stream-name", "s", "--from", "AFTER_SEQUENCE_NUMBER", "--starting-sequence-number", "1"],
                "--starting-sequence-number requires --shard-id"
            ),
            (["put", "--stream-name", "s", "a.ndjson", "--failed", "./a.ndjson"], "expected another file"),
            (["tail"], "no stream specified"),
            (["tail", "--stream-name", "bad name"], "invalid stream"),
            (["put", "--stream-name", "s", "--rate", "0"], "--rate is \"0\""),
            (["put", "--stream-name", "s", "-", "-"], "can be given only once"),
            (
                ["put", "--stream-name", "s", "--strict", "--no-validate"],
                "--strict and --no-validate cannot be combined"
            ),
            (["put", "--stream-name", "s", "--partition-key", ""], "invalid --partition-key"),
            (["metrics", "--stream-name", "s", "--since", "16d"], "--since is \"16d\""),
            (["metrics", "--stream-name", "s", "--period", "90"], "--period is \"90\""),
            (["metrics", "--stream-name", "s", "--statistic", "p99"], "expected one of"),
        ]
        for (words, message) in cases {
            let run = try Concertctl.run(["stream"] + words, environment: ["AWS_REGION": "us-east-1"])
            XCTAssertEqual(run.status, 2, "\(words): \(run.notes)")
            XCTAssertTrue(run.notes.contains(message), run.notes)
        }
    }
}

/// Answers that no stream gives.
final class HostileTailTests: XCTestCase {
    func testShardsWithCyclicParentsAreRead() throws {
        let bench = try StreamOnStrictAWS(
            """
            kinesis.create_stream(StreamName='concerts', ShardCount=1)
            kinesis.put_record(StreamName='concerts', Data=b'{"artist_id":"a-circle","name":"Nova"}', PartitionKey='k')
            """)
        let shard =
            #"{"ShardId":"shardId-000000000000","ParentShardId":"shardId-000000000000","#
            + #""HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},"#
            + #""SequenceNumberRange":{"StartingSequenceNumber":"1"}}"#
        try bench.fake.answer("ListShards", with: "{\"Shards\":[\(shard)]}")
        let run = try bench.stream("tail", "--from", "TRIM_HORIZON", "--no-follow")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("a-circle"), run.output)
    }
}
