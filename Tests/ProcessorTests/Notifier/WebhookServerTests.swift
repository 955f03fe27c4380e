import Clients
import Foundation
import Synchronization
import TestSupport
import Transport
import XCTest

@testable import Processor

/// Tests of posting to a real server with faults.
final class WebhookServerTests: NotifierTestCase {
    private struct Taken: Decodable {
        var path: String
        var headers: [String: String]
        var body: String
        var answered: Bool
    }

    /// The durations of all pauses, which are skipped.
    private final class Pauses: Sendable {
        let all = Mutex<[Duration]>([])
    }

    private let pauses = Pauses()

    override var pacing: RetryPacing {
        var pacing = RetryPacing()
        pacing.retries.pause = { [pauses] delay in
            pauses.all.withLock { $0.append(delay) }
            try Task.checkCancellation()
        }
        return pacing
    }

    /// - Parameter timeLimit: The limit of one attempt.
    private func webhook(_ url: String, secret: String? = nil, timeLimit: Duration = .seconds(10)) -> WebhookSender {
        WebhookSender(
            webhook: NotifierSettings.Webhook(url: url, secret: secret, host: "127.0.0.1"),
            clients: ClientPool { CurlHTTPClient(Notifier.webhookConfiguration(nil)) }, timeLimit: timeLimit)
    }

    private func taken(by server: PythonServer) async throws -> [Taken] {
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        let answer = try await client.send(HTTPRequest(url: server.url + "/_taken", timeout: .seconds(10)))
        return try JSONDecoder().decode([Taken].self, from: Data(answer.body))
    }

    /// A case: the receiver's reaction to each request, and the outcome of the record.
    func testFaultsAreRetriedOrPermanent() async throws {
        let server = try PythonServer("webhook-server.py")
        let delivered = RecordOutcome.succeeded
        func refused(_ status: Int) -> RecordOutcome {
            .rejected(PayloadError(.refused, "webhook 127.0.0.1: status \(status)"))
        }
        let cases: [(script: String, outcome: RecordOutcome, taken: Int)] = [
            ("200", delivered, 1), ("204", delivered, 1), ("500-503-502-504", delivered, 1), ("429-408", delivered, 1),
            ("cut-half-cut", delivered, 1), ("lost", delivered, 2), ("slow", delivered, 1), ("429:1-500", delivered, 1),
            ("torn", delivered, 1), ("half", delivered, 1), ("stall", delivered, 1), ("huge200", delivered, 1),
            ("endless200", delivered, 1),
            ("huge500-endless503", delivered, 1), ("huge422", refused(422), 0), ("endless400", refused(400), 0),
            ("400", refused(400), 0), ("500-413", refused(413), 0), ("415", refused(415), 0), ("422", refused(422), 0),
        ]
        for row in cases {
            let sender = webhook("\(server.url)/\(row.script)", timeLimit: .milliseconds(300))
            let outcomes = try await Self.notify(EventText([Self.concert("a", 1)]), by: notifier(sender))
            XCTAssertEqual(outcomes, [row.outcome], row.script)
            let taken = try await taken(by: server).filter { $0.path == "/\(row.script)" }
            XCTAssertEqual(taken.count, row.taken, row.script)
            // A repeat can be recognized by its key.
            XCTAssertLessThanOrEqual(Set(taken.map { $0.headers["Idempotency-Key"] }).count, 1, row.script)
            XCTAssertLessThanOrEqual(Set(taken.map(\.body)).count, 1, row.script)
        }
        XCTAssertTrue(pauses.all.withLock { $0.contains { $0 >= .seconds(1) } }, "Retry-After counts")
    }

    /// Statuses about the URL, the signature or the receiver do not reject a record.
    func testOtherStatusesAreTransientWithoutImmediateRetry() async throws {
        let server = try PythonServer("webhook-server.py")
        for status in [
            300, 301, 302, 307, 401, 402, 403, 404, 405, 406, 409, 410, 411, 414, 418, 421, 425, 431, 451, 499,
        ] {
            let sender = webhook("\(server.url)/\(status)")
            let outcomes = try await Self.notify(EventText([Self.concert("a", 1)]), by: notifier(sender))
            guard case .retryable(let reason) = outcomes[0] else { return XCTFail("\(status): \(outcomes)") }
            XCTAssertTrue(reason.contains("webhook 127.0.0.1: status \(status)"), reason)
        }
        // A second attempt would have succeeded with 200.
        let taken = try await taken(by: server)
        XCTAssertEqual(taken.count, 0)
    }

    func testOrderAndKeysSurviveFaults() async throws {
        let server = try PythonServer("webhook-server.py")
        let records = (1...12).map { Self.concert("c\($0 % 3)", $0, day: $0) }
        let sender = webhook("\(server.url)/200-cut-200-503-200-half-429-200", secret: "key")
        let outcomes = try await Self.notify(EventText(records), by: notifier(sender))
        XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 12))
        let taken = try await taken(by: server)
        XCTAssertEqual(Set(taken.map { $0.headers["Idempotency-Key"] ?? "" }).count, 12)
        let sequences = try taken.map { entry in
            let body = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(entry.body.utf8)) as? [String: Any])
            return try XCTUnwrap((body["sequence_number"] as? String).flatMap { Int($0) })
        }
        XCTAssertEqual(sequences, Array(1...12))
        for entry in taken {
            let parts = try XCTUnwrap(entry.headers["Concert-Signature"]).split(separator: ",")
            let time = try XCTUnwrap(Int64(parts[0].dropFirst("t=".count)))
            let expected = WebhookSender.signature(of: Array(entry.body.utf8), at: time, secret: "key")
            XCTAssertEqual(parts[1], "v1=\(expected)")
        }
    }

    func testUnavailableReceiverFailsRecordsAndTheRetryDelivers() async throws {
        let server = try PythonServer("webhook-server.py")
        let ledger = InMemoryLedger()
        let records = (1...4).map { Self.concert("c\($0)", $0) }
        let unreachable = webhook("http://127.0.0.1:1/")
        var impatient = pacing
        impatient.patience = .milliseconds(200)
        impatient.retries.pause = { _ in try await Task.sleep(for: .milliseconds(20)) }
        let down = Notifier(
            settings: settings, ledger: ledger, senders: [unreachable], pacing: impatient, log: .init(sink: lines))
        let outcomes = try await Self.notify(EventText(records), by: down)
        XCTAssertTrue(outcomes.allSatisfy(\.isRetryable), "\(outcomes)")
        let retried = try await Self.notify(
            EventText(records), by: notifier(webhook(server.url + "/200"), ledger: ledger))
        XCTAssertEqual(retried, Array(repeating: .succeeded, count: 4))
        let found = try await taken(by: server)
        XCTAssertEqual(found.count, 4)
    }

    /// The attempt's own time limit is an hour.
    func testSlowReceiverIsCancelledAtTheDeadline() async throws {
        let server = try PythonServer("webhook-server.py")
        let sender = webhook(server.url + "/slow", timeLimit: .seconds(3600))
        let outcomes = try await Self.notify(
            EventText([Self.concert("a", 1)]), by: notifier(sender), within: .milliseconds(500))
        XCTAssertEqual(outcomes, [.retryable(reason: "webhook 127.0.0.1: no time left")])
    }
}
