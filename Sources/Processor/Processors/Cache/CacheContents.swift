import JSON

/// What the cache holds once batches were written to it: documents and sorted sets, in memory.
///
/// The newest version of each entity counts, in whatever order they come, as for ``CacheUpdater``.
package struct CacheContents: Sendable {
    private let keys: CacheKeys
    /// By the bytes of their keys: texts that are equal to Swift may be two keys to Redis.
    private var entries: [[UInt8]: CacheEntry] = [:]

    package init(keyPrefix: String = "concert:") { keys = CacheKeys(prefix: keyPrefix) }

    package mutating func take(_ batch: RecordBatch) {
        for entry in batch.cacheEntries(keys) {
            let key = Array(entry.key.utf8)
            if let held = entries[key], entry.version < held.version { continue }
            entries[key] = entry
        }
    }

    /// `documents` by key, and `sorted_sets` by key with the score of each member; in order of their keys.
    package var json: JSONValue {
        let sorted = entries.values.sorted { $0.key < $1.key }
        var sets: [String: [JSONObject.Member]] = [:]
        for entry in sorted {
            for (set, score) in entry.membership.scores {
                sets[set, default: []].append(JSONObject.Member(name: entry.id, value: .number(score)))
            }
        }
        let documents = sorted.map { entry in
            JSONObject.Member(name: entry.key, value: (try? JSONValue(parsing: entry.document)) ?? .null)
        }
        let members = sets.sorted { $0.key < $1.key }.map {
            JSONObject.Member(name: $0.key, value: .object(JSONObject($0.value)))
        }
        return [
            "documents": .object(JSONObject(documents)), "sorted_sets": .object(JSONObject(members)),
        ]
    }
}
