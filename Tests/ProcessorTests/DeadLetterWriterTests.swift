import Clients
import Foundation
import Synchronization
import TestSupport
import Transport
import XCTest

@testable import Processor

/// Dead letters on their way to a queue and a bucket.
final class DeadLetterWriterTests: XCTestCase {
    private static let url = "https://sqs.us-east-1.amazonaws.com/123456789012/letters"

    /// Answers from a script, and keeps what was asked.
    private final class FakeHTTP: HTTPClient {
        private let state: Mutex<(steps: [HTTPResponse], requests: [HTTPRequest])>

        init(_ steps: [HTTPResponse]) { state = Mutex((steps, [])) }

        var requests: [HTTPRequest] { state.withLock { $0.requests } }

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            try state.withLock { state in
                state.requests.append(request)
                guard !state.steps.isEmpty else { throw CurlError(code: 7, action: "connect", reason: "refused") }
                return state.steps.removeFirst()
            }
        }
    }

    private static func answer(taken: [Int], failed: [(id: Int, isSendersFault: Bool)] = []) -> HTTPResponse {
        let successful = taken.map { #"{"Id":"\#($0)","MessageId":"m"}"# }
        let refused = failed.map {
            #"{"Id":"\#($0.id)","SenderFault":\#($0.isSendersFault),"Code":"C","Message":"why"}"#
        }
        let body =
            #"{"Successful":[\#(successful.joined(separator: ","))],"Failed":[\#(refused.joined(separator: ","))]}"#
        return HTTPResponse(status: 200, body: Array(body.utf8))
    }

    private static func letter(_ number: Int, size: Int = 100) -> DeadLetter {
        DeadLetter(
            sequenceNumber: SequenceNumber("\(number)") ?? .zero, key: "dead-letters/concerts/shard/\(number).json",
            body: Array((#"{"n":\#(number),"pad":""# + String(repeating: "x", count: size) + #""}"#).utf8))
    }

    private static func settings(queue: String? = url, bucket: String? = nil) throws -> DeadLetterSettings {
        let settings = try Settings(environment: [
            "DEAD_LETTER_QUEUE_URL": queue ?? "", "DEAD_LETTER_BUCKET": bucket ?? "",
        ])
        return try XCTUnwrap(settings.deadLetters)
    }

    private func write(
        _ letters: [DeadLetter], _ settings: DeadLetterSettings, _ client: @escaping @Sendable () -> AWSClient
    ) async -> [RecordOutcome] {
        var pacing = RetryPacing()
        pacing.retries.pause = { _ in }
        let writer = DeadLetterWriter(settings: settings, pacing: pacing, makeClient: client)
        var outcomes = OutcomeSheet(count: letters.count)
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

    /// What each letter becomes: taken, refused for now, or left.
    private static func words(_ outcomes: [RecordOutcome]) -> [String] {
        outcomes.map { outcome in
            switch outcome {
            case .succeeded: "taken"
            case .rejected: "rejected"
            case .retryable(let reason): reason
            }
        }
    }

    func testAMessageThatFailsForNowIsSentAgainAloneUntilItIsThere() async throws {
        let http = FakeHTTP([
            Self.answer(taken: [0, 2], failed: [(1, false)]), Self.answer(taken: []), Self.answer(taken: [0]),
        ])
        let outcomes = await write((1...3).map { Self.letter($0) }, try Self.settings(), client(http))
        XCTAssertEqual(Self.words(outcomes), ["taken", "taken", "taken"])
        let bodies = http.requests.map { String(decoding: $0.body, as: UTF8.self) }
        XCTAssertEqual(bodies.map { $0.components(separatedBy: "MessageBody").count - 1 }, [3, 1, 1])
        XCTAssertTrue(bodies.dropFirst().allSatisfy { $0.contains(#"{\"n\":2,"#) }, "\(bodies)")
    }

    func testWhatTheQueueRefusesGoesToTheBucketOrFailsWithAdvice() async throws {
        let refusal = Self.answer(taken: [0], failed: [(1, true)])
        let http = FakeHTTP([refusal, HTTPResponse(status: 200)])
        let letters = [Self.letter(1), Self.letter(2)]
        let outcomes = await write(letters, try Self.settings(bucket: "letters"), client(http))
        XCTAssertEqual(Self.words(outcomes), ["taken", "taken"])
        let put = try XCTUnwrap(http.requests.last)
        XCTAssertTrue(put.url.hasSuffix("/dead-letters/concerts/shard/2.json"), put.url)
        XCTAssertEqual(put.body, letters[1].body)

        let alone = await write(letters, try Self.settings(), client(FakeHTTP([refusal])))
        XCTAssertEqual(alone[0], .succeeded)
        XCTAssertTrue(Self.words(alone)[1].contains("set DEAD_LETTER_BUCKET"), Self.words(alone)[1])
    }

    func testACallThatIsRefusedForOneMessageIsMadeAgainForEach() async throws {
        let tooLong = HTTPResponse(
            status: 400, body: Array(#"{"__type":"com.amazonaws.sqs#BatchRequestTooLong","message":"too long"}"#.utf8))
        let http = FakeHTTP([tooLong, Self.answer(taken: [0]), tooLong, HTTPResponse(status: 200)])
        let outcomes = await write(
            [Self.letter(1), Self.letter(2)], try Self.settings(bucket: "letters"), client(http))
        XCTAssertEqual(Self.words(outcomes), ["taken", "taken"])
        XCTAssertEqual(http.requests.count, 4)
    }

    func testWhereNobodyAnswersOneCallIsMadeAndAllFail() async throws {
        let denied = HTTPResponse(
            status: 403, body: Array(#"{"__type":"AccessDeniedException","message":"no"}"#.utf8))
        for steps in [[], [denied]] {
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

    func testAQueueThatIsFirstInFirstOutDropsTheCopiesOfARetry() async throws {
        let http = FakeHTTP([Self.answer(taken: [0, 1]), Self.answer(taken: [0, 1])])
        let settings = try Self.settings(queue: Self.url + ".fifo")
        for _ in 0..<2 { _ = await write([Self.letter(1), Self.letter(2)], settings, client(http)) }
        let bodies = http.requests.map { String(decoding: $0.body, as: UTF8.self) }
        XCTAssertEqual(bodies[0], bodies[1])
        let pattern = try NSRegularExpression(pattern: #""MessageDeduplicationId":"([0-9a-f]{64})""#)
        let ids = pattern.matches(in: bodies[0], range: NSRange(bodies[0].startIndex..., in: bodies[0]))
            .compactMap { Range($0.range(at: 1), in: bodies[0]).map { bodies[0][$0] } }
        XCTAssertEqual(Set(ids).count, 2)
    }

    func testAnEventsTextsMakeSafeKeys() async throws {
        let sink = FakeDeadLetterSink()
        var pipeline = TestPipeline(deadLetters: sink)
        let hostile = [("arn:x/../../etc", "a/b\\n c:1"), ("..", ":5"), ("", "é")]
        for (arn, id) in hostile {
            let event =
                #"{"Records":[{"eventID":"\#(id)","eventSourceARN":"\#(arn)","kinesis":{"sequenceNumber":"9","data":"!"}}]}"#
            _ = try pipeline.respond(to: Array(event.utf8))
        }
        let keys = await sink.keys
        XCTAssertEqual(
            keys,
            [
                "dead-letters/etc/a-b--c/9.json", "dead-letters/-/-/9.json", "dead-letters/stream/shard/9.json",
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

/// Against moto, whose signatures an oracle checks.
extension DeadLetterWriterTests {
    func testEveryLetterIsInTheQueueOrInTheBucketExactlyOnceAndAsItIs() async throws {
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
