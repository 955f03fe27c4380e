import Transport
import XCTest

@testable import Clients

/// Tests of whether a call that failed after several attempts may have taken effect.
final class DefiniteOutcomeTests: XCTestCase {
    private static let refusal = ScriptedHTTPClient.Step.json(400, #"{"__type":"ResourceInUseException"}"#)
    private static let throttled = ScriptedHTTPClient.Step.json(400, #"{"__type":"SlowDown"}"#)

    private func client(
        _ http: ScriptedHTTPClient, pause: @escaping @Sendable (Duration) async throws -> Void = { _ in }
    ) -> AWSClient {
        var configuration = AWSClient.Configuration(
            region: "us-east-1", credentials: FakeCredentialSource(["KEY", "OTHER"]))
        configuration.retries.pause = pause
        return AWSClient(configuration, http: http)
    }

    private static func error(_ client: AWSClient, isAbandoned: Bool = true) async -> (any Error)? {
        var request = AWSRequest.kinesis("CreateStream", [:])
        request.isAbandonedOnCancel = isAbandoned
        do {
            _ = try await client.send(request)
            return nil
        } catch { return error }
    }

    func testErrorAfterLostResponseIsNotDefinite() async {
        let cases: [([ScriptedHTTPClient.Step], isDefinite: Bool)] = [
            ([Self.refusal], true), ([Self.throttled, Self.refusal], true), ([.timeout, Self.refusal], false),
            ([.json(503, ""), Self.refusal], false), ([.timeout, Self.throttled, Self.refusal], false),
            ([.json(403, #"{"__type":"ExpiredToken"}"#), Self.refusal], true),
        ]
        for row in cases {
            let error = await Self.error(client(ScriptedHTTPClient(row.0))) as? AWSError
            XCTAssertEqual(error?.code, "ResourceInUseException", "\(row.0)")
            XCTAssertEqual(error?.isDefinite, row.isDefinite, "\(row.0)")
        }
    }

    func testCancellationDoesNotHideAnAttempt() async {
        for isAbandoned in [true, false] {
            let pausing = client(ScriptedHTTPClient([.timeout])) { _ in throw CancellationError() }
            let first = await Self.error(pausing, isAbandoned: isAbandoned)
            XCTAssertEqual(first is CancellationError, isAbandoned)
            XCTAssertEqual((first as? AWSError)?.isDefinite, isAbandoned ? nil : false)
        }
    }

    func testCancellationAfterThePauseDoesNotHideAnAttempt() async {
        let http = ScriptedHTTPClient([.timeout, .json(200, "{}")])
        let client = client(http) { _ in unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
        var request = AWSRequest.kinesis("CreateStream", [:])
        request.isAbandonedOnCancel = false
        let task = Task { [request] in try await client.send(request) }
        do {
            _ = try await task.value
            XCTFail("another attempt was made")
        } catch { XCTAssertEqual((error as? AWSError)?.isDefinite, false, "\(error)") }
        let count = await http.requests.count
        XCTAssertEqual(count, 1)
    }

    func testSuccessRefundsTheLastRetry() async throws {
        // Each call spends 5 and 5 and is refunded 5: after 98 calls, the quota is too small for two retries.
        let http = ScriptedHTTPClient(
            Array(repeating: [.json(500, ""), .json(500, ""), .json(200, "")], count: 200).flatMap { $0 })
        let client = client(http)
        var successes = 0
        while await Self.error(client) == nil { successes += 1 }
        XCTAssertEqual(successes, 99)
    }
}
