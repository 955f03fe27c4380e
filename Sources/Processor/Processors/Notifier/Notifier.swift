import Basics
import Clients
import Telemetry
import Transport

/// A processor that notifies subscribers once of each change of a concert or an artist.
///
/// Idempotent because the ledger contains what was delivered to each destination. A notification is sent twice only if a
/// process dies between sending and recording it. Both copies have the same key, so FIFO topics drop the second one, and
/// other receivers can.
package struct Notifier: RecordProcessor {
    package let name = "notifier"
    private let settings: NotifierSettings
    private let ledger: any DeliveryLedger
    private let senders: [any NotificationSender]
    private let pacing: RetryPacing
    private let log: Logger

    init(
        settings: NotifierSettings, ledger: any DeliveryLedger, senders: [any NotificationSender],
        pacing: RetryPacing = RetryPacing(), log: Logger
    ) {
        (self.settings, self.ledger, self.senders) = (settings, ledger, senders)
        (self.pacing, self.log) = (pacing, log)
    }

    /// Returns the configuration of the webhook's clients, which read little of a response's body: only the status matters.
    package static func webhookConfiguration(_ certificateBundle: CertificateBundle?) -> CurlHTTPClient.Configuration {
        var configuration = CurlHTTPClient.Configuration(certificateBundle: certificateBundle)
        configuration.bodyLimit = 64 << 10
        configuration.cutsBody = true
        return configuration
    }

    /// - Parameters:
    ///   - makeAWS: Makes clients of AWS; nil if neither a topic nor an event bus is set.
    ///   - makeHTTP: Makes clients for the webhook.
    static func senders(
        _ settings: NotifierSettings, makeAWS: (@Sendable () -> AWSClient)?,
        makeHTTP: @escaping @Sendable () -> any HTTPClient
    ) -> [any NotificationSender] {
        var senders: [any NotificationSender] = []
        if let makeAWS {
            // Destinations are notified concurrently, so each takes clients of its own from the pool.
            let clients = ClientPool(makeAWS)
            if let arn = settings.topicARN { senders.append(TopicSender(topicARN: arn, clients: clients)) }
            if let name = settings.eventBus { senders.append(EventBusSender(eventBus: name, clients: clients)) }
        }
        if let webhook = settings.webhook {
            senders.append(WebhookSender(webhook: webhook, clients: ClientPool(makeHTTP)))
        }
        return senders
    }

    package func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        let run = NotifierRun(
            batch: batch, context: context, settings: settings, ledger: ledger, senders: senders, pacing: pacing,
            log: log)
        await run.run(&outcomes)
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
                ledger: cache.map { CacheLedger(keyPrefix: $0.settings.keyPrefix, makeClient: $0.makeClient) }
                    ?? InMemoryLedger(),
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
