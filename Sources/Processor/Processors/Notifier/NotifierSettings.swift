import Clients

/// `NOTIFY_...`: who is told of what.
public struct NotifierSettings: Sendable, Equatable {
    /// `NOTIFY_TOPIC_ARN`: an SNS topic, FIFO when its name ends so.
    public var topicARN: String?
    /// `NOTIFY_EVENT_BUS`: an EventBridge event bus, by name or ARN.
    public var eventBus: String?
    /// `NOTIFY_WEBHOOK_URL`: what is posted to; it may hold a secret, and is never shown.
    public var webhook: Webhook?
    /// `NOTIFY_ON`.
    public var types: Set<NotificationType>
    /// `NOTIFY_POPULARITY_THRESHOLD`: what an artist's score must be over.
    public var popularityThreshold: Double?

    /// Whether an AWS service is called.
    public var callsAWS: Bool { topicARN != nil || eventBus != nil }

    var isFIFO: Bool { topicARN.map(Self.isFIFO) ?? false }

    /// Whether a topic's ARN or name is that of a FIFO topic.
    static func isFIFO(_ name: String) -> Bool { name.utf8.suffix(5).elementsEqual(".fifo".utf8) }

    /// Where a webhook is, and the key that shows it that it is us.
    public struct Webhook: Sendable, Equatable {
        public var url: String
        /// `NOTIFY_WEBHOOK_SECRET`.
        public var secret: String?
        /// The host alone, for messages.
        public var host: String
    }
}

/// Text: without the webhook's path and key.
extension NotifierSettings.Webhook: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "webhook at \(host)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The variables.
extension NotifierSettings {
    package static let topicARN = Setting(
        "NOTIFY_TOPIC_ARN",
        .text(
            "ARN", expected: "a topic's ARN such as arn:aws:sns:us-east-1:123456789012:concerts", where: isTopic),
        "an SNS topic; FIFO where its name ends in `.fifo`")
    package static let eventBus = Setting(
        "NOTIFY_EVENT_BUS", .text("name or ARN", expected: "an event bus's name or ARN", where: isEventBus),
        "an EventBridge event bus")
    package static let webhookURL = Setting(
        "NOTIFY_WEBHOOK_URL", .webhook, isSecret: true,
        "where each notification is posted as JSON; `https://`, or `http://` to a loopback address")
    package static let webhookSecret = Setting(
        "NOTIFY_WEBHOOK_SECRET", .text(), isSecret: true,
        "signs what is posted: `Concert-Signature: t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY`")
    package static let types = Setting(
        "NOTIFY_ON",
        .list(
            of: NotificationType.allCases.map(\.rawValue), element: { NotificationType(rawValue: $0) }),
        "which changes to report; where it is not set, all but `artist.popular`")
    package static let popularityThreshold = Setting(
        "NOTIFY_POPULARITY_THRESHOLD", .threshold,
        "an artist whose score rises above it is reported; setting it adds `artist.popular` to the default of `NOTIFY_ON`"
    )
}

/// Reading.
extension NotifierSettings: SettingsPart {
    package init(_ reader: inout SettingsReader) {
        topicARN = reader.read(Self.topicARN)
        eventBus = reader.read(Self.eventBus)
        webhook = Self.webhook(&reader)
        if topicARN == nil, eventBus == nil, !reader.isSet(Self.webhookURL) {
            reader.complain("NOTIFY_TOPIC_ARN, NOTIFY_EVENT_BUS or NOTIFY_WEBHOOK_URL must be set for notifier")
        }
        (types, popularityThreshold) = ([], nil)
        readRules(&reader)
    }

    /// Reads which changes are reported.
    private mutating func readRules(_ reader: inout SettingsReader) {
        let named = reader.read(Self.types)
        popularityThreshold = reader.read(Self.popularityThreshold)
        let hasThreshold = reader.isSet(Self.popularityThreshold)
        guard let named else {
            types = Set(NotificationType.allCases).subtracting(hasThreshold ? [] : [.artistPopular])
            return
        }
        if named.contains(.artistPopular), !hasThreshold {
            reader.complain("NOTIFY_POPULARITY_THRESHOLD must be set, for NOTIFY_ON names artist.popular")
        }
        types = Set(named)
    }

    /// Settings without a destination.
    ///
    /// - Parameter rules: Reads which changes are reported.
    init(rules reader: inout SettingsReader) {
        self.init(types: [])
        readRules(&reader)
    }

    private static func webhook(_ reader: inout SettingsReader) -> Webhook? {
        let webhook = reader.read(webhookURL)
        let secret = reader.read(webhookSecret)
        if secret != nil, !reader.isSet(webhookURL) {
            reader.complain("NOTIFY_WEBHOOK_SECRET is set, and NOTIFY_WEBHOOK_URL is not")
        }
        guard var webhook else { return nil }
        webhook.secret = secret
        return webhook
    }
}

/// The forms of values.
extension NotifierSettings {
    /// Whether it has the form of a topic's ARN.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>
    private static func isTopic(_ text: String) -> Bool {
        guard let arn = ARN(text), arn.service == "sns", !arn.region.isEmpty, !arn.account.isEmpty else { return false }
        let parts = [arn.partition, arn.region, arn.account]
        let name = arn.resource.utf8.dropLast(isFIFO(arn.resource) ? 5 : 0)
        return parts.allSatisfy { isName($0.utf8[...], extra: "-") } && !name.isEmpty && isName(name, extra: "-_")
    }

    private static func isEventBus(_ name: String) -> Bool {
        name.utf8.count <= 1600 && isName(name.utf8[...], extra: ARN(name) == nil ? "/.-_" : "/.-_:")
    }

    private static func isName(_ text: Substring.UTF8View, extra: String) -> Bool {
        text.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || extra.utf8.contains(byte)
        }
    }
}

extension SettingForm where Value == Double {
    fileprivate static var threshold: SettingForm {
        SettingForm(.text("0 to below 100")) { text, faults in
            if let value = Double(text), (0..<100).contains(value) { return value }
            faults.append(.expected("a number from 0 to below 100, which scores must be over"))
            return nil
        }
    }
}

/// The webhook's address; its secret is another variable's.
extension SettingForm where Value == NotifierSettings.Webhook {
    fileprivate static var webhook: SettingForm {
        SettingForm(.text("URL")) { url, faults in
            guard let (scheme, host) = parts(of: url) else {
                faults.append(.predicate("is no URL; expected one such as https://example.com/hooks/concerts"))
                return nil
            }
            guard scheme == "https" || isLoopback(host) else {
                faults.append(.predicate("must begin with https://; http:// is for loopback addresses only"))
                return nil
            }
            return NotifierSettings.Webhook(url: url, host: host)
        }
    }

    /// Nil unless `url` is `http(s)://[user[:password]@]host[:port][/...]` in visible ASCII.
    private static func parts(of url: String) -> (scheme: String, host: String)? {
        // Of visible ASCII, each byte is a character of its own.
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let scheme = url.lowercased().hasPrefix("https://") ? "https" : "http"
        guard url.lowercased().hasPrefix(scheme + "://") else { return nil }
        let authority = url.dropFirst(scheme.count + 3).prefix { !"/?#\\".contains($0) }
        let address = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let isBracketed = address.hasPrefix("[")
        let host = isBracketed ? address.prefix { $0 != "]" } + "]" : address.prefix { $0 != ":" }
        let rest = address.dropFirst(host.count)
        let isPort = rest.isEmpty || rest.first == ":" && UInt16(rest.dropFirst()) != nil
        guard !host.isEmpty, address.hasPrefix(host), isPort else { return nil }
        return (scheme, host.lowercased())
    }

    private static func isLoopback(_ host: String) -> Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "[::1]"
            || numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}
