/// The identifier of an entity: its kind, and its ID byte for byte.
///
/// The ID is not a `String`, because Swift considers different IDs equal if they are canonically equivalent, such as an
/// accented letter in one scalar and in two, and because that comparison is slow for long IDs.
package struct EntityKey: Sendable, Hashable {
    package var schema: EntitySchema
    /// The ID in UTF-8.
    package var id: [UInt8]

    package init(_ schema: EntitySchema, id: [UInt8]) { (self.schema, self.id) = (schema, id) }

    /// Hashes the ID as a whole; the hash of an array combines byte by byte.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(schema)
        unsafe id.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

extension EntityKey {
    /// The ID, for messages and documents.
    package var text: String { String(decoding: id, as: UTF8.self) }

    /// Orders keys by the name of the kind, then by the bytes of the ID.
    package static func precedes(_ one: Self, _ other: Self) -> Bool {
        one.schema == other.schema
            ? one.id.lexicographicallyPrecedes(other.id)
            : one.schema.name.utf8.lexicographicallyPrecedes(other.schema.name.utf8)
    }
}

/// The versions of one entity in a batch.
package struct EntityVersions: Sendable {
    package var key: EntityKey
    /// The indices of the records in the batch, in ascending order.
    package var records: [Int]
    /// The index of the record with the newest version.
    package var newest: Int
    package var version: RecordVersion
}

extension RecordBatch {
    func key(of record: EntityRecord) -> EntityKey { EntityKey(catalog[record.kind], id: bytes(id(of: record))) }

    /// Returns the entities whose kinds satisfy `isIncluded`, in the order of their first records, with their newest versions.
    package func entities(of isIncluded: (EntitySchema) -> Bool = { _ in true }) -> [EntityVersions] {
        var kinds = KindMap(catalog, repeating: false)
        for (kind, schema) in zip(catalog.kinds, catalog.schemas) { kinds[kind] = isIncluded(schema) }
        let versions = versions()
        var entities: [EntityVersions] = []
        entities.reserveCapacity(records.count)
        var indices: [EntityKey: Int] = [:]
        for (index, record) in records.enumerated() where kinds[record.kind] {
            let key = key(of: record)
            if let known = indices[key] {
                entities[known].records.append(index)
            } else {
                indices[key] = entities.count
                entities.append(EntityVersions(key: key, records: [index], newest: index, version: versions[index]))
            }
        }
        for index in entities.indices where entities[index].records.count > 1 {
            let records = entities[index].records
            guard let newest = RecordVersion.newest(of: records.map { versions[$0] }) else { continue }
            (entities[index].newest, entities[index].version) = (records[newest], versions[records[newest]])
        }
        return entities
    }
}
