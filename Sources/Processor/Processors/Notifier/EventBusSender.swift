import Basics
import Clients
import JSON

/// A sender of events to an EventBridge event bus, which delivers them at least once and in any order.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
struct EventBusSender: AWSSending {
    let destination = NotificationDestination.eventBus
    /// The limit of all entries together: 256 KB, which is the limit that applied in all Regions before it was raised.
    let capacity = SendCapacity(count: 10, bytes: 262_144 - 1)
    let eventBus: String
    let clients: ClientPool<AWSClient>

    static let source = "concert-data-processor"

    /// Returns the size of an entry by EventBridge's rules.
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
            guard index < entries.count else {
                return .failed(reason: "eventbridge: the response does not mention the event")
            }
            guard let code = entries[index]["ErrorCode"]?.string else {
                return entries[index]["EventId"]?.string == nil
                    ? .failed(reason: "eventbridge: the response does not mention the event") : .delivered
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

    /// The errors of an entry that reject its detail permanently.
    ///
    /// Missing permissions, quotas and service faults are not in the list, although EventBridge documents some of them as
    /// non-retryable.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>
    static let rejection = EntryRejection(
        codes: ["InvalidArgument", "MalformedDetail"],
        // These values come from settings and are the same for every entry.
        configured: ["EventBus", "Source", "Endpoint", "Account"])

    /// The errors of a whole call that reject an entry permanently.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
    static let callRejection = EntryRejection(
        codes: ["ValidationException", "ValidationError", "PutEventsRequestEntryTooLargeException"],
        configured: rejection.configured)
}
