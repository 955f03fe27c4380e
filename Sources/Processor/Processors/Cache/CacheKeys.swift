import Basics
import JSON

/// The entries of one entity in the sorted sets, by the bytes of the sets' keys.
struct CacheMembership: Sendable, Equatable {
    /// The score in each set.
    var scores: [[UInt8]: String] = [:]
    /// The sets that the record names but must not contain the entity, such as the sets of a cancelled concert.
    var left: Set<[UInt8]> = []

    /// The scores in the order of the sets' keys.
    var sortedScores: [(set: [UInt8], score: String)] {
        scores.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
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
        if let value = Double(number), value.isFinite { membership.scores[popularity] = Self.score(value) }
        return membership
    }

    private func membership(
        artist: [UInt8]?, venue: [UInt8]?, date: Timestamp?, isCancelled: Bool
    ) -> CacheMembership {
        var membership = CacheMembership()
        let sets = [artist.map(concerts(ofArtist:)), venue.map(concerts(atVenue:))].compactMap { $0 }
        if isCancelled {
            membership.left = Set(sets)
        } else if let date {
            let score = Self.score(Double(date.secondsSinceEpoch) + Double(date.nanoseconds) / 1e9)
            for set in sets { membership.scores[set] = score }
        }
        return membership
    }

    /// Returns the digits that Redis, which stores scores as doubles, reads as the same number.
    static func score(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }
}
