import Basics
import Clients
import Telemetry
import Transport

/// A sender that posts notifications to a URL, one in each call.
///
/// If a secret is set, each request has a signature that includes the time, which prevents replay of old requests.
struct WebhookSender: NotificationSender {
    let destination = NotificationDestination.webhook
    let capacity = SendCapacity(count: 1)
    let webhook: NotifierSettings.Webhook
    let clients: ClientPool<any HTTPClient>
    /// The time limit of one attempt, from the first byte sent to the last byte received.
    var timeLimit = Duration.seconds(10)
    var now: @Sendable () -> WallClock = WallClock.now

    /// `t=<seconds since the epoch>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hexadecimal>`.
    static let signatureHeader = "Concert-Signature"
    static let idempotencyHeader = "Idempotency-Key"

    func size(of notification: Notification) -> Int { notification.body.count }

    func send(_ notifications: [Notification], context: InvocationContext) async -> [SendOutcome] {
        let client = clients.take()
        defer { clients.giveBack(client) }
        var outcomes: [SendOutcome] = []
        for notification in notifications { outcomes.append(await post(notification, by: client)) }
        return outcomes
    }

    private func post(_ notification: Notification, by client: any HTTPClient) async -> SendOutcome {
        do {
            return outcome(of: try await client.send(request(for: notification)))
        } catch let error as TransportError where error.isRetryable {
            return .failed(reason: "webhook: \(error)")
        } catch is CancellationError {
            return .unavailable(reason: "webhook \(webhook.host): no time left")
        } catch {
            return .unavailable(reason: "webhook: \(error)")
        }
    }

    private func outcome(of response: HTTPResponse) -> SendOutcome {
        let reason = "webhook \(webhook.host): status \(response.status)"
        switch response.status {
        case 200..<300: return .delivered
        case 408, 429, 500...: return .failed(reason: reason, retryAfter: retryAfter(response))
        // The receiver reports that the body is malformed, too large, or of an unsupported type.
        case 400, 413, 415, 422: return .rejected(reason: reason)
        case 300..<400:
            return .unavailable(
                reason: reason + "; redirects are not followed: set NOTIFY_WEBHOOK_URL to the redirect's target")
        // Other statuses are about the URL, the signature or the receiver, and can be fixed there.
        default: return .unavailable(reason: reason)
        }
    }

    /// Returns the delay that the response requests, in seconds or as a date.
    private func retryAfter(_ response: HTTPResponse) -> Duration? {
        guard let text = response.headers["retry-after"] else { return nil }
        if let seconds = Int64(text) { return (0...86_400).contains(seconds) ? .seconds(seconds) : nil }
        return WallClock(httpDate: text).map {
            .milliseconds(max(0, $0.millisecondsSinceEpoch - now().millisecondsSinceEpoch))
        }
    }

    func request(for notification: Notification) -> HTTPRequest {
        var request = HTTPRequest(
            method: "POST", url: webhook.url,
            headers: [
                HTTPHeader("Content-Type", "application/json"),
                HTTPHeader("User-Agent", "concert-data-processor/\(Version.current)"),
                HTTPHeader(Self.idempotencyHeader, notification.idempotencyKey),
            ], body: notification.body, timeout: timeLimit)
        if let secret = webhook.secret {
            let time = now().millisecondsSinceEpoch / 1000
            let signature = Self.signature(of: notification.body, at: time, secret: secret)
            request.headers.append(HTTPHeader(Self.signatureHeader, "t=\(time),v1=\(signature)"))
        }
        return request
    }

    /// Returns the value of the signature header.
    ///
    /// - Parameter time: In seconds since the Unix epoch.
    static func signature(of body: [UInt8], at time: Int64, secret: String) -> String {
        SHA256.authenticationCode(of: Array("\(time).".utf8) + body, key: Array(secret.utf8)).hexadecimal
    }
}
