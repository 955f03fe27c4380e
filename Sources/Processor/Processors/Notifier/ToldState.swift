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
    /// In the form of version 0.1.0, which may run at the same time and takes any other form for an unknown state.
    ///
    /// It has no word for the shard, which is in ``versionText``; an arrival that the event did not give is the least number.
    var text: String {
        var words = [
            String(version.arrival ?? .min), version.sequenceNumber.digits, String(version.subSequenceNumber ?? 0),
        ]
        words += tellings.indices.map { String(tellings[$0]) }
        switch facts {
        case .concert(let status, let eventDate): words += ["concert", status.rawValue, eventDate.description]
        case .artist(let score, let isPopular): words += ["artist", isPopular ? "popular" : "known", score]
        }
        return words.joined(separator: " ")
    }

    /// Sequence number, sub-sequence number and shard of the version, which ``text`` does not have in full.
    var versionText: String {
        let words = [
            version.sequenceNumber.digits, version.subSequenceNumber.map { String($0) } ?? "-",
            version.shard.map { String(decoding: $0, as: UTF8.self) } ?? "-",
        ]
        return words.joined(separator: " ")
    }

    /// Fails unless `text` was written by ``text``.
    ///
    /// - Parameter versionText: Counts when it is of the same version: 0.1.0 writes ``text`` alone, and leaves an older one.
    init?(_ text: String, versionText: String? = nil) {
        let words = Self.words(text)
        guard words.count == 11, let arrival = Int64(words[0]), let sequenceNumber = SequenceNumber(words[1]),
            let subSequenceNumber = Int32(words[2])
        else { return nil }
        version = RecordVersion(
            arrival: arrival == .min ? nil : arrival, sequenceNumber: sequenceNumber,
            subSequenceNumber: subSequenceNumber)
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
