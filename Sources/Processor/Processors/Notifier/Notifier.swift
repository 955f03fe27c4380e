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
    ///   - memory: Makes clients of a cache, and what precedes its keys; without one only this process knows what was told.
    ///   - makeAWS: Called when there is something to send and no idle client; nothing connects before. Only a topic and
    ///     an event bus need it.
    ///   - makeHTTP: The same for the webhook.
    public init(
        settings: NotifierSettings, log: Logger, memory: (makeClient: @Sendable () -> RedisClient, keyPrefix: String)?,
        makeAWS: (@Sendable () -> AWSClient)?, makeHTTP: @escaping @Sendable () -> any HTTPClient
    ) {
        let remembered: any NotificationMemory =
            memory.map { CacheMemory(keyPrefix: $0.keyPrefix, makeClient: $0.makeClient) } ?? ProcessMemory()
        self.init(
            settings: settings, memory: remembered,
            senders: Self.senders(settings, makeAWS: makeAWS, makeHTTP: makeHTTP), log: log)
    }

    /// Returns the configuration of the webhook's clients: of a response the status decides, and little of the body is read.
    public static func webhookConfiguration(_ certificateBundle: CertificateBundle?) -> CurlHTTPClient.Configuration {
        var configuration = CurlHTTPClient.Configuration(certificateBundle: certificateBundle)
        configuration.bodyLimit = 64 << 10
        configuration.cutsBody = true
        return configuration
    }

    static func senders(
        _ settings: NotifierSettings, makeAWS: (@Sendable () -> AWSClient)?,
        makeHTTP: @escaping @Sendable () -> any HTTPClient
    ) -> [any NotificationSender] {
        var senders: [any NotificationSender] = []
        if let makeAWS {
            // Destinations are told at the same time, so each takes clients of its own from here.
            let clients = ClientPool(makeAWS)
            if let arn = settings.topicARN { senders.append(TopicSender(topicARN: arn, clients: clients)) }
            if let name = settings.eventBus { senders.append(EventBusSender(eventBus: name, clients: clients)) }
        }
        if let webhook = settings.webhook {
            senders.append(WebhookSender(webhook: webhook, clients: ClientPool(makeHTTP)))
        }
        return senders
    }

    public func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        let run = NotifierRun(
            batch: batch, context: context, settings: settings, memory: memory, senders: senders, pacing: pacing,
            log: log)
        await run.tell(&outcomes)
    }
}
