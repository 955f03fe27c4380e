import JSON
import Synchronization
import Telemetry
import Transport
import XCTest

@testable import Clients

/// Tests of one call: what ends it, what is corrected, and what is never sent.
final class AWSClientCallTests: XCTestCase {
    private let clock = FakeClock()
    private let pauses = Pauses()

    /// A store of the requested pauses, which are not made.
    private final class Pauses: Sendable {
        private let durations = Mutex<[Duration]>([])

        func append(_ duration: Duration) { durations.withLock { $0.append(duration) } }

        /// The pauses since the last access.
        func taken() -> [Duration] {
            durations.withLock { durations in
                defer { durations = [] }
                return durations
            }
        }
    }

    /// A client without jitter that records its pauses instead of making them.
    private func client(
        _ http: ScriptedHTTPClient, _ credentials: any CredentialSource = FakeCredentialSource(["AKIDEXAMPLE"]),
        maxAttempts: Int = 3
    ) -> AWSClient {
        var configuration = AWSClient.Configuration(region: "us-east-1", credentials: credentials)
        configuration.retries.maxAttempts = maxAttempts
        configuration.retries.jitter = { 1 }
        configuration.retries.pause = { [pauses] pause in
            try Task.checkCancellation()
            pauses.append(pause)
        }
        return AWSClient(configuration, http: http, now: { [clock] in clock.time })
    }

    private let request = AWSRequest.kinesis("DescribeStreamSummary", ["StreamName": "s"])

    private func error(_ client: AWSClient) async -> AWSError? {
        do {
            _ = try await client.send(request)
            return nil
        } catch { return error as? AWSError }
    }

    func testRetriesTransientFailures() async throws {
        let throttled = #"{"__type":"com.amazonaws.kinesis#LimitExceededException","message":"slow"}"#
        let cases: [(name: String, step: ScriptedHTTPClient.Step)] = [
            ("throttled", .json(400, throttled)),
            ("429", .json(429, #"{"message":"later"}"#)),
            ("500", .json(500, #"{"__type":"InternalFailure"}"#)),
            ("503 page", .json(503, "<html>busy</html>", ["Content-Type": "text/html"])),
            ("502 empty", .json(502, "")),
            ("no connection", .refusedConnection),
            ("timeout", .timeout),
        ]
        for row in cases {
            let http = ScriptedHTTPClient([row.step, row.step, .json(200, #"{"a":1}"#)])
            let answer = try await client(http).send(request)
            XCTAssertEqual(try answer.json()["a"]?.integer, 1, row.name)
            XCTAssertEqual(pauses.taken(), [.seconds(1), .seconds(2)], row.name)
            let ended = await error(client(ScriptedHTTPClient([row.step, row.step, row.step])))
            XCTAssertEqual(pauses.taken().count, 2, row.name)
            XCTAssertEqual(ended?.isRetryable, true, row.name)
            XCTAssertTrue(
                ended.map { "\($0)" }?.contains("tried 3 times") ?? false || row.name == "503 page"
                    || row.name == "502 empty", "\(row.name): \(String(describing: ended))")
        }
    }

    func testDoesNotRetryPermanentFailures() async {
        let cases: [(step: ScriptedHTTPClient.Step, code: String?)] = [
            (.json(400, #"{"__type":"ResourceNotFoundException"}"#), "ResourceNotFoundException"),
            (.json(403, #"{"Code":"AccessDeniedException","Message":"no"}"#), "AccessDeniedException"),
            (.json(404, "", ["x-amzn-errortype": "NotFound:http://x/"]), "NotFound"),
            (.json(400, "<E><Error><Code>a:b</Code></Error></E>"), "a"),
            (.json(302, "<html></html>", ["Location": "https://elsewhere"]), nil),
            (.json(407, "<html>Proxy</html>"), nil),
            (.failure(TransportError(code: 60, action: "complete it", reason: "certificate")), nil),
        ]
        for row in cases {
            let http = ScriptedHTTPClient([row.step])
            let ended = await error(client(http))
            XCTAssertNotNil(ended, "\(row)")
            XCTAssertEqual(ended?.code, row.code, "\(row)")
            XCTAssertEqual(ended?.isRetryable, false, "\(row)")
            let count = await http.requests.count
            XCTAssertEqual(count, 1, "\(row)")
        }
    }

    func testRespectsTheRequestedDelay() async throws {
        let cases: [(headers: HTTPHeaders, body: String, pause: Duration)] = [
            (["Retry-After": "3"], "{}", .seconds(3)),
            (["x-amz-retry-after": "2500"], "{}", .milliseconds(2500)),
            ([:], #"{"message":"m","retryAfterSeconds":"4"}"#, .seconds(4)),
            ([:], #"{"message":"m","retryAfterSeconds":7}"#, .seconds(7)),
            (["Retry-After": "90000000"], "{}", .seconds(1)),
            (["Retry-After": "3600"], "{}", .seconds(20)),
            (["Retry-After": "-1"], "{}", .seconds(1)),
            (["Retry-After": "nan"], "{}", .seconds(1)),
            (["x-amz-retry-after": "9223372036854775807"], "{}", .seconds(20)),
            (["Retry-After": "Tue, 24 Nov 2026 12:00:00 GMT"], "{}", .seconds(1)),
        ]
        for row in cases {
            _ = try await client(ScriptedHTTPClient([.json(503, row.body, row.headers), .json(200, "{}")])).send(
                request)
            XCTAssertEqual(pauses.taken(), [row.pause], "\(row)")
        }
    }

    func testInvalidSignatureWithCorrectClockIsNotRetried() async {
        let wrong = #"{"__type":"SignatureDoesNotMatch","message":"m"}"#
        for date: HTTPHeaders in [["Date": "Tue, 24 Nov 2026 12:03:00 GMT"], ["Date": "yesterday"], [:]] {
            let http = ScriptedHTTPClient([.json(403, wrong, date)])
            let ended = await error(client(http))
            XCTAssertEqual(ended?.code, "SignatureDoesNotMatch", "\(date)")
        }
        // A clock with a different error each time is corrected once.
        let skewed = ScriptedHTTPClient.Step.json(403, wrong, ["Date": "Tue, 24 Nov 2026 14:00:00 GMT"])
        let ended = await error(client(ScriptedHTTPClient([skewed, skewed])))
        XCTAssertEqual(ended?.code, "SignatureDoesNotMatch")
    }

    func testUsesCredentialsThatAnotherClientRenewed() async throws {
        /// Renews the credentials while a request is in progress.
        struct RenewingHTTPClient: HTTPClient {
            let source: FakeCredentialSource
            let next: ScriptedHTTPClient

            func send(_ request: HTTPRequest) async throws -> HTTPResponse {
                let answer = try await next.send(request)
                if answer.status == 400 { await source.renewElsewhere() }
                return answer
            }
        }
        let source = FakeCredentialSource(["AKIDFIRST", "AKIDSECOND"])
        let http = ScriptedHTTPClient([.json(400, #"{"__type":"ExpiredToken"}"#), .json(200, "{}")])
        let configuration = AWSClient.Configuration(region: "us-east-1", credentials: source)
        let client = AWSClient(configuration, http: RenewingHTTPClient(source: source, next: http))
        _ = try await client.send(request)
        let invalidations = await source.invalidations
        XCTAssertEqual(invalidations, 0)
    }

    func testUnsignedCallNeedsNoCredentials() async throws {
        struct NoSource: CredentialSource {
            let origin = "nowhere"
            func credentials() throws -> AWSCredentials { throw CredentialError.notFound(searched: []) }
            func invalidate() {}
        }
        var unsigned = AWSRequest.sts("AssumeRoleWithWebIdentity")
        unsigned.isSigned = false
        let http = ScriptedHTTPClient([.json(200, "<a/>")])
        _ = try await client(http, NoSource()).send(unsigned)
        let names = await http.requests.flatMap { $0.headers.map { $0.name.lowercased() } }
        XCTAssertEqual(names, ["host", "content-type", "user-agent"])
        do {
            _ = try await client(http, NoSource()).send(request)
            XCTFail("signed without credentials")
        } catch { XCTAssertEqual(error as? CredentialError, .notFound(searched: [])) }
    }

    func testSendsNothingWithoutRegionOrValidURL() async {
        for (region, url, text) in [
            ("", nil, "no Region is set: set AWS_REGION"), ("us east", nil, "\"us east\" is not a Region"),
            ("us-east-1", "localhost:4566", "\"localhost:4566\" is not a URL"),
        ] {
            let http = ScriptedHTTPClient([])
            var configuration = AWSClient.Configuration(region: region, credentials: FakeCredentialSource(["AKID"]))
            configuration.endpointURL = { _ in url }
            let ended = await error(AWSClient(configuration, http: http))
            XCTAssertTrue(ended.map { "\($0)".contains(text) } ?? false, "\(String(describing: ended))")
        }
    }

    func testStopsEarlyIfNoServerResponds() async {
        let http = ScriptedHTTPClient([.refusedConnection, .refusedConnection])
        var configuration = AWSClient.Configuration(region: "us-east-1", credentials: FakeCredentialSource(["AKID"]))
        configuration.retries = RetryPolicy(maxAttempts: 10, unreachableTimeout: .seconds(2))
        configuration.retries.jitter = { 1 }
        configuration.retries.pause = { _ in }
        let ended = await error(AWSClient(configuration, http: http))
        XCTAssertEqual(ended?.isRetryable, true)
        // The second pause would be 2 s in addition to the time of the attempts.
        let count = await http.requests.count
        XCTAssertEqual(count, 2)
    }

    func testCancelledCallEnds() async throws {
        let http = ScriptedHTTPClient([.silence])
        let client = client(http)
        let task = Task { [request] in try await client.send(request) }
        while await http.requests.isEmpty { await Task.yield() }
        task.cancel()
        do {
            _ = try await task.value
            XCTFail("the call has succeeded")
        } catch { XCTAssertTrue(error is CancellationError, "\(error)") }
    }

    func testCallThatIsNotAbandonedReturnsItsResponse() async throws {
        /// Responds after the caller's task was cancelled.
        actor PatientHTTPClient: HTTPClient {
            private var waiting: CheckedContinuation<Void, Never>?
            var hasRequest: Bool { waiting != nil }

            func send(_ request: HTTPRequest) async -> HTTPResponse {
                await withCheckedContinuation { waiting = $0 }
                return HTTPResponse(status: Task.isCancelled ? 500 : 200, body: Array(#"{"done":true}"#.utf8))
            }

            func answer() { waiting?.resume() }
        }
        let http = PatientHTTPClient()
        var request = request
        request.isAbandonedOnCancel = false
        let configuration = AWSClient.Configuration(region: "us-east-1", credentials: FakeCredentialSource(["AKID"]))
        let client = AWSClient(configuration, http: http)
        let task = Task { [request] in try await client.send(request) }
        while await !http.hasRequest { await Task.yield() }
        task.cancel()
        await http.answer()
        let answer = try await task.value
        XCTAssertEqual(try answer.json()["done"], true)
    }

    func testCancelledCallThatIsNotAbandonedReportsWhetherItWasSent() async throws {
        var request = request
        request.isAbandonedOnCancel = false
        var configuration = AWSClient.Configuration(region: "us-east-1", credentials: FakeCredentialSource(["AKID"]))
        configuration.retries.pause = { _ in try await Task.sleep(for: .seconds(3600)) }
        let http = ScriptedHTTPClient([.timeout])
        let client = AWSClient(configuration, http: http)
        let task = Task { [request] in try await client.send(request) }
        while await http.requests.isEmpty { await Task.yield() }
        task.cancel()
        do {
            _ = try await task.value
            XCTFail("the call has succeeded")
        } catch { XCTAssertEqual((error as? AWSError)?.isDefinite, false, "\(error)") }

        let gate = AsyncStream<Void>.makeStream()
        let unsent = Task { [request] in
            for await _ in gate.stream {}
            return try await client.send(request)
        }
        unsent.cancel()
        gate.continuation.finish()
        do {
            _ = try await unsent.value
            XCTFail("the call has succeeded")
        } catch { XCTAssertTrue(error is CancellationError, "\(error)") }
        let count = await http.requests.count
        XCTAssertEqual(count, 1)
    }
}
