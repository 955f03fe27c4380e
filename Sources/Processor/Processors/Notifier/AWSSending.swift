import Basics
import Clients
import JSON
import Transport

/// A sender to an AWS service whose calls contain several entries, which can fail individually.
protocol AWSSending: NotificationSender {
    var clients: ClientPool<AWSClient> { get }

    func request(for notifications: [Notification]) -> AWSRequest

    /// Returns the outcome of each entry of a call that succeeded.
    func outcomes(of response: AWSResponse, count: Int) throws(AWSError) -> [SendOutcome]

    /// Returns whether the error of a whole call is about the content of one of its entries.
    func isAboutEntries(_ refusal: AWSRefusal) -> Bool
}

extension AWSSending {
    func send(_ notifications: [Notification], context: InvocationContext) async -> [SendOutcome] {
        let client = clients.take()
        defer { clients.giveBack(client) }
        return await send(notifications, by: client, context: context)
    }

    private func send(
        _ notifications: [Notification], by client: AWSClient, context: InvocationContext
    ) async -> [SendOutcome] {
        var request = request(for: notifications)
        if let traceID = context.traceID { request.headers.append(HTTPHeader("X-Amzn-Trace-Id", traceID)) }
        do {
            return try outcomes(of: try await client.send(request), count: notifications.count)
        } catch let error as AWSError {
            guard let refusal = error.refusal, !refusal.isRetryable else {
                return notifications.map { _ in
                    error.isMisconfiguration ? .unavailable(reason: "\(error)") : .failed(reason: "\(error)")
                }
            }
            guard isAboutEntries(refusal) else { return notifications.map { _ in .unavailable(reason: "\(error)") } }
            guard notifications.count > 1 else { return [.rejected(reason: "\(error)")] }
            // One entry makes the whole call fail. Sent alone, each entry gets a result of its own.
            var outcomes: [SendOutcome] = []
            for notification in notifications {
                outcomes += await send([notification], by: client, context: context)
            }
            return outcomes
        } catch is CancellationError {
            return notifications.map { _ in .unavailable(reason: "\(request.service.name): no time left") }
        } catch {
            return notifications.map { _ in .unavailable(reason: "\(request.service.name): \(error)") }
        }
    }
}

extension AWSError {
    fileprivate var isMisconfiguration: Bool { if case .misconfigured = self { true } else { false } }
}

/// The errors of a service that reject a notification permanently.
///
/// The list is closed: unknown codes are retried.
struct EntryRejection: Sendable {
    var codes: Set<String>
    /// Parameters whose values come from settings and not from records; errors about them are not permanent.
    var configured: [String]

    /// Returns whether an error rejects the notification.
    ///
    /// - Parameter message: Names parameters in either letter case, such as `EventBusName` and `eventBusName`.
    func applies(code: String, message: String) -> Bool {
        let message = message.utf8.map(Self.lowercased)
        return codes.contains(code) && !configured.contains { message.range(of: $0.utf8.map(Self.lowercased)) != nil }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension SendOutcome {
    /// Returns the outcome of an entry with an error code.
    static func entry(_ service: String, code: String, message: String, isFinal: Bool) -> SendOutcome {
        let reason = "\(service): \(code)" + (message.isEmpty ? "" : ": \(message)")
        return isFinal ? .rejected(reason: reason) : .failed(reason: reason)
    }
}
