import Clients
import Telemetry
import Transport

/// Tells subscribers what has changed about concerts and artists, once each.
///
/// A repeat is harmless: the memory knows what each destination was told. Only what was sent and not yet remembered when
/// a process died is told twice; a FIFO topic drops that, and others can, for the keys are the same.
public struct Notifier: RecordProcessor {
    public let name = "notifier"
    private let settings: NotifierSettings
    private let memory: any NotificationMemory
    private let senders: [any NotificationSender]
    private let pacing: RetryPacing
    private let log: Logger

    init(
        settings: NotifierSettings, memory: any NotificationMemory, senders: [any NotificationSender],
        pacing: RetryPacing = RetryPacing(), log: Logger
    ) {
        (self.settings, self.memory, self.senders) = (settings, memory, senders)
        (self.pacing, self.log) = (pacing, log)
    }

    /// - Parameters:
    ///   - makeAWS: Called when there is something to send and no idle client; nothing connects before.
    ///   - makeHTTP: The same for the webhook.
    public init(
        settings: NotifierSettings, log: Logger, makeAWS: @escaping @Sendable () -> AWSClient,
        makeHTTP: @escaping @Sendable () -> any HTTPClient
    ) {
        self.init(
            settings: settings, memory: ProcessMemory(),
            senders: Self.senders(settings, ClientPool(makeAWS), ClientPool(makeHTTP)), log: log)
    }

    static func senders(
        _ settings: NotifierSettings, _ aws: ClientPool<AWSClient>, _ http: ClientPool<any HTTPClient>
    ) -> [any NotificationSender] {
        var senders: [any NotificationSender] = []
        if let arn = settings.topicARN { senders.append(TopicSender(topicARN: arn, clients: aws)) }
        if let name = settings.eventBus { senders.append(EventBusSender(eventBus: name, clients: aws)) }
        if let webhook = settings.webhook { senders.append(WebhookSender(webhook: webhook, clients: http)) }
        return senders
    }

    public func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        let run = NotifierRun(
            batch: batch, context: context, settings: settings, memory: memory, senders: senders, pacing: pacing,
            log: log)
        await run.tell(&outcomes)
    }
}
