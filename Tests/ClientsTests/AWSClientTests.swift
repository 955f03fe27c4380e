import Basics
import JSON
import Synchronization
import Telemetry
import Transport
import XCTest

@testable import Clients

final class AWSClientTests: XCTestCase {
    private static let credentials = AWSCredentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret/key+text", sessionToken: "session/token+text==")
    private static let call = AWSRequest.kinesis("ListStreams", [:])

    private final class Pauses: Sendable {
        private let durations = Mutex<[Duration]>([])
        var all: [Duration] { durations.withLock { $0 } }
        func add(_ duration: Duration) { durations.withLock { $0.append(duration) } }
    }

    private func client(
        _ http: ScriptedHTTPClient, attempts: Int = 3, jitter: Double = 1, pauses: Pauses = Pauses(),
        credentials: any CredentialSource = StaticCredentials(AWSClientTests.credentials, origin: "a test"),
        now: @escaping @Sendable () -> WallClock = WallClock.now
    ) -> AWSClient {
        var configuration = AWSClient.Configuration(region: "eu-west-1", credentials: credentials)
        configuration.retries.maxAttempts = attempts
        configuration.retries.jitter = { jitter }
        configuration.retries.pause = { pauses.add($0) }
        return AWSClient(configuration, http: http, now: now)
    }

    private func failure(_ client: AWSClient, _ request: AWSRequest = call) async -> AWSError? {
        do {
            let response = try await client.send(request)
            XCTFail("succeeded with status \(response.status)")
            return nil
        } catch {
            return error as? AWSError
        }
    }

    func testSendsValidRequests() async throws {
        let http = ScriptedHTTPClient([.json(200, "{}")])
        _ = try await client(http).send(Self.call)
        let sent = await http.requests
        let request = try XCTUnwrap(sent.first)
        XCTAssertEqual(request.url, "https://kinesis.eu-west-1.amazonaws.com/")
        XCTAssertEqual(request.header("X-Amz-Target"), "Kinesis_20131202.ListStreams")
        XCTAssertEqual(request.header("Content-Type"), "application/x-amz-json-1.1")
        XCTAssertEqual(request.header("X-Amz-Security-Token"), Self.credentials.sessionToken)
        XCTAssertTrue(request.header("Authorization")?.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIA") ?? false)
    }

    func testRetriesTransientFailures() async throws {
        let cases: [(status: Int, code: String, isRetried: Bool)] = [
            (400, "ProvisionedThroughputExceededException", true), (400, "ThrottlingException", true),
            (400, "LimitExceededException", true), (429, "TooManyRequestsException", true), (429, "Odd", true),
            (500, "InternalFailure", true), (503, "ServiceUnavailable", true), (502, "Odd", true), (504, "Odd", true),
            (400, "RequestTimeout", true), (400, "KMSThrottlingException", true),
            (400, "ResourceNotFoundException", false), (400, "ValidationException", false),
            (403, "AccessDeniedException", false), (409, "ResourceConflictException", false), (501, "Odd", false),
            (400, "ResourceInUseException", false), (400, "ExpiredIteratorException", false),
        ]
        for row in cases {
            let refusal = ScriptedHTTPClient.Step.json(row.status, #"{"__type":"\#(row.code)","message":"m"}"#)
            let http = ScriptedHTTPClient([refusal, refusal, .json(200, "{}")])
            let pauses = Pauses()
            let client = client(http, pauses: pauses)
            if row.isRetried {
                _ = try await client.send(Self.call)
                XCTAssertEqual(pauses.all, [.seconds(1), .seconds(2)], row.code)
            } else {
                let error = await failure(client)
                XCTAssertEqual(error?.code, row.code)
                XCTAssertEqual(error?.isRetryable, false, row.code)
                let count = await http.requests.count
                XCTAssertEqual(count, 1, row.code)
            }
        }
    }

    func testErrorAfterTheLastAttemptNamesTheAttempts() async {
        let http = ScriptedHTTPClient { _ in
            HTTPResponse(status: 503, body: Array(#"{"__type":"a.b#Busy","message":"later"}"#.utf8))
        }
        let error = await failure(client(http, attempts: 5))
        let count = await http.requests.count
        XCTAssertEqual(count, 5)
        XCTAssertEqual(
            error.map { "\($0)" },
            "kinesis ListStreams: Busy: later (status 503), tried 5 times; a retry may succeed")
    }

    func testCallCanLimitItsAttempts() async {
        let http = ScriptedHTTPClient { _ in HTTPResponse(status: 503, body: Array(#"{"__type":"Busy"}"#.utf8)) }
        var call = Self.call
        call.maxAttempts = 1
        let error = await failure(client(http, attempts: 5), call)
        let count = await http.requests.count
        XCTAssertEqual(count, 1)
        XCTAssertEqual(error?.isRetryable, true)
    }

    func testRespectsTheRequestedDelay() async throws {
        let cases: [(headers: HTTPHeaders, body: String, pause: Duration)] = [
            (["Retry-After": "7"], "{}", .seconds(7)), (["x-amz-retry-after": "1500"], "{}", .milliseconds(1500)),
            ([:], #"{"retryAfterSeconds":"4"}"#, .seconds(4)), (["Retry-After": "86400"], "{}", .seconds(20)),
            (["Retry-After": "soon"], "{}", .zero), (["Retry-After": "-5"], "{}", .zero),
        ]
        for row in cases {
            var headers = row.headers
            headers.append("x-amzn-errortype", "TooManyRequestsException:http://internal.amazon.com/")
            let pauses = Pauses()
            let http = ScriptedHTTPClient([.json(429, row.body, headers), .json(200, "{}")])
            _ = try await client(http, jitter: 0, pauses: pauses).send(Self.call)
            XCTAssertEqual(pauses.all, [row.pause], "\(row.headers)")
        }
    }

    func testRetriesBrokenConnectionsButNotInvalidSettings() async {
        let cut = TransportError(code: 56, action: "complete the request to h", reason: "reset")
        let untrusted = TransportError(code: 60, action: "complete the request to h", reason: "certificate")
        let cutClient = ScriptedHTTPClient([.failure(cut), .failure(cut), .failure(cut)])
        let error = await failure(client(cutClient))
        XCTAssertEqual(error, .unreachable(service: "kinesis", operation: "ListStreams", attempts: 3, error: cut))
        XCTAssertEqual(error?.isDefinite, false)
        let refused = await failure(client(ScriptedHTTPClient([.failure(untrusted)])))
        XCTAssertEqual(refused?.isRetryable, false)
    }

    func testParsesErrorsInEveryFormat() async {
        let cases:
            [(status: Int, headers: HTTPHeaders, body: String, code: String, message: String, request: String?)] = [
                (
                    400, ["x-amzn-RequestId": "r1"], #"{"__type":"com.amazonaws.kinesis#NotFound","message":"m"}"#,
                    "NotFound", "m", "r1"
                ),
                (
                    404, ["X-Amzn-ErrorType": "NotFound:http://x/"], #"{"Type":"User","Message":"M"}"#, "NotFound", "M",
                    nil
                ),
                (403, [:], #"{"code":"Denied"}"#, "Denied", "", nil),
                (
                    400, ["Content-Type": "text/xml"],
                    "<ErrorResponse xmlns=\"x\"><Error><Code>Bad</Code><Message>a &amp; b</Message></Error><RequestId>r2</RequestId></ErrorResponse>",
                    "Bad", "a & b", "r2"
                ),
                (
                    404, [:],
                    "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>r3</RequestId></Error>",
                    "NoSuchKey", "m", "r3"
                ),
            ]
        for row in cases {
            let error = await failure(client(ScriptedHTTPClient([.json(row.status, row.body, row.headers)])))
            XCTAssertEqual(error?.refusal?.code, row.code)
            XCTAssertEqual(error?.refusal?.message, row.message)
            XCTAssertEqual(error?.refusal?.requestID, row.request)
        }
    }

    func testForeignResponseIsUnreadable() async throws {
        let page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
        let headers: HTTPHeaders = ["Content-Type": "text/html; charset=utf-8"]
        for (status, body) in [(403, page), (403, ""), (404, "{"), (400, "null"), (418, "{}")] {
            let error = await failure(client(ScriptedHTTPClient([.json(status, body, headers)])))
            guard case .unreadable(_, _, status, let found) = error else {
                return XCTFail("\(body): \(String(describing: error))")
            }
            XCTAssertEqual(found, "\(body.utf8.count) bytes of \"text/html\"")
        }
        // A page with a successful status instead of the response: a captive portal.
        for body in [page, "{\"a\":", "[]", "\"text\"", String(repeating: "[", count: 500)] {
            let response = try await client(ScriptedHTTPClient([.json(200, body, headers)])).send(Self.call)
            XCTAssertThrowsError(try response.json(), body)
            XCTAssertThrowsError(try response.xml(), body)
        }
        let empty = try await client(ScriptedHTTPClient([.json(200, "")])).send(Self.call)
        XCTAssertEqual(try empty.json(), [:])
    }

    func testMasksCredentialsInErrors() async {
        let message = """
            The token session/token+text== of AKIAIOSFODNN7EXAMPLE and ASIAQQQQQQQQQQQQQQQQ is invalid; x-amz-security-token:session%2Ftoken%2Btext%3D%3D \
            \(String(repeating: "Fwo", count: 40)) shardId-000000000000 49590338271490256608559692538361571095921575989136588898 \
            arn:aws:kinesis:us-east-1:123456789012:stream/s 6b8a1c1e-93f4-4f0e-9c1c-0b1a2f3c4d5e
            """
        let body = JSONValue.object(
            JSONObject([
                JSONObject.Member(name: "__type", value: "Bad"),
                JSONObject.Member(name: "message", value: .string(message)),
            ])
        ).text
        let error = await failure(client(ScriptedHTTPClient([.json(400, body)])))
        let text = error.map { "\($0)" } ?? ""
        for secret in ["session/token", "session%2F", "AKIA", "ASIA", "FwoFwo", "secret/key"] {
            XCTAssertFalse(text.contains(secret), text)
        }
        for word in [
            "49590338271490256608559692538361571095921575989136588898", "123456789012:stream/s", "6b8a1c1e-93f4",
        ] {
            XCTAssertTrue(text.contains(word), text)
        }
    }

    func testCorrectsTheClockOnce() async throws {
        let date: HTTPHeaders = ["Date": "Tue, 24 Nov 2026 12:00:00 GMT"]
        let refusal = ScriptedHTTPClient.Step.json(403, #"{"__type":"InvalidSignatureException"}"#, date)
        // Half an hour slow.
        let slow: @Sendable () -> WallClock = { WallClock(millisecondsSinceEpoch: 1_795_519_800_000) }
        let http = ScriptedHTTPClient([refusal, .json(200, "{}"), .json(200, "{}")])
        let client = client(http, now: slow)
        _ = try await client.send(Self.call)
        _ = try await client.send(Self.call)
        let dates = await http.requests.map { $0.header("X-Amz-Date") }
        XCTAssertEqual(dates, ["20261124T113000Z", "20261124T120000Z", "20261124T120000Z"])
        // An invalid signature with correct clocks remains invalid.
        let agreeing: @Sendable () -> WallClock = { WallClock(millisecondsSinceEpoch: 1_795_521_600_000) }
        let wrong = ScriptedHTTPClient([refusal, .json(200, "{}")])
        let error = await failure(self.client(wrong, now: agreeing))
        XCTAssertEqual(error?.code, "InvalidSignatureException")
    }

    private actor RenewableCredentials: CredentialSource {
        let origin = "a test"
        private var generation = 0
        func credentials() -> AWSCredentials {
            AWSCredentials(accessKeyID: "AK\(generation)", secretAccessKey: "s", sessionToken: "t")
        }
        func invalidate() { generation += 1 }
    }

    func testRenewsExpiredCredentialsOnce() async throws {
        let refusal = ScriptedHTTPClient.Step.json(400, #"{"__type":"ExpiredTokenException"}"#)
        let http = ScriptedHTTPClient([refusal, .json(200, "{}")])
        _ = try await client(http, credentials: RenewableCredentials()).send(Self.call)
        let keys = await http.requests.map { $0.header("Authorization")?.contains("Credential=AK1/") }
        XCTAssertEqual(keys, [false, true])
        let stubborn = ScriptedHTTPClient([refusal, refusal])
        let error = await failure(client(stubborn, credentials: RenewableCredentials()))
        XCTAssertEqual(error?.code, "ExpiredTokenException")
    }

    func testRetryQuotaLimitsRetries() async {
        let http = ScriptedHTTPClient { _ in
            HTTPResponse(status: 500, body: Array(#"{"__type":"InternalFailure"}"#.utf8))
        }
        let client = client(http)
        for _ in 0..<100 { _ = await failure(client) }
        // 500 tokens, 5 for each retry.
        let count = await http.requests.count
        XCTAssertEqual(count, 200)
    }

    func testCancellationEndsThePause() async {
        let http = ScriptedHTTPClient { _ in HTTPResponse(status: 500) }
        var configuration = AWSClient.Configuration(
            region: "us-east-1", credentials: StaticCredentials(Self.credentials, origin: "a test"))
        configuration.retries.jitter = { 1 }
        configuration.retries.pause = { _ in try await Task.sleep(for: .seconds(3600)) }
        let client = AWSClient(configuration, http: http)
        let call = Self.call
        let task = Task { try await client.send(call) }
        while await http.requests.isEmpty { await Task.yield() }
        task.cancel()
        do {
            _ = try await task.value
            XCTFail("a cancelled call succeeded")
        } catch {
            XCTAssertTrue(error is CancellationError, "\(error)")
        }
    }

    func testRejectsRelativePathSegments() async {
        let http = ScriptedHTTPClient([])
        let error = await failure(
            client(http), .lambda("DeleteEventSourceMapping", "DELETE", ["event-source-mappings", ".."]))
        XCTAssertEqual(error, .misconfigured("lambda DeleteEventSourceMapping: invalid path segment \"..\""))
        let count = await http.requests.count
        XCTAssertEqual(count, 0)
    }

    func testErrorsDescribeInvalidRegionAndEndpoint() async {
        for (region, url, words) in [
            ("", nil, "no Region is set"), ("us_east_1", nil, "\"us_east_1\" is not a Region"),
            ("evil.example/x-y-1", nil, "is not a Region"), ("us-east-1", "localhost:5555", "is not a URL"),
            ("us-east-1", "http://user:pw@h/", "is not a URL"), ("us-east-1", "http://h/\n", "is not a URL"),
        ] as [(String, String?, String)] {
            var configuration = AWSClient.Configuration(
                region: region, credentials: StaticCredentials(Self.credentials, origin: "a test"))
            configuration.endpointURL = { _ in url }
            let error = await failure(AWSClient(configuration, http: ScriptedHTTPClient([])))
            XCTAssertTrue(
                error.map { "\($0)" }?.contains(words) ?? false, "\(region) \(url ?? ""): \(String(describing: error))")
        }
    }
}
