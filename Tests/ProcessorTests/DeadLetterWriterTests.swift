import Basics
import Clients
import Foundation
import JSON
import Synchronization
import TestSupport
import Transport
import XCTest

@testable import Processor

/// Tests of writing dead letters to a queue and a bucket.
final class DeadLetterWriterTests: XCTestCase {
    private static let url = "https://sqs.us-east-1.amazonaws.com/123456789012/letters"

    /// A client that returns scripted responses, and records the requests.
    private final class FakeHTTP: HTTPClient {
        enum Step: Sendable {
            case answer(HTTPResponse)
            case handler(@Sendable (HTTPRequest) -> HTTPResponse)
        }

        private let state: Mutex<(steps: [Step], requests: [HTTPRequest])>

        init(_ steps: [Step]) { state = Mutex((steps, [])) }

        var requests: [HTTPRequest] { state.withLock { $0.requests } }

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            try state.withLock { state in
                state.requests.append(request)
                guard !state.steps.isEmpty else { throw TransportError(code: 7, action: "connect", reason: "refused") }
                switch state.steps.removeFirst() {
                case .answer(let response): return response
                case .handler(let handler): return handler(request)
                }
            }
        }
    }

    /// One entry's result in a response of `SendMessageBatch`.
    private enum Entry {
        /// A successful entry, with the MD5 of the body that was sent.
        case taken
        case takenWithMD5(String?)
        case failed(code: String, isSendersFault: Bool = true, message: String = "why")
    }

    /// A response with one entry for each message of the request.
    private static func answer(_ entries: [Int: Entry]) -> FakeHTTP.Step {
        .handler { request in
            let bodies = (try? JSONValue(parsing: request.body))?["Entries"]?.array?.compactMap {
                $0["MessageBody"]?.string
            }
            var (successful, failed): ([JSONValue], [JSONValue]) = ([], [])
            for (index, entry) in entries.sorted(by: { $0.key < $1.key }) {
                let id = JSONValue.string("\(index)")
                func success(_ md5: String?) -> JSONValue {
                    .object(ofPresent: [("Id", id), ("MessageId", "m"), ("MD5OfMessageBody", md5.map { .string($0) })])
                }
                switch entry {
                case .taken:
                    let body = bodies.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? ""
                    successful.append(success(MD5.digest(of: Array(body.utf8).span).hexadecimal))
                case .takenWithMD5(let md5): successful.append(success(md5))
                case .failed(let code, let isSendersFault, let message):
                    failed.append([
                        "Id": id, "SenderFault": .bool(isSendersFault), "Code": .string(code),
                        "Message": .string(message),
                    ])
                }
            }
            let body: JSONValue = ["Successful": .array(successful), "Failed": .array(failed)]
            return HTTPResponse(status: 200, body: body.bytes)
        }
    }

    private static func answer(taken: [Int]) -> FakeHTTP.Step {
        answer(Dictionary(uniqueKeysWithValues: taken.map { ($0, Entry.taken) }))
    }

    /// S3's response to a PUT.
    private static let stored = FakeHTTP.Step.answer(HTTPResponse(status: 200, headers: ["ETag": "\"e\""]))
    private static let tooLong = Entry.failed(
        code: "InvalidParameterValue",
        message: "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.")

    private static func refusal(_ status: Int, _ code: String, _ message: String = "no") -> FakeHTTP.Step {
        .answer(
            HTTPResponse(
                status: status, body: Array(#"{"__type":"com.amazonaws.sqs#\#(code)","message":"\#(message)"}"#.utf8)))
    }

    private static func letter(_ number: Int, size: Int = 100) -> DeadLetter {
        DeadLetter(
            sequenceNumber: SequenceNumber("\(number)") ?? .zero, key: "dead-letters/concerts/shard/\(number).json",
            body: Array((#"{"n":\#(number),"pad":""# + String(repeating: "x", count: size) + #""}"#).utf8))
    }

    private static func settings(queue: String? = url, bucket: String? = nil) throws -> DeadLetterSettings {
        try DeadLetterSettings(environment: [
            "DEAD_LETTER_QUEUE_URL": queue ?? "", "DEAD_LETTER_BUCKET": bucket ?? "",
        ])
    }

    private func write(
        _ letters: [DeadLetter], _ settings: DeadLetterSettings, _ client: @escaping @Sendable () -> AWSClient
    ) async -> [RecordOutcome] {
        var pacing = RetryPacing()
        pacing.retries.pause = { _ in }
        let writer = DeadLetterWriter(settings: settings, pacing: pacing, makeClient: client)
        var outcomes = RecordOutcomes(count: letters.count)
        await writer.write(letters, context: TestPipeline().context, outcomes: &outcomes)
        return letters.indices.map { outcomes[$0] }
    }

    private func client(_ http: FakeHTTP) -> @Sendable () -> AWSClient {
        var configuration = AWSClient.Configuration(
            region: "us-east-1",
            credentials: StaticCredentials(AWSCredentials(accessKeyID: "a", secretAccessKey: "b"), origin: "test"))
        configuration.retries = RetryPolicy(maxAttempts: 1)
        return { [configuration] in AWSClient(configuration, http: http) }
    }

    /// The state of each letter: written, transiently failed, or not attempted.
    private static func words(_ outcomes: [RecordOutcome]) -> [String] {
        outcomes.map { outcome in
            switch outcome {
            case .succeeded: "taken"
            case .rejected: "rejected"
            case .retryable(let reason): reason
            }
        }
    }

    func testTransientlyFailedMessageIsResentAlone() async throws {
        let http = FakeHTTP([
            Self.answer([0: .taken, 1: .failed(code: "InternalError", isSendersFault: false), 2: .taken]),
            Self.answer(taken: []), Self.answer(taken: [0]),
        ])
        let outcomes = await write((1...3).map { Self.letter($0) }, try Self.settings(), client(http))
        XCTAssertEqual(Self.words(outcomes), ["taken", "taken", "taken"])
        let bodies = http.requests.map { String(decoding: $0.body, as: UTF8.self) }
        XCTAssertEqual(bodies.map { $0.components(separatedBy: "MessageBody").count - 1 }, [3, 1, 1])
        XCTAssertTrue(bodies.dropFirst().allSatisfy { $0.contains(#"{\"n\":2,"#) }, "\(bodies)")
    }

    func testOversizedLetterGoesToTheBucketOrFailsWithTheCause() async throws {
        let refusal = Self.answer([0: .taken, 1: Self.tooLong])
        let http = FakeHTTP([refusal, Self.stored])
        let letters = [Self.letter(1), Self.letter(2)]
        let outcomes = await write(letters, try Self.settings(bucket: "letters"), client(http))
        XCTAssertEqual(Self.words(outcomes), ["taken", "taken"])
        let put = try XCTUnwrap(http.requests.last)
        XCTAssertTrue(put.url.hasSuffix("/dead-letters/concerts/shard/2.json"), put.url)
        XCTAssertEqual(put.body, letters[1].body)

        let alone = await write(letters, try Self.settings(), client(FakeHTTP([refusal])))
        XCTAssertEqual(alone[0], .succeeded)
        XCTAssertTrue(Self.words(alone)[1].contains("must be shorter than 1024 bytes"), Self.words(alone)[1])
        XCTAssertTrue(Self.words(alone)[1].contains("set DEAD_LETTER_BUCKET"), Self.words(alone)[1])
        let large = await write([Self.letter(1, size: 1_100_000)], try Self.settings(), client(FakeHTTP([])))
        XCTAssertTrue(Self.words(large)[0].contains("set DEAD_LETTER_BUCKET"), Self.words(large)[0])
    }

    /// The meaning of each code of an entry, and of a whole call, for one letter.
    func testQueueErrorCodesAreClassified() async throws {
        enum Expected { case bucket, retried, fails }
        let shorter = "Reason: Message must be shorter than 262144 bytes."
        let cases: [(code: String, message: String, ofEntry: Expected, ofCall: Expected, line: UInt)] = [
            ("InvalidParameterValue", shorter, .bucket, .bucket, #line),
            ("InvalidParameterValueException", shorter, .bucket, .bucket, #line),
            ("InvalidParameterValue", "The request is wrong.", .retried, .fails, #line),
            ("BatchRequestTooLong", "too long", .bucket, .bucket, #line),
            ("AWS.SimpleQueueService.BatchRequestTooLong", "", .bucket, .bucket, #line),
            ("InvalidMessageContents", "", .bucket, .bucket, #line),
            ("KmsThrottled", "", .retried, .retried, #line), ("KMSThrottling", "", .retried, .retried, #line),
            ("KMS.ThrottlingException", "", .retried, .retried, #line),
            ("ThrottlingException", "", .retried, .retried, #line),
            ("RequestThrottled", "", .retried, .retried, #line), ("Throttled", shorter, .retried, .retried, #line),
            ("InternalError", "", .retried, .retried, #line),
            ("KmsDisabled", "", .retried, .fails, #line), ("KmsAccessDenied", "", .retried, .fails, #line),
            ("KmsNotFound", shorter, .retried, .fails, #line), ("AccessDenied", "", .retried, .fails, #line),
            ("QueueDoesNotExist", "", .retried, .fails, #line), ("OverLimit", "", .retried, .fails, #line),
            ("InvalidSecurity", "", .retried, .fails, #line), ("UnsupportedOperation", "", .retried, .fails, #line),
            ("BrandNewCode", "", .retried, .fails, #line),
            ("BatchRequestTooLong\u{301}", "", .retried, .fails, #line),
        ]
        for (code, message, ofEntry, ofCall, line) in cases {
            for (expected, step) in [
                (ofEntry, Self.answer([0: .failed(code: code, message: message)])),
                (ofCall, Self.refusal(400, code, message)),
            ] {
                let second = expected == .bucket ? Self.stored : Self.answer(taken: [0])
                let http = FakeHTTP([step, second])
                let outcomes = await write([Self.letter(1)], try Self.settings(bucket: "letters"), client(http))
                XCTAssertEqual(http.requests.count, expected == .fails ? 1 : 2, code, line: line)
                XCTAssertEqual(outcomes == [.succeeded], expected != .fails, code, line: line)
                XCTAssertEqual(http.requests.last?.method, expected == .bucket ? "PUT" : "POST", code, line: line)
                guard expected == .fails, case .retryable(let reason) = outcomes[0] else { continue }
                XCTAssertTrue(reason.contains(code), reason, line: line)
            }
        }
    }

    func testCauseOfPersistentThrottlingIsReported() async throws {
        let throttled = Self.answer([0: .failed(code: "KmsThrottled", message: "rate exceeded")])
        let http = FakeHTTP(Array(repeating: throttled, count: 20))
        let outcomes = await write([Self.letter(1)], try Self.settings(bucket: "letters"), client(http))
        XCTAssertEqual(Self.words(outcomes), ["sqs SendMessageBatch: KmsThrottled: rate exceeded"])
        XCTAssertGreaterThan(http.requests.count, 3)
        XCTAssertTrue(http.requests.allSatisfy { $0.method == "POST" }, "nothing is written to the bucket")
    }

    func testMessageIsConfirmedOnlyByItsMD5() async throws {
        let wrong: [String?] = [nil, "", "d41d8cd98f00b204e9800998ecf8427e", "e\u{301}"]
        for md5 in wrong {
            let http = FakeHTTP([Self.answer([0: .takenWithMD5(md5), 1: .taken]), Self.answer(taken: [0])])
            let outcomes = await write([Self.letter(1), Self.letter(2)], try Self.settings(), client(http))
            XCTAssertEqual(Self.words(outcomes), ["taken", "taken"])
            XCTAssertEqual(http.requests.count, 2, "\(md5 ?? "none")")
        }
        let never = FakeHTTP(Array(repeating: Self.answer([0: .takenWithMD5("0")]), count: 20))
        let outcomes = await write([Self.letter(1)], try Self.settings(), client(never))
        XCTAssertTrue(Self.words(outcomes)[0].contains("MD5"), Self.words(outcomes)[0])
    }

    func testObjectIsConfirmedOnlyByStatus200AndAnETag() async throws {
        let page = Array("<html>Please log in</html>".utf8)
        let wrong = [
            HTTPResponse(status: 200), HTTPResponse(status: 200, headers: ["Content-Type": "text/html"], body: page),
            HTTPResponse(status: 200, headers: ["ETag": ""]), HTTPResponse(status: 204, headers: ["ETag": "\"e\""]),
            HTTPResponse(status: 202, headers: ["ETag": "\"e\""]),
        ]
        for response in wrong {
            let http = FakeHTTP([.answer(response)])
            let outcomes = await write([Self.letter(1)], try Self.settings(queue: nil, bucket: "b12"), client(http))
            XCTAssertTrue(outcomes[0].isRetryable, "\(response)")
            XCTAssertTrue(Self.words(outcomes)[0].contains("ETag"), Self.words(outcomes)[0])
        }
        let http = FakeHTTP([Self.stored])
        let outcomes = await write([Self.letter(1)], try Self.settings(queue: nil, bucket: "b12"), client(http))
        XCTAssertEqual(Self.words(outcomes), ["taken"])
        let checksum = http.requests.first?.headers.first { $0.name == "x-amz-checksum-sha256" }?.value
        XCTAssertEqual(checksum, Base64Text.encode(SHA256.digest(of: Self.letter(1).body).span))
    }

    /// The meaning of each code of the bucket for one letter: none rejects it.
    func testBucketErrorCodesAreTransient() async throws {
        let codes = [
            (503, "SlowDown"), (503, "ServiceUnavailable"), (500, "InternalError"), (403, "AccessDenied"),
            (404, "NoSuchBucket"), (400, "InvalidRequest"), (400, "BadDigest"), (400, "KMS.DisabledException"),
            (400, "KMS.ThrottlingException"), (400, "EntityTooLarge"), (301, "PermanentRedirect"),
            (400, "BrandNewCode"),
        ]
        for (status, code) in codes {
            let body = "<Error><Code>\(code)</Code><Message>no</Message></Error>"
            let http = FakeHTTP([.answer(HTTPResponse(status: status, body: Array(body.utf8)))])
            let outcomes = await write([Self.letter(1)], try Self.settings(queue: nil, bucket: "b12"), client(http))
            guard case .retryable(let reason) = outcomes[0] else { return XCTFail(code) }
            XCTAssertTrue(reason.contains(code), reason)
        }
    }

    func testCallRejectedForOneMessageIsRepeatedPerMessage() async throws {
        let tooLong = Self.refusal(400, "BatchRequestTooLong", "too long")
        let http = FakeHTTP([tooLong, Self.answer(taken: [0]), tooLong, Self.stored])
        let outcomes = await write(
            [Self.letter(1), Self.letter(2)], try Self.settings(bucket: "letters"), client(http))
        XCTAssertEqual(Self.words(outcomes), ["taken", "taken"])
        XCTAssertEqual(http.requests.count, 4)
    }

    func testUnreachableQueueIsCalledOnceAndAllLettersFail() async throws {
        for steps in [[], [Self.refusal(403, "AccessDeniedException")]] {
            let http = FakeHTTP(steps)
            let outcomes = await write((1...25).map { Self.letter($0) }, try Self.settings(), client(http))
            XCTAssertTrue(outcomes.allSatisfy(\.isRetryable))
            XCTAssertEqual(http.requests.count, 1)
        }
        let http = FakeHTTP([])
        let outcomes = await write(
            (1...25).map { Self.letter($0) }, try Self.settings(queue: nil, bucket: "letters"), client(http))
        XCTAssertTrue(outcomes.allSatisfy(\.isRetryable))
        XCTAssertLessThanOrEqual(http.requests.count, 8, "one for each lane")
    }

    func testFIFOQueueDropsTheCopiesOfARetry() async throws {
        let http = FakeHTTP([Self.answer(taken: [0, 1]), Self.answer(taken: [0, 1])])
        let settings = try Self.settings(queue: Self.url + ".fifo")
        for _ in 0..<2 { _ = await write([Self.letter(1), Self.letter(2)], settings, client(http)) }
        let bodies = http.requests.map { String(decoding: $0.body, as: UTF8.self) }
        XCTAssertEqual(bodies[0], bodies[1])
        let pattern = try NSRegularExpression(pattern: #""MessageDeduplicationId":"([0-9a-f]{64})""#)
        let ids = pattern.matches(in: bodies[0], range: NSRange(bodies[0].startIndex..., in: bodies[0]))
            .compactMap { Range($0.range(at: 1), in: bodies[0]).map { bodies[0][$0] } }
        XCTAssertEqual(Set(ids).count, 2)
        let groups = try JSONValue(parsing: http.requests[0].body)["Entries"]?.array?.compactMap {
            $0["MessageGroupId"]?.string
        }
        XCTAssertEqual(
            Set(groups ?? []).count, 2, "a group for each letter, so that all of them can be received at once")
    }

    func testKeyContainsTheStreamAndTheIndexInTheAggregate() async throws {
        let stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/concerts"
        let bad = Array(Sample.nameless.utf8)
        let arns = [
            (stream, "concerts"), ("\(stream)/consumer/reader:1794198257", "concerts"),
            ("arn:aws-cn:kinesis:cn-north-1:1:stream/a.b_c-d/consumer/concerts:1", "a.b_c-d"),
            ("arn:aws:sqs:eu-west-1:123456789012:concerts", "stream"), ("concerts", "stream"),
        ]
        for (arn, name) in arns {
            let sink = FakeDeadLetterSink()
            var pipeline = TestPipeline(deadLetters: sink)
            var aggregated = EventText.Record(bytes: Aggregate(keys: ["k"], [(0, bad), (0, bad)]).bytes, "17")
            var alone = EventText.Record(bytes: bad, "18")
            (aggregated.streamARN, alone.streamARN) = (arn, arn)
            _ = try pipeline.respond(to: EventText([aggregated, alone]))
            let keys = await sink.keys
            XCTAssertEqual(
                keys, ["17-0", "17-1", "18"].map { "dead-letters/\(name)/shardId-000000000007/\($0).json" }, arn)
            let documents = try await sink.texts.map { try JSONValue(parsing: Array($0.utf8)) }
            XCTAssertEqual(documents.map { $0["sub_sequence_number"]?.integer }, [0, 1, nil])
            XCTAssertEqual(Set(documents.map { $0["stream"]?.string }), [arn.components(separatedBy: "/consumer/")[0]])
        }
    }

    func testKeysFromEventTextsAreSafe() async throws {
        let sink = FakeDeadLetterSink()
        var pipeline = TestPipeline(deadLetters: sink)
        let hostile = [
            ("arn:aws:kinesis:r:1:stream/..", "a/b\\n c:1"), ("arn:aws:kinesis:r:1:stream/é \\u0000", ":5"),
            ("arn:x/../../etc", "é"),
        ]
        for (arn, id) in hostile {
            let event =
                #"{"Records":[{"eventID":"\#(id)","eventSourceARN":"\#(arn)","kinesis":{"sequenceNumber":"9","data":"!"}}]}"#
            _ = try pipeline.respond(to: Array(event.utf8))
        }
        let keys = await sink.keys
        XCTAssertEqual(
            keys,
            [
                "dead-letters/-/a-b--c/9.json", "dead-letters/----/-/9.json", "dead-letters/stream/shard/9.json",
            ])
    }

    func testSettings() throws {
        XCTAssertNil(try Settings(environment: [:]).deadLetters)
        let wrong = [
            "DEAD_LETTER_QUEUE_URL": [
                "letters", "https://host", "https://h//q", "ftp://h/q", "https://h/q?x=1", "https://h/q q",
            ],
            "DEAD_LETTER_BUCKET": ["ab", "Letters", "a/b", String(repeating: "a", count: 64)],
        ]
        for (name, values) in wrong {
            for value in values {
                XCTAssertThrowsError(try Settings(environment: [name: value]), value) { error in
                    XCTAssertTrue("\(error)".hasPrefix(name), "\(error)")
                }
            }
        }
        XCTAssertThrowsError(try Settings(environment: ["DEAD_LETTER_QUEUE_URL": "https://user:hush@h/q"])) {
            XCTAssertFalse("\($0)".contains("hush"), "\($0)")
        }
    }
}

/// With moto, whose requests' signatures are verified.
extension DeadLetterWriterTests {
    func testEveryLetterIsStoredExactlyOnceAndUnchanged() async throws {
        let moto = try Moto()
        try moto.reset()
        let oracle = try SigV4Oracle(upstream: moto.url)
        let url = try XCTUnwrap(
            moto.aws("sqs", "create-queue", "--queue-name", "letters").json()["QueueUrl"] as? String)
        try moto.aws("s3", "mb", "s3://dead-letters")
        let environment = try AWSEnvironment(oracle.environment(hasToken: true))
        let credentials = environment.credentialSource(.invocation)
        var letters = (1...23).map { Self.letter($0) }
        letters[4] = Self.letter(5, size: 1_100_000)
        letters[6].body = Array("{\"n\":7,\"text\":\"é \u{1F3B8} \u{FFFE}\u{FFFF}\"}".utf8)
        let outcomes = await write(letters, try Self.settings(queue: url, bucket: "dead-letters")) {
            environment.makeClient(.invocation, credentials: credentials)
        }
        XCTAssertEqual(Self.words(outcomes), letters.map { _ in "taken" })
        var found: [Int: String] = [:]
        while true {
            let run = try moto.aws("sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10")
            guard !run.output.isEmpty, let messages = try run.json()["Messages"] as? [[String: Any]] else { break }
            for body in messages.compactMap({ $0["Body"] as? String }) {
                let object = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
                let number = try XCTUnwrap(object["n"] as? Int)
                XCTAssertNil(found.updateValue(object["text"] as? String ?? "", forKey: number))
            }
        }
        XCTAssertEqual(found.keys.sorted(), (1...23).filter { $0 != 5 })
        XCTAssertEqual(found[7], "é \u{1F3B8} \u{FFFE}\u{FFFF}")
        let object = try moto.aws("s3", "cp", "s3://dead-letters/\(letters[4].key)", "-")
        XCTAssertEqual(Array(object.output.utf8), letters[4].body)
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
    }
}
