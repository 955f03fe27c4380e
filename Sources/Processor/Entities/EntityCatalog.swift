import Basics

/// The kinds of entities that a pipeline processes, and the rules to decode their records.
///
/// A class, so that batches and processors share it. It is immutable.
package final class EntityCatalog: Sendable {
    /// The descriptions of all kinds, in the order of reports.
    package let schemas: [EntitySchema]
    /// The kinds of ``schemas``, in the same order.
    package let kinds: [EntityKind]
    /// The tables of all kinds, ordered by name, which is the order in which transactions write to them.
    package var tables: [WarehouseTable] {
        schemas.compactMap(\.table).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
    /// The keys that the decoder looks for.
    let keys: RecordKeys
    let plans: DecodingPlans

    /// Artists, concerts, venues and ticket sales.
    package static let builtIn = EntityCatalog(
        [Artist.schema, Concert.schema, Venue.schema, TicketSale.schema],
        // The order matters: a ticket sale also has the ID of its concert, and a concert has those of its venue and artist.
        inferred: [TicketSale.schema, Concert.schema, Venue.schema, Artist.schema])

    /// The kinds, in the order in which the kind of a record without `data_type` is inferred.
    package let inferred: [EntitySchema]

    /// - Parameter inferred: The same schemas, in the order in which the kind of a record without `data_type` is inferred.
    private init(_ schemas: [EntitySchema], inferred: [EntitySchema]) {
        precondition(schemas.count < 128, "there are too many kinds")
        for (index, schema) in schemas.enumerated() {
            let isNew = !schemas[..<index].contains { $0.name.hasSameBytes(as: schema.name) }
            precondition(isNew, "the kind \(schema.name) is defined twice")
        }
        (self.schemas, self.inferred) = (schemas, inferred)
        let kinds = schemas.indices.map { EntityKind(index: UInt8($0)) }
        self.kinds = kinds
        let keys = RecordKeys(schemas)
        self.keys = keys
        let order = inferred.compactMap { schema in schemas.firstIndex { $0 === schema } }.map { kinds[$0] }
        plans = DecodingPlans(schemas, kinds: kinds, inferred: order, keys: keys)
    }

    /// Returns a catalog with another kind, which is inferred after the existing ones.
    package func adding(_ schema: EntitySchema) -> EntityCatalog {
        EntityCatalog(schemas + [schema], inferred: inferred + [schema])
    }

    /// Returns a catalog in which one kind has more fields.
    package func adding(_ fields: [FieldDescription], to kind: String) -> EntityCatalog {
        guard let old = schemas.first(where: { $0.name.hasSameBytes(as: kind) }) else {
            preconditionFailure("unknown kind \(kind)")
        }
        let new = old.adding(fields)
        return EntityCatalog(
            schemas.map { $0 === old ? new : $0 }, inferred: inferred.map { $0 === old ? new : $0 })
    }

    /// The description of a kind.
    package subscript(kind: EntityKind) -> EntitySchema { schemas[Int(kind.index)] }

    /// The names of keys, in the order in which the kind of a record without `data_type` is inferred.
    package var inferenceKeys: [String] { inferred.flatMap(\.keySources).map(\.path) }

    /// Returns the kind with a name.
    package func kind(named name: String) -> EntityKind? {
        schemas.firstIndex { $0.name.hasSameBytes(as: name) }.map { kinds[$0] }
    }

    /// Returns the table with a name, compared byte for byte.
    package func table(named name: some Sequence<UInt8>) -> WarehouseTable? {
        tables.first { $0.name.utf8.elementsEqual(name) }
    }
}

/// A kind of entity: an index in the ``EntityCatalog`` that defines it.
package struct EntityKind: Sendable, Hashable {
    fileprivate(set) var index: UInt8
}

/// A value for each kind of a catalog, and one for records of no kind.
package struct KindMap<Value> {
    private var values: [Value]
    private var other: Value

    package init(_ catalog: EntityCatalog, repeating value: Value) {
        values = Array(repeating: value, count: catalog.kinds.count)
        other = value
    }

    package subscript(kind: EntityKind?) -> Value {
        get { kind.map { values[Int($0.index)] } ?? other }
        set { if let kind { values[Int(kind.index)] = newValue } else { other = newValue } }
    }
}

extension KindMap: Sendable where Value: Sendable {}
