import JSON

/// The documents and sorted sets that batches write to the cache, in memory.
///
/// The newest version of each entity is kept, in whatever order versions arrive, as with ``CacheUpdater``.
package struct CacheContents: Sendable {
    private let keys: CacheKeys
    private var entries: [EntityKey: CacheEntry] = [:]

    package init(keyPrefix: String = "concert:") { keys = CacheKeys(prefix: keyPrefix) }

    package mutating func take(_ batch: RecordBatch) {
        for entry in batch.cacheEntries(keys) {
            if let stored = entries[entry.entity], stored.version.isNewer(than: entry.version) { continue }
            entries[entry.entity] = entry
        }
    }

    /// The `documents` by key, and the `sorted_sets` by key with the score of each member, in the order of keys.
    package var json: JSONValue {
        let sorted = entries.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        var sets: [[UInt8]: [JSONObject.Member]] = [:]
        for entry in sorted {
            for (set, score) in entry.membership.scores {
                sets[set, default: []].append(JSONObject.Member(name: entry.entity.text, value: .number(score)))
            }
        }
        let documents = sorted.map { entry in
            JSONObject.Member(
                name: String(decoding: entry.key, as: UTF8.self),
                value: (try? JSONValue(parsing: entry.document)) ?? .null)
        }
        let members = sets.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
            JSONObject.Member(name: String(decoding: $0.key, as: UTF8.self), value: .object(JSONObject($0.value)))
        }
        return [
            "documents": .object(JSONObject(documents)), "sorted_sets": .object(JSONObject(members)),
        ]
    }
}
