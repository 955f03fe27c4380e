/// What of an entity decides whether there is something to tell.
enum EntityFacts: Sendable, Hashable {
    case concert(status: Concert.Status, eventDate: Timestamp)
    /// - Parameters:
    ///   - score: A JSON number as it was written.
    ///   - isPopular: Whether that was over the threshold when it was looked at.
    case artist(score: String, isPopular: Bool)
}

/// What one destination knows of one entity: the newest version that it was told of, or that had nothing to tell.
struct ToldState: Sendable, Hashable {
    var version: RecordVersion
    var facts: EntityFacts
    /// How often each type was told, in the order of ``NotificationType``, so that a state which comes back is another one.
    private var tellings = Array(repeating: UInt32(0), count: NotificationType.allCases.count)

    /// - Parameter known: What it knew before; the count goes on from there.
    init(version: RecordVersion, facts: EntityFacts, after known: ToldState? = nil) {
        (self.version, self.facts) = (version, facts)
        if let known { tellings = known.tellings }
    }
}

/// Counting.
extension ToldState {
    func tellings(of type: NotificationType) -> UInt32 { tellings[Self.place(of: type)] }

    mutating func count(_ type: NotificationType) { tellings[Self.place(of: type)] &+= 1 }

    private static func place(of type: NotificationType) -> Int {
        switch type {
        case .concertAnnounced: 0
        case .concertRescheduled: 1
        case .concertCancelled: 2
        case .concertPostponed: 3
        case .artistPopular: 4
        }
    }
}

/// Text, as a memory outside of the process keeps it: words with spaces between them.
extension ToldState {
    var text: String {
        var words = [
            version.arrival.map { String($0) } ?? "-", version.sequenceNumber.digits,
            version.subSequenceNumber.map { String($0) } ?? "-",
        ]
        words += tellings.indices.map { String(tellings[$0]) }
        switch facts {
        case .concert(let status, let eventDate): words += ["concert", status.rawValue, eventDate.description]
        case .artist(let score, let isPopular): words += ["artist", isPopular ? "popular" : "known", score]
        }
        // Last, for it may be any text.
        words.append(version.shard.map { String(decoding: $0, as: UTF8.self) } ?? "-")
        return words.joined(separator: " ")
    }

    /// Fails unless it was written by ``text``.
    init?(_ text: String) {
        let words = text.utf8.split(separator: UInt8(ascii: " "), maxSplits: 11).map {
            String(decoding: $0, as: UTF8.self)
        }
        // Version 0.1.0 wrote no shard, and numbers where "-" is written now.
        guard words.count == 11 || words.count == 12, let sequenceNumber = SequenceNumber(words[1]) else { return nil }
        let (arrival, subSequenceNumber) = (Int64(words[0]), Int32(words[2]))
        guard arrival != nil || words[0] == "-", subSequenceNumber != nil || words[2] == "-" else { return nil }
        version = RecordVersion(
            arrival: arrival, sequenceNumber: sequenceNumber, subSequenceNumber: subSequenceNumber,
            shard: words.count == 12 && words[11] != "-" ? Array(words[11].utf8) : nil)
        for index in tellings.indices {
            guard let count = UInt32(words[3 + index]) else { return nil }
            tellings[index] = count
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
    }
}
