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

    /// Returns the configuration of the webhook's clients: of a response the status decides, and little of the body is read.
    public static func webhookConfiguration(_ certificateBundle: CertificateBundle?) -> CurlHTTPClient.Configuration {
        var configuration = CurlHTTPClient.Configuration(certificateBundle: certificateBundle)
        configuration.bodyLimit = 64 << 10
        configuration.cutsBody = true
        return configuration
    }

    /// - Parameters:
    ///   - makeAWS: Nil where neither a topic nor an event bus is set.
    ///   - makeHTTP: Makes clients for the webhook.
    static func senders(
        _ settings: NotifierSettings, makeAWS: (@Sendable () -> AWSClient)?,
        makeHTTP: @escaping @Sendable () -> any HTTPClient
    ) -> [any NotificationSender] {
        var senders: [any NotificationSender] = []
        if let makeAWS {
            // Destinations are notified at the same time, so each takes clients of its own from here.
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

extension Notifier {
    package static let definition = ProcessorDefinition(
        "notifier", local: .standIn { LocalNotifier.standIn(&$0, log: $1) }, actions: actions
    ) { reader in
        let settings = NotifierSettings(&reader)
        let callsAWS = reader.isSet(NotifierSettings.topicARN) || reader.isSet(NotifierSettings.eventBus)
        let aws = callsAWS ? reader.aws() : nil
        let hasCache = reader.isSet(CacheSettings.url)
        let cache = hasCache ? CacheAccess(&reader) : nil
        guard callsAWS == (aws != nil), hasCache == (cache != nil) else { return nil }
        let webhook = webhookConfiguration(reader.certificateBundle)
        return { log in
            Notifier(
                settings: settings,
                memory: cache.map { CacheMemory(keyPrefix: $0.settings.keyPrefix, makeClient: $0.makeClient) }
                    ?? ProcessMemory(),
                senders: senders(settings, makeAWS: aws?.makeClient, makeHTTP: { CurlHTTPClient(webhook) }), log: log)
        }
    }

    private static func actions(_ reader: SettingsReader, _ scope: AccountScope) -> [IAMAction] {
        var actions: [IAMAction] = []
        if let arn = reader.text(of: NotifierSettings.topicARN) { actions.append(IAMAction("sns:Publish", on: arn)) }
        if let bus = reader.text(of: NotifierSettings.eventBus) {
            let arn = "arn:\(scope.partition):events:\(scope.region):\(scope.account):event-bus/\(bus)"
            actions.append(IAMAction("events:PutEvents", on: ARN(bus) == nil ? arn : bus))
        }
        return actions
    }
}
