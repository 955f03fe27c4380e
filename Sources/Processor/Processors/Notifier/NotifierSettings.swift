import Basics
import Clients

/// The settings `NOTIFY_...`: the destinations, and the changes to report.
package struct NotifierSettings: Sendable, Equatable {
    /// `NOTIFY_TOPIC_ARN`: an SNS topic, which is a FIFO topic if its name ends in `.fifo`.
    package var topicARN: String?
    /// `NOTIFY_EVENT_BUS`: an EventBridge event bus, by name or ARN.
    package var eventBus: String?
    /// `NOTIFY_WEBHOOK_URL`: the URL to post to; it may contain a secret, and is never shown.
    package var webhook: Webhook?
    /// `NOTIFY_ON`.
    package var types: Set<NotificationType>
    /// `NOTIFY_POPULARITY_THRESHOLD`: the score above which an artist is popular.
    package var popularityThreshold: Double?

    /// Whether a destination is an AWS service.
    package var callsAWS: Bool { topicARN != nil || eventBus != nil }

    var isFIFO: Bool { topicARN.map(Self.isFIFO) ?? false }

    /// Returns whether a topic's ARN or name is that of a FIFO topic.
    static func isFIFO(_ name: String) -> Bool { name.utf8.suffix(5).elementsEqual(".fifo".utf8) }

    /// The URL of a webhook, and the key that signs requests to it.
    package struct Webhook: Sendable, Equatable {
        package var url: String
        /// `NOTIFY_WEBHOOK_SECRET`.
        package var secret: String?
        /// The host only, for messages.
        package var host: String
    }
}

/// A description without the webhook's path and key.
extension NotifierSettings.Webhook: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "webhook at \(host)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The environment variables.
extension NotifierSettings {
    package static let topicARN = Setting(
        "NOTIFY_TOPIC_ARN",
        .text(
            "ARN", expected: "a topic's ARN such as arn:aws:sns:us-east-1:123456789012:concerts", where: isTopic),
        "an SNS topic; a FIFO topic if its name ends in `.fifo`")
    package static let eventBus = Setting(
        "NOTIFY_EVENT_BUS", .text("name or ARN", expected: "an event bus's name or ARN", where: isEventBus),
        "an EventBridge event bus")
    package static let webhookURL = Setting(
        "NOTIFY_WEBHOOK_URL", .webhook, isSecret: true,
        "where each notification is posted as JSON; `https://`, or `http://` to a loopback address")
    package static let webhookSecret = Setting(
        "NOTIFY_WEBHOOK_SECRET", .text(), isSecret: true,
        "the key that signs requests: `Concert-Signature: t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY`")
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

/// Reading of the settings.
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
            reader.complain("NOTIFY_POPULARITY_THRESHOLD must be set because NOTIFY_ON contains artist.popular")
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
            reader.complain("NOTIFY_WEBHOOK_SECRET is set without NOTIFY_WEBHOOK_URL; set both, or neither")
        }
        guard var webhook else { return nil }
        webhook.secret = secret
        return webhook
    }
}

/// The formats of values.
extension NotifierSettings {
    /// Returns whether a text has the format of a topic's ARN.
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
            faults.append(.expected("a number of at least 0 and less than 100"))
            return nil
        }
    }
}

/// The format of the webhook's URL; the secret is a separate variable.
extension SettingForm where Value == NotifierSettings.Webhook {
    fileprivate static var webhook: SettingForm {
        SettingForm(.text("URL")) { url, faults in
            guard let (scheme, host) = parts(of: url) else {
                faults.append(.predicate("is not a URL; expected for example https://example.com/hooks/concerts"))
                return nil
            }
            guard scheme == "https" || isLoopback(host) else {
                faults.append(.predicate("must begin with https://; http:// is allowed for loopback addresses only"))
                return nil
            }
            return NotifierSettings.Webhook(url: url, host: host)
        }
    }

    /// Returns the scheme and host of `url`; nil unless it is `http(s)://[user[:password]@]host[:port][/...]` in visible ASCII.
    private static func parts(of url: String) -> (scheme: String, host: String)? {
        // In visible ASCII, each byte is one character.
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
