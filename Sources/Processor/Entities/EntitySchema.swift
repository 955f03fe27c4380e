import JSON
import Synchronization

/// All that the program knows of one kind of entity; each kind's file in this folder has one.
///
/// A class, so that a catalog hands it on without a copy; it never changes.
package final class EntitySchema: Sendable {
    /// The name in messages, logs, metrics and cache keys.
    package let name: String
    /// What a record's `data_type` may say, in lower case; messages name these.
    package let dataTypes: [String]
    /// What it may say as well.
    package let otherDataTypes: [String]
    /// In the order of documents and of decoding: the first problem is the one that is reported.
    package let fields: [FieldDescription]
    /// What ``table`` is made from; nil for kinds that are not in the warehouse.
    private let tableNames: (name: String, distributionKey: String?, sortKey: String?)?
    private let madeTable = AtomicLazyReference<WarehouseTable>()
    /// Whether the cache stores the newest document.
    package let isCached: Bool
    /// Members that are objects if a record of this kind has them.
    package let objects: [String]
    package let rule: EntityRule?
    /// The index of the field that is the key.
    let keyIndex: Int

    /// Fields of every kind, which follow its own.
    private static let commonFields = [
        FieldDescription("source", .text(), column: .varchar(100)),
        FieldDescription("ingestion_timestamp", .timestamp, column: .timestamp),
    ]

    /// The most fields of a kind.
    static let fieldLimit = 128

    /// Traps unless the description is a valid one: descriptions are parts of the program.
    ///
    /// - Parameters:
    ///   - distributionKey: The column that decides the slice of a row; nil for the key.
    ///   - sortKey: The column that rows are sorted by; nil for the key.
    package convenience init(
        _ name: String, dataTypes: [String], otherDataTypes: [String] = [], table: String? = nil,
        distributionKey: String? = nil,
        sortKey: String? = nil, isCached: Bool = false, objects: [String] = [], fields: [FieldDescription],
        rule: EntityRule? = nil
    ) {
        self.init(
            name: name, dataTypes: dataTypes, otherDataTypes: otherDataTypes, ownFields: fields, isCached: isCached,
            objects: objects, rule: rule,
            table: table.map { (name: $0, distributionKey: distributionKey, sortKey: sortKey) })
    }

    private init(
        name: String, dataTypes: [String], otherDataTypes: [String], ownFields: [FieldDescription], isCached: Bool,
        objects: [String], rule: EntityRule?, table: (name: String, distributionKey: String?, sortKey: String?)?
    ) {
        let fields = ownFields + Self.commonFields
        precondition(fields.count <= Self.fieldLimit, "\(name) has more than \(Self.fieldLimit) fields")
        guard let keyIndex = fields.firstIndex(where: { $0.presence == .key }) else {
            preconditionFailure("\(name) has no key")
        }
        self.name = name
        (self.dataTypes, self.otherDataTypes) = (dataTypes, otherDataTypes)
        self.fields = fields
        self.isCached = isCached
        self.objects = objects
        self.rule = rule
        self.keyIndex = keyIndex
        tableNames = table
    }

    /// Where rows go; nil for kinds that are not in the warehouse.
    ///
    /// Made when it is first asked for: functions without the warehouse start without it.
    package var table: WarehouseTable? {
        guard let (name, distributionKey, sortKey) = tableNames else { return nil }
        return madeTable.load()
            ?? madeTable.storeIfNil(
                WarehouseTable(
                    name, fields: fields, keyIndex: keyIndex, distributionKey: distributionKey, sortKey: sortKey))
    }

    /// The same kind with further fields, which follow its own.
    package func adding(_ fields: [FieldDescription]) -> EntitySchema {
        EntitySchema(
            name: name, dataTypes: dataTypes, otherDataTypes: otherDataTypes, ownFields: ownFields + fields,
            isCached: isCached, objects: objects, rule: rule,
            table: tableNames)
    }

    /// The fields without those that every kind has.
    package var ownFields: [FieldDescription] { Array(fields.dropLast(Self.commonFields.count)) }

    /// Whether records of this kind are read as a `View`.
    func describes<View: EntityView>(_ view: View.Type) -> Bool { name == View.schema.name }

    /// The name of the count of this kind's records in the log: `ticketSales`.
    package var countName: String {
        let words = (tableNames?.name ?? name).utf8.split(separator: UInt8(ascii: "_")).map {
            String(decoding: $0, as: UTF8.self)
        }
        return words.dropFirst().reduce(words.first ?? name) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    /// The field of that name, for typed views; traps where there is none.
    func field<Value>(_ name: String, as type: Value.Type) -> FieldHandle<Value> {
        guard let index = fields.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("\(self.name) has no field \(name)")
        }
        return FieldHandle(index: index)
    }
}

extension EntitySchema: Hashable {
    package static func == (one: EntitySchema, other: EntitySchema) -> Bool { one === other }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// A rule over several fields, which is checked once all of them are read.
package struct EntityRule: Sendable {
    /// The field that the error names.
    package var field: String
    /// What is wrong with the values, or nil; texts are in the second parameter.
    package var check: @Sendable (Span<FieldValue>, Span<UInt8>) -> String?

    package init(field: String, check: @escaping @Sendable (Span<FieldValue>, Span<UInt8>) -> String?) {
        (self.field, self.check) = (field, check)
    }
}
