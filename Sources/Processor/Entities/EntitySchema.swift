import JSON
import Synchronization

/// The description of one kind of entity, which is defined in the kind's file in this folder.
///
/// A class, so that it is passed without a copy. It is immutable.
package final class EntitySchema: Sendable {
    /// The name in messages, logs, metrics and cache keys.
    package let name: String
    /// The values of `data_type` for this kind, in lower case; messages list these.
    package let dataTypes: [String]
    /// Other accepted values of `data_type`, which messages do not list.
    package let otherDataTypes: [String]
    /// The fields, in the order of documents and of decoding; the first problem is reported.
    package let fields: [FieldDescription]
    /// The names from which ``table`` is created; nil for kinds that are not in the warehouse.
    private let tableNames: (name: String, distributionKey: String?, sortKey: String?)?
    private let madeTable = AtomicLazyReference<WarehouseTable>()
    private let madeKeys = AtomicLazyReference<DocumentKeys>()
    /// Whether the cache stores the newest document.
    package let isCached: Bool
    /// The members that must be objects if a record of this kind has them.
    package let objects: [String]
    package let rule: EntityRule?
    /// The index of the key field.
    let keyIndex: Int

    /// The fields that all kinds have, after their own fields.
    private static let commonFields = [
        FieldDescription("source", .text(), column: .varchar(100)),
        FieldDescription("ingestion_timestamp", .timestamp, column: .timestamp),
    ]

    /// The most fields of a kind.
    static let fieldLimit = 128

    /// Creates a description; traps if it is invalid, because descriptions are parts of the program.
    ///
    /// - Parameters:
    ///   - distributionKey: The column of the table's distribution key; nil for the key.
    ///   - sortKey: The column of the table's sort key; nil for the key.
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

    /// The warehouse table; nil for kinds that are not in the warehouse.
    ///
    /// It is created on first access, so that functions without a warehouse start faster.
    package var table: WarehouseTable? {
        guard let (name, distributionKey, sortKey) = tableNames else { return nil }
        return madeTable.load()
            ?? madeTable.storeIfNil(
                WarehouseTable(
                    name, fields: fields, keyIndex: keyIndex, distributionKey: distributionKey, sortKey: sortKey))
    }

    /// The names of ``fields`` as keys of documents, with their colons; created on first access, as ``table`` is.
    var documentKeys: DocumentKeys { madeKeys.load() ?? madeKeys.storeIfNil(DocumentKeys(fields)) }

    /// Keys of documents as JSON.
    final class DocumentKeys: Sendable {
        let keys: [[UInt8]]

        init(_ fields: [FieldDescription]) {
            keys = fields.map { field in
                var writer = JSONWriter()
                writer.key(field.name)
                return writer.bytes
            }
        }
    }

    /// Returns the kind with more fields, which follow its own.
    package func adding(_ fields: [FieldDescription]) -> EntitySchema {
        EntitySchema(
            name: name, dataTypes: dataTypes, otherDataTypes: otherDataTypes, ownFields: ownFields + fields,
            isCached: isCached, objects: objects, rule: rule,
            table: tableNames)
    }

    /// The fields, without those that all kinds have.
    package var ownFields: [FieldDescription] { Array(fields.dropLast(Self.commonFields.count)) }

    /// Returns whether `View` is the typed view of this kind.
    func describes<View: EntityView>(_ view: View.Type) -> Bool { name == View.schema.name }

    /// The log field with the number of this kind's records, for example `ticketSales`.
    package var countName: String {
        let words = (tableNames?.name ?? name).utf8.split(separator: UInt8(ascii: "_")).map {
            String(decoding: $0, as: UTF8.self)
        }
        return words.dropFirst().reduce(words.first ?? name) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    /// Returns the field with a name, for typed views; traps if there is none.
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

/// A rule about several fields, which is checked after all of them are read.
package struct EntityRule: Sendable {
    /// The field that the error message names.
    package var field: String
    /// Returns what is wrong with the values, or nil; the second parameter contains their texts.
    package var check: @Sendable (Span<FieldValue>, Span<UInt8>) -> String?

    package init(field: String, check: @escaping @Sendable (Span<FieldValue>, Span<UInt8>) -> String?) {
        (self.field, self.check) = (field, check)
    }
}
