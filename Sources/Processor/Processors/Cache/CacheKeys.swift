import Basics
import JSON

/// The entries of one entity in the sorted sets, by the bytes of the sets' keys.
struct CacheMembership: Sendable {
    /// The score in each set, at most two.
    var scores: [(set: [UInt8], score: String)] = []
    /// The sets that the record names but must not contain the entity, such as the sets of a cancelled concert.
    var left: [[UInt8]] = []

    /// The sets that contain the entity.
    var sets: [[UInt8]] { scores.map(\.set) }
}

extension CacheMembership: Equatable {
    static func == (one: Self, other: Self) -> Bool {
        one.scores.elementsEqual(other.scores, by: ==) && one.left == other.left
    }
}

extension Set<[UInt8]> {
    /// The keys in the order of their bytes.
    var inOrder: [[UInt8]] { sorted { $0.lexicographicallyPrecedes($1) } }
}

/// The names of the keys in the cache.
///
/// The key of a document never equals the key of a set, whatever the ID: their first words differ.
struct CacheKeys: Sendable {
    /// The prefix in UTF-8.
    var prefix: [UInt8]

    init(prefix: String) { self.prefix = Array(prefix.utf8) }

    func document(_ entity: EntityKey) -> [UInt8] { key(entity.schema.name + ":", entity.id) }

    func concerts(ofArtist id: [UInt8]) -> [UInt8] { key(Self.artistConcerts, id) }

    func concerts(atVenue id: [UInt8]) -> [UInt8] { key(Self.venueConcerts, id) }

    var popularity: [UInt8] { key("artists:popularity", []) }

    static let artistConcerts = "artist-concerts:"
    static let venueConcerts = "venue-concerts:"

    private func key(_ name: String, _ id: [UInt8]) -> [UInt8] {
        var key = prefix
        key.reserveCapacity(prefix.count + name.utf8.count + id.count)
        key += name.utf8
        key += id
        return key
    }
}

/// Membership in sorted sets.
extension CacheKeys {
    /// Returns whether entities of a kind belong to any set.
    static func hasSets(_ schema: EntitySchema) -> Bool {
        schema.describes(Artist.self) || schema.describes(Concert.self)
    }

    /// Returns whether two records of an entity name the same sets, whether they belong to them or not.
    func haveSameSets(_ one: EntityRecord, _ other: EntityRecord, in batch: RecordBatch) -> Bool {
        guard let one = batch.view(one, as: Concert.self), let other = batch.view(other, as: Concert.self) else {
            return true
        }
        func isSame(_ one: Text?, _ other: Text?) -> Bool {
            guard let one, let other else { return one == nil && other == nil }
            return batch.storage.bytes[one.range] == batch.storage.bytes[other.range]
        }
        return isSame(one.artistID, other.artistID) && isSame(one.venueID, other.venueID)
    }

    /// Returns the membership that a record requires.
    func membership(of record: EntityRecord, in batch: RecordBatch) -> CacheMembership {
        if let artist = batch.view(record, as: Artist.self) {
            return membership(popularity: batch.string(artist.popularityScore.text))
        }
        if let concert = batch.view(record, as: Concert.self) {
            return membership(
                artist: concert.artistID.map(batch.bytes), venue: concert.venueID.map(batch.bytes),
                date: concert.eventDate, isCancelled: concert.status == .cancelled)
        }
        return CacheMembership()
    }

    /// Returns the membership of a stored document; no sets if this program did not write it.
    func membership(_ schema: EntitySchema, _ document: JSONValue) -> CacheMembership {
        if schema.describes(Artist.self) {
            guard case .number(let score)? = document["popularity_score"] else { return CacheMembership() }
            return membership(popularity: score)
        }
        if schema.describes(Concert.self) {
            return membership(
                artist: document["artist_id"]?.string.map { Array($0.utf8) },
                venue: document["venue_id"]?.string.map { Array($0.utf8) },
                date: document["event_date"]?.string.flatMap { Timestamp($0) },
                isCancelled: document["status"]?.string == Concert.Status.cancelled.rawValue)
        }
        return CacheMembership()
    }

    private func membership(popularity number: String) -> CacheMembership {
        var membership = CacheMembership()
        if let value = Double(number), value.isFinite { membership.scores = [(popularity, Self.score(value))] }
        return membership
    }

    private func membership(
        artist: [UInt8]?, venue: [UInt8]?, date: Timestamp?, isCancelled: Bool
    ) -> CacheMembership {
        var membership = CacheMembership()
        guard isCancelled || date != nil else { return membership }
        let score = date.map { Self.score(Double($0.secondsSinceEpoch) + Double($0.nanoseconds) / 1e9) } ?? ""
        func take(_ set: [UInt8]) {
            if isCancelled { membership.left.append(set) } else { membership.scores.append((set, score)) }
        }
        if let artist { take(concerts(ofArtist: artist)) }
        if let venue { take(concerts(atVenue: venue)) }
        return membership
    }

    /// Returns the digits that Redis, which stores scores as doubles, reads as the same number.
    static func score(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }
}
