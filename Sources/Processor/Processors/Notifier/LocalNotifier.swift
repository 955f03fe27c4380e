import Synchronization
import Telemetry

/// The notifier with a destination in memory, for whoever wants to see what subscribers would be told.
package struct LocalNotifier: RecordProcessor {
    package let name = "notifier"
    private let notifier: Notifier
    private let sender = KeepingSender()

    /// - Parameter environment: Of it `NOTIFY_ON` and `NOTIFY_POPULARITY_THRESHOLD` count.
    /// - Throws: ``SettingsError`` when one of these is wrong.
    package init(environment: [String: String], log: Logger) throws(SettingsError) {
        var environment = environment.filter { ["NOTIFY_ON", "NOTIFY_POPULARITY_THRESHOLD"].contains($0.key) }
        // Some destination must be named; nothing is sent there.
        environment["NOTIFY_EVENT_BUS"] = "local"
        var reader = EnvironmentReader(environment)
        let settings = NotifierSettings(&reader)
        guard reader.problems.isEmpty else { throw SettingsError(problems: reader.problems) }
        notifier = Notifier(settings: settings, memory: ProcessMemory(), senders: [sender], log: log)
    }

    package func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        await notifier.process(batch, context: context, outcomes: &outcomes)
    }

    /// What was told, in order, each a JSON object.
    package var bodies: [[UInt8]] { sender.bodies.withLock { $0 } }
}

/// Takes everything, and keeps it.
private final class KeepingSender: NotificationSender {
    let destination = Destination.eventBus
    let capacity = SendCapacity(count: 1000)
    let bodies = Mutex<[[UInt8]]>([])

    func size(of notification: Notification) -> Int { notification.body.count }

    func send(_ notifications: [Notification], context: InvocationContext) async -> [SendOutcome] {
        bodies.withLock { $0 += notifications.map(\.body) }
        return notifications.map { _ in .told }
    }
}
