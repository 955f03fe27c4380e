import Clients
import JSON

/// Which of two documents of one entity is the newer one: later arrival, then higher sequence number.
struct CacheVersion: Sendable, Comparable {
    /// In ms since the Unix epoch.
    var arrival: Int64
    var sequence: SequenceNumber

    static func < (lhs: Self, rhs: Self) -> Bool { (lhs.arrival, lhs.sequence) < (rhs.arrival, rhs.sequence) }

    /// Nil unless the document has one, of our form.
    init?(_ document: JSONValue) {
        guard let version = document["_version"], let arrival = version["arrival"]?.integer, arrival >= 0,
            let sequence = version["sequence"]?.string.flatMap(SequenceNumber.init)
        else { return nil }
        (self.arrival, self.sequence) = (Int64(arrival), sequence)
    }

    init(arrival: Int64, sequence: SequenceNumber) { (self.arrival, self.sequence) = (arrival, sequence) }
}

/// What the sorted sets hold of one entity.
struct CacheMembership: Sendable, Equatable {
    /// Scores by key of the set.
    var scores: [String: String] = [:]
    /// Sets that the entity must not be in, though it names them.
    var left: Set<String> = []
}

/// One entity of a batch on its way to the cache: its newest version there.
struct CacheEntry: Sendable {
    var kind: Payload.Kind
    var id: String
    var key: String
    var version: CacheVersion
    /// Places in the batch's records, of all versions of the entity.
    var records: [Int]
    var document: [UInt8]
    var membership: CacheMembership
    /// Of a concert.
    var artistID: String?
    var venueID: String?

    /// Takes in another version, which came later.
    ///
    /// Of two equal versions, which an aggregate can hold, the later one counts. The other one may have been written by a try
    /// that did not end, so its sets are left.
    mutating func merge(_ other: CacheEntry) {
        let (newer, older) = other.version < version ? (self, other) : (other, self)
        let records = records + other.records
        self = newer
        self.records = records
        membership.left.formUnion(older.membership.left.union(older.membership.scores.keys))
        membership.left.subtract(membership.scores.keys)
    }
}

/// Names of keys.
struct CacheKeys: Sendable {
    var prefix: String

    func document(_ kind: Payload.Kind, _ id: String) -> String { "\(prefix)\(kind.rawValue):\(id)" }

    func concerts(ofArtist id: String) -> String { "\(prefix)artist:\(id):concerts" }

    func concerts(atVenue id: String) -> String { "\(prefix)venue:\(id):concerts" }

    var popularity: String { "\(prefix)artists:popularity" }

    /// Which sets an entity belongs to by what its document says; none for a document that is not ours.
    func membership(_ kind: Payload.Kind, _ document: JSONValue) -> CacheMembership {
        var membership = CacheMembership()
        switch kind {
        case .artist:
            if case .number(let score)? = document["popularity_score"] { membership.scores[popularity] = score }
        case .concert:
            let sets = [
                document["artist_id"]?.string.map(concerts(ofArtist:)),
                document["venue_id"]?.string.map(concerts(atVenue:)),
            ].compactMap { $0 }
            let date = document["event_date"]?.string.flatMap { Timestamp($0) }
            if document["status"]?.string == Concert.Status.cancelled.rawValue {
                membership.left = Set(sets)
            } else if let date {
                for set in sets { membership.scores[set] = Self.score(date) }
            }
        case .venue, .ticketSale: break
        }
        return membership
    }

    /// Seconds since the epoch, with the fraction where there is one.
    private static func score(_ date: Timestamp) -> String {
        guard date.nanoseconds != 0 else { return String(date.secondsSinceEpoch) }
        return "\(Double(date.secondsSinceEpoch) + Double(date.nanoseconds) / 1e9)"
    }
}

extension RecordBatch {
    /// The newest version of each entity that the cache holds, in the order of their first records.
    func cacheEntries(_ keys: CacheKeys) -> [CacheEntry] {
        var entries: [CacheEntry] = []
        var places: [[UInt8]: Int] = [:]
        for (index, record) in records.enumerated() where record.payload.kind != .ticketSale {
            let id = string(record.payload.id)
            let key = keys.document(record.payload.kind, id)
            let version = CacheVersion(
                arrival: arrivalMilliseconds(of: record.position) ?? 0, sequence: sequenceNumber(of: record.position))
            // By bytes: texts that are equal to Swift may be two keys to Redis.
            let document = cacheDocument(of: record.payload, version)
            let (artistID, venueID) = links(of: record.payload)
            let entry = CacheEntry(
                kind: record.payload.kind, id: id, key: key, version: version, records: [index], document: document,
                membership: keys.membership(record.payload.kind, (try? JSONValue(parsing: document)) ?? .null),
                artistID: artistID, venueID: venueID)
            if let place = places[Array(key.utf8)] {
                entries[place].merge(entry)
            } else {
                places[Array(key.utf8)] = entries.count
                entries.append(entry)
            }
        }
        return entries
    }

    private func links(of payload: Payload) -> (artistID: String?, venueID: String?) {
        guard case .concert(let concert) = payload else { return (nil, nil) }
        return (concert.artistID.map(string), concert.venueID.map(string))
    }

    /// The version comes first, so that it can be read without the rest.
    private func cacheDocument(of payload: Payload, _ version: CacheVersion) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("_version")
        writer.openObject()
        writer.key("arrival")
        writer.integer(version.arrival)
        writer.key("sequence")
        writer.string(version.sequence.digits)
        writer.closeObject()
        writeMembers(of: payload, to: &writer)
        writer.closeObject()
        return writer.bytes
    }
}
