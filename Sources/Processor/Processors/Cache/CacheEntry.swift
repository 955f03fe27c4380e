import JSON

/// One entity of a batch on its way to the cache: its newest version there.
struct CacheEntry: Sendable {
    var entity: EntityKey
    /// Of the document.
    var key: [UInt8]
    /// With an arrival in any case.
    var version: RecordVersion
    /// Indices of the batch's records with a version of the entity.
    var records: [Int]
    var document: [UInt8]
    var membership: CacheMembership
    /// Of a concert.
    var artistID: [UInt8]?
    var venueID: [UInt8]?
}

extension RecordBatch {
    /// Returns the entities that the cache keeps, in the order of their first records.
    func cachedEntities() -> [EntityVersions] { entities(of: \.isCached) }

    /// Returns the entries of all entities that the cache keeps, in the order of their first records.
    func cacheEntries(_ keys: CacheKeys) -> [CacheEntry] { cachedEntities().map { cacheEntry(of: $0, keys) } }

    /// Removes entities from the front, at least one, and returns their entries: as many as have documents of `size` bytes
    /// together, and the one that exceeds it.
    func cacheEntries(of entities: inout ArraySlice<EntityVersions>, size: Int, _ keys: CacheKeys) -> [CacheEntry] {
        var entries: [CacheEntry] = []
        var bytes = 0
        while bytes < size, let entity = entities.popFirst() {
            let entry = cacheEntry(of: entity, keys)
            bytes += entry.document.count
            entries.append(entry)
        }
        return entries
    }

    private func cacheEntry(of entity: EntityVersions, _ keys: CacheKeys) -> CacheEntry {
        let record = records[entity.newest]
        var version = entity.version
        // A document has an arrival, and no time is before the epoch.
        version.arrival = max(0, version.arrival ?? 0)
        var membership = keys.membership(of: record, in: self)
        for index in entity.records where index != entity.newest {
            // An attempt that did not end may have written this one, so its sets are left.
            let older = keys.membership(of: records[index], in: self)
            membership.left.formUnion(older.left)
            membership.left.formUnion(older.scores.keys)
        }
        membership.left.subtract(membership.scores.keys)
        var entry = CacheEntry(
            entity: entity.key, key: keys.document(entity.key), version: version, records: entity.records,
            document: cacheDocument(of: record, version), membership: membership)
        if let concert = view(record, as: Concert.self) {
            (entry.artistID, entry.venueID) = (concert.artistID.map(bytes), concert.venueID.map(bytes))
        }
        return entry
    }

    /// The version comes first, so that it can be read without the rest.
    private func cacheDocument(of record: EntityRecord, _ version: RecordVersion) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.member(version)
        writeMembers(of: record, to: &writer)
        writer.closeObject()
        return writer.bytes
    }
}

extension RecordVersion {
    /// The bytes that a document of this version begins with.
    var startOfDocument: [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.member(self)
        return writer.bytes
    }
}
