/// The values of an entity that decide whether a notification is sent.
enum EntityFacts: Sendable, Hashable {
    case concert(status: Concert.Status, eventDate: Timestamp)
    /// - Parameters:
    ///   - score: A JSON number, unchanged from the record.
    ///   - isPopular: Whether the score was over the threshold when the record was processed.
    case artist(score: String, isPopular: Bool)
}

/// The state of one entity at one destination: the newest version that was delivered or that required no notification.
struct DeliveredState: Sendable, Hashable {
    var version: RecordVersion
    var facts: EntityFacts
    /// The number of deliveries of each type, in the order of ``NotificationType``, so that a state that recurs has a new name.
    private var deliveryCounts = Array(repeating: UInt32(0), count: NotificationType.allCases.count)

    /// - Parameter known: The previous state, whose counts are continued.
    init(version: RecordVersion, facts: EntityFacts, after known: DeliveredState? = nil) {
        (self.version, self.facts) = (version, facts)
        if let known { deliveryCounts = known.deliveryCounts }
    }
}

/// Delivery counts.
extension DeliveredState {
    func deliveryCount(of type: NotificationType) -> UInt32 { deliveryCounts[Self.index(of: type)] }

    mutating func count(_ type: NotificationType) { deliveryCounts[Self.index(of: type)] &+= 1 }

    private static func index(of type: NotificationType) -> Int {
        switch type {
        case .concertAnnounced: 0
        case .concertRescheduled: 1
        case .concertCancelled: 2
        case .concertPostponed: 3
        case .artistPopular: 4
        }
    }
}

/// The text form that a ledger outside of the process stores: words separated by spaces.
extension DeliveredState {
    /// The state in the format of version 0.1.0, which may run at the same time and takes any other format for an unknown state.
    ///
    /// The format has no word for the shard, which ``versionText`` contains. A missing arrival is the lowest number.
    var text: String {
        var words = [
            String(version.arrival ?? .min), version.sequenceNumber.digits, String(version.subSequenceNumber ?? 0),
        ]
        words += deliveryCounts.indices.map { String(deliveryCounts[$0]) }
        switch facts {
        case .concert(let status, let eventDate): words += ["concert", status.rawValue, eventDate.description]
        case .artist(let score, let isPopular): words += ["artist", isPopular ? "popular" : "known", score]
        }
        return words.joined(separator: " ")
    }

    /// The sequence number, sub-sequence number and shard of the version, which ``text`` does not contain completely.
    var versionText: String {
        let words = [
            version.sequenceNumber.digits, version.subSequenceNumber.map { String($0) } ?? "-",
            version.shard.map { String(decoding: $0, as: UTF8.self) } ?? "-",
        ]
        return words.joined(separator: " ")
    }

    /// Parses ``text``; returns nil if it has another format.
    ///
    /// - Parameter versionText: Ignored if it is of another version: version 0.1.0 updates ``text`` alone.
    init?(_ text: String, versionText: String? = nil) {
        let words = Self.words(text)
        guard words.count == 11, let arrival = Int64(words[0]), let sequenceNumber = SequenceNumber(words[1]),
            let subSequenceNumber = Int32(words[2])
        else { return nil }
        version = RecordVersion(
            arrival: arrival == .min ? nil : arrival, sequenceNumber: sequenceNumber,
            subSequenceNumber: subSequenceNumber)
        for index in deliveryCounts.indices {
            guard let count = UInt32(words[3 + index]) else { return nil }
            deliveryCounts[index] = count
        }
        switch (words[8], words[9]) {
        case ("concert", let status):
            guard let status = Concert.Status(rawValue: status), let eventDate = Timestamp(words[10]) else {
                return nil
            }
            facts = .concert(status: status, eventDate: eventDate)
        case ("artist", "popular"), ("artist", "known"):
            facts = .artist(score: words[10], isPopular: words[9] == "popular")
        default: return nil
        }
        if let versionText { complete(with: versionText) }
    }

    private mutating func complete(with versionText: String) {
        let words = Self.words(versionText, maxSplits: 2)
        guard words.count == 3, words[0] == version.sequenceNumber.digits else { return }
        let subSequenceNumber = words[1] == "-" ? nil : Int32(words[1])
        guard words[1] == "-" || subSequenceNumber != nil, (subSequenceNumber ?? 0) == version.subSequenceNumber else {
            return
        }
        version.subSequenceNumber = subSequenceNumber
        if words[2] != "-" { version.shard = Array(words[2].utf8) }
    }

    private static func words(_ text: String, maxSplits: Int = .max) -> [String] {
        text.utf8.split(separator: UInt8(ascii: " "), maxSplits: maxSplits).map { String(decoding: $0, as: UTF8.self) }
    }
}
