/// The changes of sorted sets by several entities, in the order in which the sets were first used.
struct CacheSetChanges {
    /// The changes of one set.
    struct Change {
        var set: [UInt8]
        /// The IDs of the entities that leave the set.
        var leaving: [[UInt8]] = []
        /// A score and an ID for each entity in the set.
        var adding: [[UInt8]] = []
    }

    private(set) var changes: [Change] = []
    private var places: [Key: Int] = [:]

    /// The key of a set, which is hashed as a whole; the hash of an array combines byte by byte.
    private struct Key: Hashable {
        var bytes: [UInt8]

        func hash(into hasher: inout Hasher) {
            unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        }
    }

    subscript(set: [UInt8]) -> Change {
        get { places[Key(bytes: set)].map { changes[$0] } ?? Change(set: set) }
        _modify {
            let place = place(of: set)
            yield &changes[place]
        }
    }

    private mutating func place(of set: [UInt8]) -> Int {
        if let place = places[Key(bytes: set)] { return place }
        places[Key(bytes: set)] = changes.count
        changes.append(Change(set: set))
        return changes.count - 1
    }
}
