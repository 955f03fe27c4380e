import Synchronization
import Telemetry

/// A notifier with a destination in memory.
struct LocalNotifier: RecordProcessor {
    let name = "notifier"
    private let notifier: Notifier
    private let sender = RecordingSender()

    /// - Parameter reader: Only the variables that choose which changes are reported are read.
    init(_ reader: inout SettingsReader, log: Logger) {
        notifier = Notifier(
            settings: NotifierSettings(rules: &reader), ledger: InMemoryLedger(), senders: [sender], log: log)
    }

    static func standIn(_ reader: inout SettingsReader, log: Logger) -> LocalStandIn {
        let notifier = LocalNotifier(&reader, log: log)
        return LocalStandIn(notifier) {
            [("notifications.ndjson", notifier.bodies.flatMap { $0 + [UInt8(ascii: "\n")] })]
        }
    }

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        await notifier.process(batch, context: context, outcomes: &outcomes)
    }

    /// The notifications in order, each of them a JSON object.
    var bodies: [[UInt8]] { sender.bodies.withLock { $0 } }
}

/// A sender that accepts and stores every notification.
private final class RecordingSender: NotificationSender {
    let destination = NotificationDestination.eventBus
    let capacity = SendCapacity(count: 1000)
    let bodies = Mutex<[[UInt8]]>([])

    func size(of notification: Notification) -> Int { notification.body.count }

    func send(_ notifications: [Notification], context: InvocationContext) async -> [SendOutcome] {
        bodies.withLock { $0 += notifications.map(\.body) }
        return notifications.map { _ in .delivered }
    }
}
