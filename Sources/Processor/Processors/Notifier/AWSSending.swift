import Clients
import JSON
import Transport

/// What SNS and EventBridge have in common: a call that carries several entries, of which some may fail.
protocol AWSSending: NotificationSender {
    var clients: ClientPool<AWSClient> { get }

    func request(for notifications: [Notification]) -> AWSRequest

    /// What the service says of each entry of a call that it carried out.
    func outcomes(of response: AWSResponse, count: Int) throws(AWSError) -> [SendOutcome]

    /// Whether the refusal of a whole call is for what one of its entries holds.
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
                    error.isMisconfiguration ? .outOfReach(reason: "\(error)") : .failed(reason: "\(error)")
                }
            }
            guard isAboutEntries(refusal) else { return notifications.map { _ in .outOfReach(reason: "\(error)") } }
            guard notifications.count > 1 else { return [.refused(reason: "\(error)")] }
            // One of them spoils the call for the others: alone, each has its own answer.
            var outcomes: [SendOutcome] = []
            for notification in notifications {
                outcomes += await send([notification], by: client, context: context)
            }
            return outcomes
        } catch is CancellationError {
            return notifications.map { _ in .outOfReach(reason: "\(request.service.name): no time left") }
        } catch {
            return notifications.map { _ in .outOfReach(reason: "\(request.service.name): \(error)") }
        }
    }
}

extension AWSError {
    fileprivate var isMisconfiguration: Bool { if case .misconfigured = self { true } else { false } }
}

/// Which errors of a service reject a notification permanently: a closed list, so that an unknown code is tried again.
struct EntryRejection: Sendable {
    var codes: Set<String>
    /// Parameters that the settings give and no record does: an error about one of them rejects nothing.
    var configured: [String]

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
    /// What an entry's own error code means.
    static func entry(_ service: String, code: String, message: String, isFinal: Bool) -> SendOutcome {
        let reason = "\(service): \(code)" + (message.isEmpty ? "" : ": \(message)")
        return isFinal ? .refused(reason: reason) : .failed(reason: reason)
    }
}
