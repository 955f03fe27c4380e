import JSON

/// One entity of a batch to write to the cache, in its newest version.
struct CacheEntry: Sendable {
    var entity: EntityKey
    /// The key of the document.
    var key: [UInt8]
    /// The version, which always has an arrival.
    var version: RecordVersion
    /// The indices of the batch's records with a version of the entity.
    var records: [Int]
    var document: [UInt8]
    var membership: CacheMembership
    /// The artist's ID; concerts only.
    var artistID: [UInt8]?
    var venueID: [UInt8]?
}

extension RecordBatch {
    /// Returns the entities that the cache stores, in the order of their first records.
    func cachedEntities() -> [EntityVersions] { entities(of: \.isCached) }

    /// Returns the entries of all entities that the cache stores, in the order of their first records.
    func cacheEntries(_ keys: CacheKeys) -> [CacheEntry] { cachedEntities().map { cacheEntry(of: $0, keys) } }

    /// Removes entities from the front of `entities`, and returns their entries.
    ///
    /// Stops when the documents reach `size` bytes, so that the last one may exceed the size; removes at least one.
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
        // A document always has an arrival, which is not before the epoch.
        version.arrival = max(0, version.arrival ?? 0)
        var membership = keys.membership(of: record, in: self)
        var older: Set<[UInt8]> = []
        for index in entity.records where index != entity.newest && !keys.haveSameSets(records[index], record, in: self)
        {
            // An interrupted attempt may have written an older version, whose sets the entity must leave.
            let membership = keys.membership(of: records[index], in: self)
            older.formUnion(membership.left)
            older.formUnion(membership.sets)
        }
        membership.left += older.subtracting(membership.sets).subtracting(membership.left).inOrder
        var entry = CacheEntry(
            entity: entity.key, key: keys.document(entity.key), version: version, records: entity.records,
            document: cacheDocument(of: record, version), membership: membership)
        if let concert = view(record, as: Concert.self) {
            (entry.artistID, entry.venueID) = (concert.artistID.map(bytes), concert.venueID.map(bytes))
        }
        return entry
    }

    /// Returns the document, which begins with the version so that it can be read without the rest.
    private func cacheDocument(of record: EntityRecord, _ version: RecordVersion) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.usualDocumentBytes)
        var writer = JSONWriter(appendingTo: bytes)
        writer.openObject()
        writer.member(version)
        writeMembers(of: record, to: &writer)
        writer.closeObject()
        return writer.bytes
    }

    /// The size that few documents exceed, so that their memory does not grow while they are written.
    private static let usualDocumentBytes = 700
}

extension RecordVersion {
    /// The first bytes of a document of this version.
    var startOfDocument: [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.member(self)
        return writer.bytes
    }
}
