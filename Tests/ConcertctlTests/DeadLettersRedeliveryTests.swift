import Foundation
import TestSupport
import XCTest

/// `concertctl dead-letters replay` to functions with scripted answers.
final class DeadLettersRedeliveryTests: XCTestCase {
    private static let success = #"{"batchItemFailures":[],"failures":[]}"#

    /// Returns a dead letter without members that are nil.
    private static func letter(_ sequence: String, _ members: [String: Any?] = [:]) throws -> String {
        var document: [String: Any?] = [
            "reason": "json", "message": "why", "stream": DeadLettersTests.streamARN, "shard": DeadLettersTests.shard,
            "sequence_number": sequence, "partition_key": "k", "arrival": "2026-11-09T04:24:17.237Z",
            "request_id": "r", "function": "f", "data": Data("data \(sequence)".utf8).base64EncodedString(),
        ]
        document.merge(members) { $1 }
        return String(
            decoding: try JSONSerialization.data(
                withJSONObject: document.compactMapValues { $0 }, options: .sortedKeys), as: UTF8.self)
    }

    private static func failure(_ sequence: String, sub: Int? = nil, reason: String = "range") -> String {
        let sub = sub.map { #""subSequenceNumber":\#($0),"# } ?? ""
        return
            #"{"batchItemFailures":[{"itemIdentifier":"\#(sequence)"}],"failures":[{"itemIdentifier":"\#(sequence)","#
            + #"\#(sub)"reason":"\#(reason)","message":"artist.name: too long"}]}"#
    }

    /// Lambda functions, and files with dead letters.
    private struct World {
        let functions: LambdaFunctions
        let folder: TemporaryFolder
        var environment: [String: String]

        init(upstream: String? = nil) throws {
            functions = try LambdaFunctions(upstream: upstream)
            folder = try TemporaryFolder()
            environment = [
                "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": functions.url,
            ]
        }

        func replay(_ letters: [String], _ words: String...) throws -> Run {
            let path = try folder.write(letters.joined(separator: "\n"), to: "letters.ndjson")
            return try Concertctl.run(
                ["dead-letters", "replay", path, "--output", "json"] + words, environment: environment)
        }

        /// The records of each event, as `shard sequence-sub`.
        func records() throws -> [[String]] {
            try functions.invocations().map { invocation in
                (invocation.event["Records"] as? [[String: Any]] ?? []).map { record in
                    let kinesis = record["kinesis"] as? [String: Any] ?? [:]
                    let shard = (record["eventID"] as? String)?.split(separator: ":").first ?? "-"
                    let sub = (kinesis["subSequenceNumber"] as? Int).map { "-\($0)" } ?? ""
                    return "\(shard) \(kinesis["sequenceNumber"] ?? "")\(sub)"
                }
            }
        }
    }

    private func left(_ run: Run) throws -> [String] {
        let letters = try XCTUnwrap(run.json()["DeadLetters"] as? [[String: Any]], run.notes)
        return letters.filter { $0["Result"] as? String != "done" }.map {
            "\($0["SequenceNumber"] ?? "-") \($0["FailureReason"] ?? $0["Result"] ?? "-")"
        }
    }

    func testRedeliveredRecordsKeepTheirPositions() throws {
        let world = try World()
        try world.functions.add("f", answering: Self.success)
        let other = "arn:aws:kinesis:us-east-1:123456789012:stream/a-first"
        let letters = [
            try Self.letter("10"), try Self.letter("9", ["sub_sequence_number": 11]),
            try Self.letter("9", ["sub_sequence_number": 2, "partition_key": nil]),
            try Self.letter("8", ["data": "not base64!", "reason": "base64"]),
            try Self.letter(
                "7", ["shard": "shardId-000000000009", "stream": DeadLettersTests.streamARN + "/consumer/c:1"]),
            try Self.letter("6", ["stream": other, "shard": nil, "arrival": nil]),
        ]
        let run = try world.replay(letters)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try run.json()["RecordsReplayed"] as? Int, 6)
        XCTAssertEqual(try run.json()["RecordsByFunction"] as? [String: Int], ["f": 6])
        XCTAssertEqual(
            try world.records(),
            [
                ["- 6"],
                [
                    "\(DeadLettersTests.shard) 8", "\(DeadLettersTests.shard) 9-2", "\(DeadLettersTests.shard) 9-11",
                    "\(DeadLettersTests.shard) 10",
                ], ["shardId-000000000009 7"],
            ])
        let invocations = try world.functions.invocations()
        XCTAssertTrue(invocations.allSatisfy { $0.event["redelivery"] as? Bool == true && $0.function == "f" })
        let records = invocations.flatMap { $0.event["Records"] as? [[String: Any]] ?? [] }
        let kinesis = records.compactMap { $0["kinesis"] as? [String: Any] }
        XCTAssertEqual(kinesis.map { $0["partitionKey"] as? String }, ["k", "k", nil, "k", "k", "k"])
        XCTAssertEqual(
            kinesis.map { $0["approximateArrivalTimestamp"] as? Double },
            [nil] + Array(repeating: 1_794_198_257.237, count: 5))
        XCTAssertEqual(kinesis[1]["data"] as? String, "not base64!")
        XCTAssertEqual(kinesis[4]["data"] as? String, Data("data 10".utf8).base64EncodedString())
        XCTAssertEqual(
            records.map { $0["eventSourceARN"] as? String },
            [other] + Array(repeating: DeadLettersTests.streamARN, count: 5))
    }

    /// A row: the response of the function, and the results of the dead letters 1, 2-0, 2-1, and 3 of another shard.
    private struct Case {
        var name: String
        var answers: [String]
        var headers: [String: String] = [:]
        var answerStatus = 200
        var status: Int32
        var left: [String]
        var notes = ""
    }

    func testOnlyConfirmedRecordsAreDeleted() throws {
        let all = ["1", "2", "2", "3"]
        let cases = [
            Case(name: "all processed", answers: [Self.success], status: 0, left: []),
            Case(name: "one failed", answers: [Self.failure("1"), Self.success], status: 3, left: ["1 range"]),
            Case(
                name: "one of an aggregate", answers: [Self.failure("2", sub: 1), Self.success], status: 3,
                left: ["2 range"]),
            Case(
                name: "without a sub-sequence number, all of the aggregate",
                answers: [Self.failure("2", reason: "unavailable"), Self.success], status: 3,
                left: ["2 unavailable", "2 unavailable"]),
            Case(
                name: "named in one list alone",
                answers: [#"{"batchItemFailures":[{"itemIdentifier":"1"}],"failures":[]}"#, Self.success], status: 3,
                left: ["1 unknown"]),
            Case(
                name: "an older function", answers: [#"{"batchItemFailures":[]}"#], status: 1,
                left: all.map { "\($0) not_tried" }, notes: "older version"),
            Case(
                name: "a record that was not sent", answers: [Self.failure("77"), Self.success], status: 1,
                left: ["1 error", "2 error", "2 error"], notes: "which was not in the event"),
            Case(
                name: "the whole batch, as Lambda reads an empty name",
                answers: [#"{"batchItemFailures":[{"itemIdentifier":""}],"failures":[]}"#, Self.success], status: 1,
                left: ["1 error", "2 error", "2 error"], notes: "which was not in the event"),
            Case(
                name: "no batch response", answers: ["null", Self.success], status: 1,
                left: ["1 error", "2 error", "2 error"], notes: "not a batch response"),
            Case(
                name: "a function error",
                answers: [#"{"errorType":"Runtime.ExitError","errorMessage":"out of memory"}"#],
                headers: ["X-Amz-Function-Error": "Unhandled"], status: 1, left: all.map { "\($0) error" },
                notes: "Runtime.ExitError: out of memory"),
            Case(
                name: "not permitted", answers: [#"{"Message":"no"}"#],
                headers: ["X-Amzn-ErrorType": "AccessDeniedException"], answerStatus: 403, status: 1,
                left: all.map { "\($0) error" }, notes: "AccessDeniedException"),
        ]
        let letters = [
            try Self.letter("1"), try Self.letter("2", ["sub_sequence_number": 0]),
            try Self.letter("2", ["sub_sequence_number": 1]), try Self.letter("3", ["shard": "shardId-000000000005"]),
        ]
        let world = try World()
        for row in cases {
            switch row.answers.count {
            case 1:
                try world.functions.add(
                    "f", answering: row.answers[0], headers: row.headers, status: row.answerStatus)
            default: try world.functions.add("f", answering: row.answers[0], row.answers[1])
            }
            let run = try world.replay(letters)
            XCTAssertEqual(run.status, row.status, "\(row.name): \(run.notes)")
            XCTAssertEqual(try left(run), row.left, row.name)
            XCTAssertTrue(row.notes.isEmpty || run.notes.contains(row.notes), "\(row.name): \(run.notes)")
            XCTAssertEqual(try run.json()["LettersLeft"] as? Int, row.left.count, row.name)
        }
    }

    func testFunctionDefaultsToTheReaderOfTheStream() throws {
        let stream = DeadLettersTests.streamARN
        let cases: [(option: [String], letter: String?, mappings: [String], invoked: [String], status: Int32)] = [
            (["--function-name", "chosen"], "f", ["m"], ["chosen"], 0), ([], "f", ["m"], ["f"], 0),
            ([], nil, ["m"], ["m"], 0),
            ([], "no name!", ["m", "m"], ["m"], 0),
            ([], "..", [], [], 1), ([], nil, ["m", "m"], ["m"], 0), ([], nil, [], [], 1), ([], nil, ["m", "n"], [], 2),
            ([], "gone", ["m"], ["gone"], 1),
        ]
        for row in cases {
            let world = try World()
            for name in ["chosen", "f", "m"] { try world.functions.add(name, answering: Self.success) }
            // The second mapping of a function reads as an enhanced fan-out consumer; the mapping of another stream is ignored.
            try world.functions.set(
                mappings: row.mappings.enumerated().map { ($0 == 0 ? stream : "\(stream)/consumer/c:1", $1) } + [
                    (stream + "-2", "other")
                ])
            let path = try world.folder.write(try Self.letter("1", ["function": row.letter]), to: "letters.ndjson")
            let run = try Concertctl.run(
                ["dead-letters", "replay", path] + row.option, environment: world.environment)
            XCTAssertEqual(run.status, row.status, "\(row): \(run.notes)")
            XCTAssertEqual(try world.functions.invocations().map(\.function), row.invoked, "\(row)")
            guard run.status != 0 else { continue }
            XCTAssertTrue(
                run.notes.contains(row.letter == "gone" ? "Function not found" : "--function-name"), run.notes)
        }
    }

    func testEventsRespectLambdaLimitAndLargerLettersAreListed() throws {
        let world = try World()
        try world.functions.add("f", answering: Self.success)
        let megabytes = [2, 2, 3, 5].enumerated().map { index, size in
            try? Self.letter("\(index + 1)", ["data": String(repeating: "QUJD", count: size << 18)])
        }
        let run = try world.replay(megabytes.compactMap(\.self) + [try Self.letter("5", ["data": ""])])
        XCTAssertEqual(run.status, 0, run.notes)
        let sizes = try world.functions.invocations().map(\.bytes)
        XCTAssertEqual(sizes.count, 3, "\(sizes)")
        XCTAssertTrue(sizes.allSatisfy { $0 <= 6_000_000 }, "\(sizes)")
        let large = try world.replay(
            [try Self.letter("1", ["data": String(repeating: "QUJD", count: 6 << 18)]), try Self.letter("2")])
        XCTAssertEqual(large.status, 3, large.notes)
        XCTAssertEqual(try left(large), ["1 too_large"])
        XCTAssertTrue(large.output.contains("--bootstrap"), large.output)
        XCTAssertEqual(try world.records().last, ["\(DeadLettersTests.shard) 2"])
        let many = try world.replay(try (1...501).map { try Self.letter("\(1000 + $0)") })
        XCTAssertEqual(many.status, 0, many.notes)
        XCTAssertEqual(try world.records().suffix(2).map(\.count), [500, 1])
    }

    func testCorrectedPayloadKeepsPosition() throws {
        let world = try World()
        try world.functions.add("f", answering: Self.success)
        let path = try world.folder.write(
            [try Self.letter("1"), try Self.letter("2", ["sub_sequence_number": 3]), try Self.letter("1")].joined(
                separator: "\n"), to: "letters.ndjson")
        func run(_ words: String...) throws -> Run {
            try Concertctl.run(["dead-letters"] + words + [path], environment: world.environment)
        }
        let shown = try run("show", "2-3", "--payload")
        XCTAssertEqual(shown.status, 0, shown.notes)
        XCTAssertEqual(shown.output, "data 2")
        XCTAssertEqual(try run("show", "1", "--payload").output, "data 1", "two letters of one record")
        XCTAssertEqual(try run("show", "--payload").status, 2)
        let payload = try world.folder.write("corrected \u{1}", to: "payload")
        let some = try run("replay", "--payload", payload)
        XCTAssertEqual(some.status, 2, some.notes)
        XCTAssertTrue(some.notes.contains("SEQUENCE"), some.notes)
        XCTAssertEqual(try run("replay", "9", "--payload", payload).status, 1)
        XCTAssertEqual(try world.functions.invocations().count, 0)
        let one = try run("replay", "2-3", "--payload", payload)
        XCTAssertEqual(one.status, 0, one.notes)
        XCTAssertEqual(
            try run("replay", "1", "--payload", payload, "--output", "json").json()["LettersDone"] as? Int, 2)
        let data = try world.functions.invocations().flatMap { $0.event["Records"] as? [[String: Any]] ?? [] }
            .compactMap { ($0["kinesis"] as? [String: Any])?["data"] as? String }
        XCTAssertEqual(data, Array(repeating: Data("corrected \u{1}".utf8).base64EncodedString(), count: 3))
        XCTAssertEqual(
            try world.records(),
            [["\(DeadLettersTests.shard) 2-3"], ["\(DeadLettersTests.shard) 1", "\(DeadLettersTests.shard) 1"]])
    }

    func testSelection() throws {
        let world = try World()
        func data(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
        let letters = [
            try Self.letter("1", ["arrival": "2026-01-01T00:00:00.000Z", "data": data(#"{"artist_id":"a"}"#)]),
            try Self.letter("2", ["shard": "shardId-000000000005", "data": data(#"{"artist_id":"a","name":"n"}"#)]),
            try Self.letter("3", ["reason": "kind", "arrival": "2026-12-01T00:00:00.500Z"]),
            try Self.letter("4", ["arrival": nil, "data": data(#"{"venue_id":"v"}"#)]),
        ]
        let path = try world.folder.write(letters.joined(separator: "\n"), to: "letters.ndjson")
        let cases: [(words: [String], found: [String])] = [
            ([], ["1", "2", "3", "4"]), (["--since", "2026-11-09T04:24:17.237Z"], ["2", "3"]),
            (["--until", "2026-11-09T04:24:17.237Z"], ["1"]), (["--since", "2026-12-01T00:00:00.501Z"], []),
            (["--shard-id", "shardId-000000000005"], ["2"]), (["--kind", "artist"], ["1", "2"]),
            (["--kind", "venue,concert"], ["4"]), (["--reason", "kind"], ["3"]), (["3", "4"], ["3", "4"]),
            (["--limit", "2", "--reason", "json"], ["1", "2"]),
        ]
        for row in cases {
            let run = try Concertctl.run(
                ["dead-letters", "list", path, "--output", "json"] + row.words, environment: world.environment)
            XCTAssertEqual(run.status, 0, run.notes)
            let found = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]]
            XCTAssertEqual(
                Set((found ?? []).compactMap { $0["SequenceNumber"] as? String }), Set(row.found), "\(row.words)")
        }
        for words in [["--since", "yesterday"], ["--kind", "band"], ["--until", ""]] {
            XCTAssertEqual(try Concertctl.run(["dead-letters", "list", path] + words).status, 2, "\(words)")
        }
    }

    func testConflictingOptionsAndPromptBeforePut() throws {
        let world = try World()
        let path = try world.folder.write(try Self.letter("1"), to: "letters.ndjson")
        let wrong = [
            ["--stream-name", "s"], ["--to", "stream", "--function-name", "f"], ["--to", "topic"],
            ["--bootstrap", "b", "--to", "function"], ["--to", "stream", "--payload", path],
            ["--function-name", "a b"],
        ]
        for words in wrong {
            let run = try Concertctl.run(["dead-letters", "replay", path] + words, environment: world.environment)
            XCTAssertEqual(run.status, 2, "\(words): \(run.notes)")
        }
        let run = try Concertctl.run(
            ["dead-letters", "replay", path, "--to", "stream"], environment: world.environment)
        XCTAssertEqual(run.status, 1, run.notes)
        XCTAssertTrue(run.notes.contains("count as newer") && run.notes.contains("pass --yes"), run.notes)
        // Dead letters are not deleted for records that were only logged, unless the user confirms.
        for processors in ["", "log"] {
            let local = try Concertctl.run(
                ["dead-letters", "replay", "--bucket", "letters", "--bootstrap", "/bin/false"],
                environment: world.environment.merging(["PROCESSORS": processors]) { $1 })
            XCTAssertEqual(local.status, 1, local.notes)
            XCTAssertTrue(local.notes.contains("stores nothing") && local.notes.contains("pass --yes"), local.notes)
        }
        XCTAssertEqual(try world.functions.invocations().count, 0)
    }
}

/// Queues and buckets.
extension DeadLettersRedeliveryTests {
    func testProcessedLettersAreDeletedFromQueueAndBucket() throws {
        let moto = try DeadLettersTests.World()
        let functions = try LambdaFunctions(upstream: moto.moto.url)
        let oracle = try SigV4Oracle(upstream: functions.url)
        let environment = oracle.environment(hasToken: true)
        let put = try moto.put("on the stream", key: "s")
        let payload =
            #""{\"Records\":[{\"kinesis\":{\"sequenceNumber\":\"8\",\"partitionKey\":\"p\",\"data\":\"aGk=\","#
            + #"\"approximateArrivalTimestamp\":1794198257.5}}]}""#
        let notification = try JSONSerialization.data(withJSONObject: [
            "Type": "Notification", "Message": DeadLettersTests.batch(from: put, to: put, count: 1),
        ])
        let letters = [
            try Self.letter("1"), try Self.letter("2"), String(decoding: notification, as: UTF8.self), "something else",
            DeadLettersTests.batch(from: "8", to: "8", count: 1, payload: payload),
        ]
        try functions.set(mappings: [(DeadLettersTests.streamARN, "m")])
        try functions.add("m", answering: Self.success)
        for source in ["queue", "bucket"] {
            try functions.add("f", answering: Self.failure("2"))
            let words: [String]
            if source == "queue" {
                try functions.send(letters)
                words = ["--queue-url", functions.queue]
            } else {
                try moto.upload(
                    Dictionary(uniqueKeysWithValues: letters.enumerated().map { ("dead-letters/\($0)", $1) }))
                words = ["--bucket", "letters"]
            }
            let dry = try Concertctl.run(
                ["dead-letters", "replay", "--dry-run", "--output", "json"] + words, environment: environment)
            XCTAssertEqual(dry.status, 1, dry.notes)
            let calls = try XCTUnwrap(dry.json()["Calls"] as? [[String: Any]])
            XCTAssertEqual(calls.count { $0["operation"] as? String == "Invoke" }, 2, "\(calls)")
            XCTAssertTrue(calls.contains { ($0["operation"] as? String ?? "").hasPrefix("Delete") }, "\(calls)")
            XCTAssertEqual((try dry.json()["DeadLetters"] as? [Any])?.count, 5)
            let before = try functions.invocations().count
            XCTAssertEqual(before, source == "queue" ? 0 : 2, "a dry run invokes nothing")

            let run = try Concertctl.run(["dead-letters", "replay"] + words, environment: environment)
            XCTAssertEqual(run.status, 1, run.notes)
            XCTAssertTrue(run.output.contains("letters done: 3, and deleted"), run.output)
            XCTAssertTrue(run.output.contains("dead letters remaining: 2 (error 1, range 1)"), run.output)
            XCTAssertTrue(run.output.contains("artist.name: too long"), run.output)
            let left =
                source == "queue"
                ? try functions.messages().visible
                : try moto.moto.aws("s3", "ls", "--recursive", "s3://letters").output.split(separator: "\n").count
            XCTAssertEqual(left, 2, source)
            let sequences = try functions.invocations().dropFirst(before).flatMap {
                ($0.event["Records"] as? [[String: Any]] ?? []).compactMap {
                    ($0["kinesis"] as? [String: Any])?["sequenceNumber"] as? String
                }
            }
            XCTAssertEqual(sequences.sorted(), ["1", "2", "8", put].sorted())
        }
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
    }

    func testFIFOQueueIsRedeliveredCompletely() throws {
        let moto = try DeadLettersTests.World()
        let functions = try LambdaFunctions(upstream: moto.moto.url)
        try functions.add("f", answering: Self.success)
        var environment = moto.environment
        environment["AWS_ENDPOINT_URL"] = functions.url
        let queue = try moto.makeQueue("one.fifo")
        try moto.send(try (0..<12).map { try Self.letter("\(100 + $0)") }, to: queue, group: { _ in "dead-letters" })
        let run = try Concertctl.run(
            ["dead-letters", "replay", "--queue-url", queue, "--output", "json"], environment: environment)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try run.json()["LettersDone"] as? Int, 12)
        XCTAssertEqual(try moto.messages(of: queue).all, 0)
    }
}
