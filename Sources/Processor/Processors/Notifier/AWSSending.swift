import Clients
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

extension SendOutcome {
    /// What an entry's own error code means.
    static func entry(_ service: String, code: String, message: String, isFinal: Bool) -> SendOutcome {
        let reason = "\(service): \(code)" + (message.isEmpty ? "" : ": \(message)")
        return isFinal ? .refused(reason: reason) : .failed(reason: reason)
    }
}
