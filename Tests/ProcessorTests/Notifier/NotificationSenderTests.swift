import Basics
import Clients
import Foundation
import JSON
import Synchronization
import Telemetry
import TestSupport
import Transport
import XCTest

@testable import Processor

/// Topics, event buses and webhooks.
final class NotificationSenderTests: NotifierTestCase {
    /// A client that returns scripted responses, and records the requests.
    private final class FakeHTTP: HTTPClient {
        private let state: Mutex<(steps: [Result<HTTPResponse, TransportError>], requests: [HTTPRequest])>

        init(_ steps: [Result<HTTPResponse, TransportError>]) { state = Mutex((steps, [])) }

        var requests: [HTTPRequest] { state.withLock { $0.requests } }

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            try state.withLock { state in
                state.requests.append(request)
                return try state.steps.isEmpty ? HTTPResponse(status: 200) : state.steps.removeFirst().get()
            }
        }
    }

    private func webhook(_ http: FakeHTTP, secret: String? = nil) -> WebhookSender {
        let webhook = NotifierSettings.Webhook(
            url: "https://h.example/hook?key=hush", secret: secret, host: "h.example")
        return WebhookSender(
            webhook: webhook, clients: ClientPool { http },
            now: { WallClock(millisecondsSinceEpoch: 1_795_521_600_500) })
    }

    func testWebhookRetriesOnlyTransientFailures() async throws {
        let cut = TransportError(code: 56, action: "receive from h.example", reason: "reset")
        let cases: [(steps: [Result<HTTPResponse, TransportError>], requests: Int, delivered: Bool, reason: String)] = [
            ([.success(HTTPResponse(status: 204))], 1, true, ""),
            ([.success(HTTPResponse(status: 500)), .failure(cut), .success(HTTPResponse(status: 429))], 4, true, ""),
            ([.success(HTTPResponse(status: 408))], 2, true, ""),
            ([.success(HTTPResponse(status: 422))], 1, false, "webhook h.example: status 422"),
            ([.success(HTTPResponse(status: 404))], 1, false, "webhook h.example: status 404"),
            ([.success(HTTPResponse(status: 302))], 1, false, "redirects are not followed"),
        ]
        for row in cases {
            let http = FakeHTTP(row.steps)
            let outcomes = try await Self.notify(EventText([Self.concert("a", 1)]), by: notifier(webhook(http)))
            XCTAssertEqual(http.requests.count, row.requests, row.reason)
            switch outcomes[0] {
            case .succeeded: XCTAssertTrue(row.delivered)
            case .rejected(let error):
                XCTAssertEqual(error.message, row.reason)
            case .retryable(let reason):
                XCTAssertTrue(!row.delivered && reason.contains(row.reason), reason)
                XCTAssertFalse(reason.contains("hush"), reason)
            }
        }
    }

    func testWebhookSignatureCoversBodyAndTime() async throws {
        let http = FakeHTTP([])
        _ = try await Self.notify(EventText([Self.concert("a", 1)]), by: notifier(webhook(http, secret: "key")))
        let request = try XCTUnwrap(http.requests.first)
        let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
        XCTAssertEqual(headers["Content-Type"], "application/json")
        XCTAssertFalse(headers["Idempotency-Key"]?.isEmpty ?? true)
        let body = String(decoding: request.body, as: UTF8.self)
        let folder = try TemporaryFolder()
        let file = try folder.write("1795521600.\(body)", to: "signed")
        let openssl = try RunningProgram(
            URL(filePath: "/usr/bin/env"), ["openssl", "dgst", "-sha256", "-hmac", "key", "-r", file],
            environment: ProcessInfo.processInfo.environment)
        let digest = try openssl.finish().output.prefix(64)
        XCTAssertEqual(headers["Concert-Signature"], "t=1795521600,v1=\(digest)")
    }

    private func client(_ oracle: SigV4Oracle) throws -> @Sendable () -> AWSClient {
        let environment = try AWSEnvironment(oracle.environment(hasToken: true))
        let credentials = environment.credentialSource(.invocation)
        return { environment.makeClient(.invocation, credentials: credentials) }
    }

    /// Returns the bodies of all messages in a moto queue.
    private func messages(_ moto: Moto, _ queue: String) throws -> [[String: Any]] {
        var bodies: [[String: Any]] = []
        while true {
            let run = try moto.aws("sqs", "receive-message", "--queue-url", queue, "--max-number-of-messages", "10")
            guard !run.output.isEmpty, let messages = try run.json()["Messages"] as? [[String: Any]], !messages.isEmpty
            else {
                return bodies
            }
            for message in messages {
                let body = try XCTUnwrap((message["Body"] as? String)?.data(using: .utf8))
                bodies.append(try XCTUnwrap(JSONSerialization.jsonObject(with: body) as? [String: Any]))
            }
        }
    }

    func testTopicAndEventBusReceiveThePlannedNotifications() async throws {
        let moto = try Moto()
        try moto.reset()
        let oracle = try SigV4Oracle(upstream: moto.url)
        func queue(_ name: String) throws -> (url: String, arn: String) {
            let url = try XCTUnwrap(moto.aws("sqs", "create-queue", "--queue-name", name).json()["QueueUrl"] as? String)
            return (url, "arn:aws:sqs:us-east-1:123456789012:\(name)")
        }
        let (topicQueue, busQueue) = (try queue("topic-queue"), try queue("bus-queue"))
        let topic = try XCTUnwrap(moto.aws("sns", "create-topic", "--name", "concerts").json()["TopicArn"] as? String)
        try moto.aws(
            "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", topicQueue.arn)
        try moto.aws(
            "events", "put-rule", "--name", "all", "--event-pattern", #"{"source":["concert-data-processor"]}"#)
        try moto.aws("events", "put-targets", "--rule", "all", "--targets", "Id=1,Arn=\(busQueue.arn)")
        settings.topicARN = topic
        settings.eventBus = "default"
        let senders = Notifier.senders(settings, makeAWS: try client(oracle), makeHTTP: { FakeHTTP([]) })
        XCTAssertEqual(senders.count, 2)
        let notifier = Notifier(
            settings: settings, ledger: InMemoryLedger(), senders: senders, pacing: pacing,
            log: Logger(level: .debug, sink: lines))
        let event = EventText(
            (1...23).map { Self.concert("c\($0) é\u{1F3B8}", $0) } + [Self.concert("c1 é\u{1F3B8}", 50, "cancelled")])
        for _ in 0..<2 {
            let outcomes = try await Self.notify(event, by: notifier)
            XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 24))
        }
        let expected = ((1...23).map { "concert.announced c\($0) é\u{1F3B8}" } + ["concert.cancelled c1 é\u{1F3B8}"])
            .sorted()
        func words(_ detail: [String: Any]) -> String {
            "\(detail["type"] as? String ?? "") \((detail["entity"] as? [String: Any])?["concert_id"] as? String ?? "")"
        }
        let published = try messages(moto, topicQueue.url)
        let details = try published.map { envelope in
            let attributes = envelope["MessageAttributes"] as? [String: [String: String]]
            let text = try XCTUnwrap((envelope["Message"] as? String)?.data(using: .utf8))
            let detail = try XCTUnwrap(JSONSerialization.jsonObject(with: text) as? [String: Any])
            XCTAssertEqual(attributes?["type"]?["Value"], detail["type"] as? String)
            return detail
        }
        XCTAssertEqual(details.map(words).sorted(), expected)
        let events = try messages(moto, busQueue.url)
        XCTAssertEqual(events.compactMap { ($0["detail"] as? [String: Any]).map(words) }.sorted(), expected)
        XCTAssertTrue(
            events.allSatisfy { $0["detail-type"] as? String == ($0["detail"] as? [String: Any])?["type"] as? String })
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
        XCTAssertEqual(try oracle.requests().count, 6, "three calls each, of ten entries at most")
    }

    func testRandomlyFailingEntriesAreDeliveredAtLeastOnce() async throws {
        for seed in 1...2 {
            let random = SharedGenerator(seed: UInt64(seed))
            let subscribers = FakeSubscribers { notifications in
                if random.happens(10) { return notifications.map { _ in .unavailable(reason: "down") } }
                return notifications.map { _ in random.happens(30) ? .failed(reason: "throttled") : .delivered }
            }
            let ledger = FaultyLedger { $0 == .record && random.happens(3) }
            let statuses = ["scheduled", "cancelled", "postponed"]
            let records = (1...120).map { number in
                Self.concert("c\(random.integer(0..<10))", number, statuses[random.integer(0..<3)])
            }
            let notifier = notifier(subscribers, ledger: ledger)
            var rest = records[...]
            // Like Lambda, retries from the first failed record, many times while a lease lasts.
            for _ in 0..<1_000_000 where !rest.isEmpty {
                // The deadline is short, because a lease that could not be released lasts slightly longer than the invocation.
                let outcomes = try await Self.notify(EventText(Array(rest)), by: notifier, within: .milliseconds(400))
                rest =
                    rest[(outcomes.firstIndex(where: \.isRetryable).map { rest.startIndex + $0 } ?? rest.endIndex)...]
            }
            XCTAssertTrue(rest.isEmpty, "seed \(seed)")
            // The notifications of a run without faults.
            let faultless = FakeSubscribers()
            _ = try await Self.notify(EventText(records), by: self.notifier(faultless))
            XCTAssertEqual(Set(subscribers.delivered), Set(faultless.delivered), "seed \(seed)")
            for words in Set(faultless.delivered) {
                let counts = [subscribers, faultless].map { $0.delivered.count { $0 == words } }
                XCTAssertGreaterThanOrEqual(counts[0], counts[1], "seed \(seed): \(words)")
            }
        }
    }
}
