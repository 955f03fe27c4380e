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

/// Reading.
extension NotifierSettings {
    /// Complains to `reader` of everything that is wrong.
    init(_ reader: inout EnvironmentReader) {
        topicARN = reader.string("NOTIFY_TOPIC_ARN")
        eventBus = reader.string("NOTIFY_EVENT_BUS")
        types = []
        if let topicARN, !Self.isTopic(topicARN) {
            reader.complain(
                "NOTIFY_TOPIC_ARN is \"\(topicARN)\"; expected a topic's ARN such as arn:aws:sns:us-east-1:123456789012:concerts"
            )
        }
        if let eventBus, !Self.isEventBus(eventBus) {
            reader.complain("NOTIFY_EVENT_BUS is \"\(eventBus)\"; expected an event bus's name or ARN")
        }
        webhook = Self.webhook(&reader)
        if topicARN == nil, eventBus == nil, reader.string("NOTIFY_WEBHOOK_URL") == nil {
            reader.complain("NOTIFY_TOPIC_ARN, NOTIFY_EVENT_BUS or NOTIFY_WEBHOOK_URL must be set for notifier")
        }
        popularityThreshold = Self.threshold(&reader)
        types = Self.types(&reader, hasThreshold: reader.string("NOTIFY_POPULARITY_THRESHOLD") != nil)
    }

    private static func types(_ reader: inout EnvironmentReader, hasThreshold: Bool) -> Set<NotificationType> {
        guard let named = reader.list("NOTIFY_ON", of: NotificationType.self) else {
            return Set(NotificationType.allCases).subtracting(hasThreshold ? [] : [.artistPopular])
        }
        if named.contains(.artistPopular), !hasThreshold {
            reader.complain("NOTIFY_POPULARITY_THRESHOLD must be set, for NOTIFY_ON names artist.popular")
        }
        return Set(named)
    }

    private static func threshold(_ reader: inout EnvironmentReader) -> Double? {
        guard let text = reader.string("NOTIFY_POPULARITY_THRESHOLD") else { return nil }
        guard let value = Double(text), (0..<100).contains(value) else {
            reader.complain(
                "NOTIFY_POPULARITY_THRESHOLD is \"\(text)\"; expected a number from 0 to below 100, which scores must be over"
            )
            return nil
        }
        return value
    }

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

/// The webhook's address.
extension NotifierSettings {
    private static func webhook(_ reader: inout EnvironmentReader) -> Webhook? {
        let secret = reader.string("NOTIFY_WEBHOOK_SECRET")
        guard let url = reader.string("NOTIFY_WEBHOOK_URL") else {
            if secret != nil { reader.complain("NOTIFY_WEBHOOK_SECRET is set, and NOTIFY_WEBHOOK_URL is not") }
            return nil
        }
        guard let (scheme, host) = parts(of: url) else {
            reader.complain("NOTIFY_WEBHOOK_URL is no URL; expected one such as https://example.com/hooks/concerts")
            return nil
        }
        guard scheme == "https" || isLoopback(host) else {
            reader.complain("NOTIFY_WEBHOOK_URL must begin with https://; http:// is for loopback addresses only")
            return nil
        }
        return Webhook(url: url, secret: secret, host: host)
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
