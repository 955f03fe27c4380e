import Foundation
import TestSupport
import XCTest

/// Tests of the replay of dead letters to the built `bootstrap`, with a cache, tables and subscribers.
final class RedeliveryTests: XCTestCase {
    private static let streamARN = "arn:aws:kinesis:us-east-1:123456789012:stream/concerts"
    private static let function = "concert-data-processor"

    private struct Record {
        var data: [UInt8]
        var sequence: Int
        var shard = "shardId-000000000000"
        var arrival = "2026-11-09T04:24:17.237Z"
        var reason = "refused"
        /// Data that is not base64.
        var text: String?

        init(_ data: String, _ sequence: Int, shard: String = "shardId-000000000000") {
            self.init(Array(data.utf8), sequence, shard: shard)
        }

        init(_ data: [UInt8], _ sequence: Int, shard: String = "shardId-000000000000") {
            (self.data, self.sequence, self.shard) = (data, sequence, shard)
        }

        var letter: String {
            let text = text ?? Data(data).base64EncodedString()
            return
                #"{"reason":"\#(reason)","message":"m","stream":"\#(RedeliveryTests.streamARN)","shard":"\#(shard)","#
                + #""sequence_number":"\#(sequence)","partition_key":"k","arrival":"\#(arrival)","request_id":"r","#
                + #""function":"\#(RedeliveryTests.function)","data":"\#(text)"}"#
        }
    }

    /// An ordinary event with one record, an hour after the dead letters.
    private static func event(_ data: String, _ sequence: Int) -> [UInt8] {
        let text = Data(data.utf8).base64EncodedString()
        return Array(
            (#"{"Records":[{"eventID":"shardId-000000000000:\#(sequence)","eventSource":"aws:kinesis","#
                + #""eventSourceARN":"\#(streamARN)","kinesis":{"sequenceNumber":"\#(sequence)","#
                + #""partitionKey":"k","approximateArrivalTimestamp":1794201857.5,"data":"\#(text)"}}]}"#).utf8)
    }

    /// A function, a queue and a bucket with dead letters, a cache, and a queue that is subscribed to notifications.
    private struct World {
        let moto: Moto
        let functions: LambdaFunctions
        let redis: RedisServer
        let letters: String
        let notifications: String
        var environment: [String: String]

        init() throws {
            moto = try Moto()
            try moto.reset()
            functions = try LambdaFunctions(upstream: moto.url)
            redis = try RedisServer()
            letters = functions.queue
            notifications = try XCTUnwrap(
                moto.aws("sqs", "create-queue", "--queue-name", "notifications").json()["QueueUrl"] as? String)
            let topic = try XCTUnwrap(
                moto.aws("sns", "create-topic", "--name", "t").json()["TopicArn"] as? String)
            try moto.aws(
                "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint",
                "arn:aws:sqs:us-east-1:123456789012:notifications", "--attributes", "RawMessageDelivery=true")
            environment = [
                "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_ENDPOINT_URL": functions.url, "CACHE_URL": "redis://127.0.0.1:\(redis.port)",
                "CACHE_TTL_SECONDS": "0", "NOTIFY_TOPIC_ARN": topic, "PROCESSORS": "cache,notifier",
            ]
        }

        func start() throws { try functions.add(RedeliveryTests.function, environment: environment) }

        func replay(_ words: String...) throws -> Run {
            try Concertctl.run(
                ["dead-letters", "replay", "--output", "json"] + words, environment: environment)
        }

        /// The number of notifications that were sent.
        func notified() throws -> Int {
            let run = try moto.aws(
                "sqs", "get-queue-attributes", "--queue-url", notifications, "--attribute-names",
                "ApproximateNumberOfMessages")
            let attributes = try XCTUnwrap(run.json()["Attributes"] as? [String: String])
            return Int(attributes["ApproximateNumberOfMessages"] ?? "") ?? -1
        }

        func cached() throws -> [String: String] {
            let keys = try redis.cli("KEYS", "concert:*").split(separator: "\n").map(String.init).filter { key in
                ["artist:", "concert:", "venue:"].contains { key.hasPrefix("concert:" + $0) }
            }
            return try Dictionary(uniqueKeysWithValues: keys.map { ($0, try redis.cli(["--raw", "GET", $0])) })
        }
    }

    func testOldLetterDoesNotReplaceANewerVersion() throws {
        var world = try World()
        let warehouse = try Warehouse()
        try warehouse.reset()
        world.environment.merge([
            "PROCESSORS": "redshift,cache,notifier", "AWS_ENDPOINT_URL_REDSHIFT_DATA": warehouse.url,
            "REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev",
        ]) { $1 }
        let made = try Concertctl.run(["warehouse", "init"], environment: world.environment)
        XCTAssertEqual(made.status, 0, made.notes)
        try world.start()
        func payloads(_ version: String, _ status: String, _ date: String) -> [String] {
            [
                #"{"concert_id":"c","event_date":"\#(date)","status":"\#(status)","name":"\#(version)"}"#,
                #"{"artist_id":"a","name":"\#(version)"}"#,
                #"{"sale_id":"s","concert_id":"c","ticket_tier":"\#(version)","quantity":1,"unit_price":5,"#
                    + #""purchase_timestamp":"2026-01-02"}"#,
            ]
        }
        for (index, data) in payloads("new", "scheduled", "2027-06-01").enumerated() {
            let answer = try world.functions.invoke(Self.function, Self.event(data, 200 + index))
            XCTAssertEqual(answer, #"{"batchItemFailures":[]}"#)
        }
        func state() throws -> [String] {
            try world.cached().sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                + ["concerts", "artists", "ticket_sales"].flatMap { table in
                    try warehouse.sql("SELECT row_to_json(t)::text FROM concert_dw.\(table) t").map { $0[0] ?? "" }
                }
        }
        let before = try state()
        XCTAssertEqual(before.count, 5, "\(before)")
        XCTAssertEqual(try world.notified(), 1)

        // From the same shard, in which the sequence number decides, and from another one, for which the arrival does.
        let old = payloads("old", "cancelled", "2027-05-01")
        let letters =
            old.enumerated().map { Record($1, 100 + $0) }
            + old.enumerated().map { Record($1, 900 + $0, shard: "shardId-000000000001") }
        try world.functions.send(letters.map(\.letter))
        let run = try world.replay("--queue-url", world.letters)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try run.json()["LettersDone"] as? Int, 6)
        XCTAssertEqual(try state(), before)
        XCTAssertEqual(try world.notified(), 1)
        XCTAssertEqual(try world.functions.messages().all, 0)
        // The visibility timeout is longer than the 15 minutes that an invocation may take.
        let invocations = try world.functions.invocations().suffix(2)
        XCTAssertEqual(invocations.map(\.timeouts), [[960, 960, 960], [960, 960, 960]])
    }

    func testReplayOfAThousandLettersListsFailuresByReason() throws {
        var world = try World()
        world.environment["PROCESSORS"] = "cache"
        try world.start()
        // A record that a processor always rejects, because its key has another type.
        _ = try world.redis.cli(
            "EVAL", "for i = 0, 69 do redis.call('RPUSH', 'concert:artist:stuck' .. i, 'x') end", "0")
        func bad(_ reason: String, _ index: Int) -> [UInt8] {
            switch reason {
            case "gzip": [0x1F, 0x8B, 8, 0, UInt8(index)]
            case "kpl": [0xF3, 0x89, 0x9A, 0xC2, UInt8(index)]
            case "utf8": Array(#"{"artist_id":""#.utf8) + [0xFF, UInt8(index)] + Array(#""}"#.utf8)
            case "json": Array("{\(index)".utf8)
            case "kind": Array(#"{"data_type":"bands","n":\#(index)}"#.utf8)
            case "missing": Array(#"{"artist_id":"m\#(index)"}"#.utf8)
            case "type": Array(#"{"artist_id":"t\#(index)","name":7}"#.utf8)
            case "range": Array(#"{"artist_id":"r\#(index)","name":"n","popularity_score":185}"#.utf8)
            default: Array(#"{"artist_id":"stuck\#(index)","name":"n"}"#.utf8)
            }
        }
        let reasons = ["base64", "gzip", "kpl", "utf8", "json", "kind", "missing", "type", "range", "refused"]
        var records: [Record] = []
        for index in 0..<70 {
            for reason in reasons {
                var record = Record(bad(reason, index), 0)
                record.reason = reason
                if reason == "base64" { record.text = "not base64 \(index)" }
                records.append(record)
            }
        }
        for index in 0..<300 {
            var record = Record(#"{"artist_id":"good\#(index)","name":"n"}"#, 0)
            record.reason = reasons[index % reasons.count]
            records.append(record)
        }
        var generator = SeededGenerator(seed: 7)
        records.shuffle(using: &generator)
        for index in records.indices {
            (records[index].sequence, records[index].shard) = (10_000 + index, "shardId-00000000000\(index % 4)")
        }
        try world.functions.send(records.map(\.letter))

        let run = try world.replay("--queue-url", world.letters)
        XCTAssertEqual(run.status, 3, run.notes)
        let report = try run.json()
        XCTAssertEqual(report["Letters"] as? Int, 1000)
        XCTAssertEqual(report["LettersDone"] as? Int, 300)
        XCTAssertEqual(report["RecordsReplayed"] as? Int, 300)
        XCTAssertEqual(report["RecordsFailed"] as? Int, 700)
        XCTAssertEqual(
            report["LeftByReason"] as? [String: Int], Dictionary(uniqueKeysWithValues: reasons.map { ($0, 70) }))
        let remaining = try XCTUnwrap(report["DeadLetters"] as? [[String: Any]]).filter {
            $0["Result"] as? String == "remains"
        }
        XCTAssertEqual(remaining.count, 700)
        XCTAssertTrue(remaining.allSatisfy { $0["FailureReason"] as? String == $0["Reason"] as? String })
        XCTAssertEqual(try world.functions.messages().visible, 700)
        let artists = try world.redis.cli("KEYS", "concert:artist:good*").split(separator: "\n")
        XCTAssertEqual(artists.count, 300)
    }

    func testKilledReplayLosesAndDuplicatesNothing() throws {
        let world = try World()
        try world.start()
        try world.moto.aws("s3", "mb", "s3://letters")
        let count = 40
        let folder = try TemporaryFolder()
        for index in 0..<count {
            let shard = "shardId-0000000000\(10 + index / 4)"
            let record = Record(
                #"{"concert_id":"c\#(index)","event_date":"2027-06-01","name":"n"}"#, 1000 + index, shard: shard)
            _ = try folder.write(record.letter, to: "dead-letters/concerts/\(shard)/\(1000 + index).json")
        }
        try world.moto.aws("s3", "cp", "--recursive", folder.url.path, "s3://letters")
        func left() throws -> Set<Int> {
            let listing = try world.moto.aws("s3", "ls", "--recursive", "s3://letters").output
            return Set((0..<count).filter { listing.contains("/\(1000 + $0).json") })
        }
        var invocations = 0
        // The held letters are ten events of four letters each, minus those that were processed before.
        for (number, held, isProcessed) in [
            (SIGKILL, 0, false), (SIGKILL, 2, true), (SIGINT, 1, true), (SIGINT, 2, false),
        ] {
            try world.functions.hold(at: invocations + held, isProcessed: isProcessed)
            let home = try TemporaryFolder()
            let program = try Concertctl.start(
                ["dead-letters", "replay", "--bucket", "letters"], home: home, environment: world.environment)
            try program.wait { _ in
                let found = try world.functions.invocations()
                return found.count == invocations + held + 1 && (!isProcessed || found.last?.status != nil)
            }
            program.signal(number)
            let run = try program.finish()
            XCTAssertEqual(run.status, number == SIGINT ? 130 : -SIGKILL, run.notes)
            if number == SIGINT { XCTAssertTrue(run.output.contains("not_tried"), run.output) }
            invocations = try world.functions.invocations().count
            let (remaining, cached) = (try left(), try world.cached())
            XCTAssertTrue(
                (0..<count).allSatisfy { remaining.contains($0) || cached["concert:concert:c\($0)"] != nil })
            XCTAssertFalse(remaining.isEmpty)
        }
        try world.functions.hold(at: nil)
        let run = try world.replay("--bucket", "letters")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try left(), [])
        XCTAssertEqual(try world.cached().count, count)
        // Each concert was announced once.
        XCTAssertEqual(try world.notified(), count)
    }

    func testCorrectedPayloadKeepsItsVersion() throws {
        let world = try World()
        try world.start()
        try world.functions.invoke(Self.function, Self.event(#"{"artist_id":"b","name":"Newer"}"#, 90))
        let newer = try world.cached()["concert:artist:b"]
        try world.functions.send([Record(#"{"artist_id":"a"}"#, 50), Record(#"{"artist_id":"b"}"#, 51)].map(\.letter))
        let shown = try Concertctl.run(
            ["dead-letters", "show", "50", "--payload", "--queue-url", world.letters], environment: world.environment)
        XCTAssertEqual(shown.output, #"{"artist_id":"a"}"#, shown.notes)
        let folder = try TemporaryFolder()
        for (sequence, id) in [("50", "a"), ("51", "b")] {
            let file = try folder.write(#"{"artist_id":"\#(id)","name":"Corrected"}"#, to: "payload.json")
            let run = try world.replay(sequence, "--payload", file, "--queue-url", world.letters)
            XCTAssertEqual(run.status, 0, run.notes)
        }
        let document = try JSONValue(parsing: Array(try XCTUnwrap(world.cached()["concert:artist:a"]).utf8))
        XCTAssertEqual(document["name"], "Corrected")
        XCTAssertEqual(document["_version"]["sequence"], "50")
        XCTAssertEqual(document["_version"]["arrival"], 1_794_198_257_237)
        XCTAssertEqual(document["_version"]["shard"], "concerts/shardId-000000000000")
        XCTAssertEqual(try world.cached()["concert:artist:b"], newer)
        XCTAssertEqual(try world.functions.messages().all, 0)
    }

    func testOperatorPolicyAllowsExactlyTheReplayCalls() throws {
        let world = try World()
        let oracle = try SigV4Oracle(upstream: world.functions.url)
        try world.functions.add(Self.function, answering: #"{"batchItemFailures":[],"failures":[]}"#)
        try world.functions.set(mappings: [(Self.streamARN, Self.function)])
        try world.moto.aws("kinesis", "create-stream", "--stream-name", "concerts", "--shard-count", "1")
        let put = try XCTUnwrap(
            world.moto.aws(
                "kinesis", "put-record", "--stream-name", "concerts", "--partition-key", "k", "--data", "{}"
            ).json()["SequenceNumber"] as? String)
        // A letter written by Lambda: a range of the stream, and a function that cannot be invoked.
        let range =
            #"{"requestContext":{"functionArn":"arn:f","condition":"RetryAttemptsExhausted"},"#
            + #""KinesisBatchInfo":{"shardId":"shardId-000000000000","startSequenceNumber":"\#(put)","#
            + #""endSequenceNumber":"\#(put)","batchSize":1,"streamArn":"\#(Self.streamARN)"}}"#
        // A letter that is kept, whose message becomes visible again.
        try world.functions.send([range, Record("{}", 1).letter, "something else"])
        try world.moto.aws("s3", "mb", "s3://letters")
        let folder = try TemporaryFolder()
        let file = try folder.write(Record("{}", 2).letter, to: "2.json")
        try world.moto.aws("s3", "cp", file, "s3://letters/dead-letters/2.json")
        let run = try Concertctl.run(
            ["dead-letters", "replay", "--queue-url", world.letters, "--bucket", "letters", "--output", "json"],
            environment: oracle.environment(hasToken: true))
        XCTAssertEqual(run.status, 1, run.notes)
        XCTAssertEqual(try run.json()["LettersDone"] as? Int, 3, run.notes)

        var used: Set<String> = []
        for request in try oracle.requests() {
            XCTAssertNil(request.error, request.path)
            let service = request.service ?? ""
            let action: String
            switch (service, request.method) {
            case ("s3", "GET"): action = request.path.contains("list-type=") ? "ListBucket" : "GetObject"
            case ("s3", "DELETE"): action = "DeleteObject"
            case ("lambda", "POST"): action = "InvokeFunction"
            case ("lambda", "GET"): action = "ListEventSourceMappings"
            default:
                let operation = try XCTUnwrap(request.operation, "\(service) \(request.method) \(request.path)")
                action = operation.hasSuffix("Batch") ? String(operation.dropLast("Batch".count)) : operation
            }
            used.insert("\(service):\(action)")
        }
        let template = try Template.shipped.get().resolved(["DeadLetterBucket": "yes"])
        let policy = template["Resources"]["DeadLetterOperatorPolicy"]["Properties"]["PolicyDocument"]
        let allowed = Set(policy["Statement"].elements.flatMap { $0["Action"].elements }.compactMap(\.string))
        // Kinesis decrypts with the caller's permissions.
        XCTAssertEqual(allowed, used.union(["kms:Decrypt"]))
        XCTAssertEqual(template["Outputs"]["DeadLetterOperatorPolicyArn"]["Value"], ["Ref": "DeadLetterOperatorPolicy"])
        let least = try Template.shipped.get().resolved()["Resources"]["DeadLetterOperatorPolicy"]
        XCTAssertFalse(least.text.contains("s3:"), least.text)
        let resources = policy["Statement"].elements.filter { $0["Resource"] == "*" }.map { $0["Sid"] }
        XCTAssertEqual(resources, ["FindFunction"])
    }
}
