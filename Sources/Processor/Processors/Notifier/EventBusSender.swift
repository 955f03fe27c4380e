import Clients
import JSON

/// Puts events on an EventBridge event bus, which delivers them at least once and in any order.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
struct EventBusSender: AWSSending {
    let destination = Destination.eventBus
    /// Of all entries together; it was 256 KB everywhere before it was more.
    let capacity = SendCapacity(count: 10, bytes: 262_144 - 1)
    let eventBus: String
    let clients: ClientPool<AWSClient>

    static let source = "concert-data-processor"

    /// As EventBridge counts an entry.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
    func size(of notification: Notification) -> Int {
        Self.source.utf8.count + notification.type.rawValue.utf8.count + notification.body.count
    }

    func request(for notifications: [Notification]) -> AWSRequest {
        let entries = notifications.map { notification -> JSONValue in
            [
                "EventBusName": .string(eventBus), "Source": .string(Self.source),
                "DetailType": .string(notification.type.rawValue),
                "Detail": .string(String(decoding: notification.body, as: UTF8.self)),
            ]
        }
        return .eventBridge("PutEvents", ["Entries": .array(entries)])
    }

    func outcomes(of response: AWSResponse, count: Int) throws(AWSError) -> [SendOutcome] {
        let entries = try response.json()["Entries"]?.array ?? []
        return (0..<count).map { index in
            guard index < entries.count else { return .failed(reason: "eventbridge: no word of the event") }
            guard let code = entries[index]["ErrorCode"]?.string else {
                return entries[index]["EventId"]?.string == nil
                    ? .failed(reason: "eventbridge: no word of the event") : .told
            }
            let message = entries[index]["ErrorMessage"]?.string ?? ""
            return .entry(
                "eventbridge", code: code, message: message,
                isFinal: Self.rejection.applies(code: code, message: message))
        }
    }

    func isAboutEntries(_ refusal: AWSRefusal) -> Bool {
        Self.callRejection.applies(code: refusal.code, message: refusal.message)
    }

    /// Errors of an entry that say that its detail can never be accepted.
    ///
    /// Missing permissions, quotas and faults of the service are not among them, though EventBridge calls some of them
    /// non-retryable.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>
    static let rejection = EntryRejection(
        codes: ["InvalidArgument", "MalformedDetail"],
        // These are the same for each entry, so it is the configuration that is wrong.
        configured: ["EventBus", "Source", "Endpoint", "Account"])

    /// The same of a whole call.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
    static let callRejection = EntryRejection(
        codes: ["ValidationException", "ValidationError", "PutEventsRequestEntryTooLargeException"],
        configured: rejection.configured)
}
