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
            return .entry(
                "eventbridge", code: code, message: entries[index]["ErrorMessage"]?.string ?? "",
                isFinal: RetryReason(status: 0, code: code) == nil)
        }
    }

    func isAboutEntries(_ refusal: AWSRefusal) -> Bool {
        ["ValidationException", "ValidationError", "PutEventsRequestEntryTooLargeException"].contains(refusal.code)
    }
}
