/// The table of one kind of entity.
///
/// A class, so that rows refer to it without a copy. It is immutable, and each kind of a catalog has one.
package final class WarehouseTable: Sendable {
    package let name: String
    /// All columns in order; the first one is the key.
    package let columns: [WarehouseColumn]
    /// The index of the field that each of ``columns`` stores; nil for the columns in ``provenance``.
    let fieldIndices: [Int?]
    /// The column of the entity's ID.
    ///
    /// The writer ensures that it is unique; Redshift does not.
    package let key: String
    /// The distribution key: concerts and their ticket sales are in the same slice, because queries join them.
    package let distributionKey: String
    /// The sort key: the time that queries filter by, or the key.
    package let sortKey: String

    /// The columns of every table that describe where a row comes from; they follow the columns of the fields.
    static let provenance = [
        WarehouseColumn("created_at", .timestamp), WarehouseColumn("updated_at", .timestamp),
        WarehouseColumn("sequence_number", .varchar(128)), WarehouseColumn("sub_sequence_number", .integer),
        WarehouseColumn("shard_id", .varchar(200)),
    ]

    /// - Parameters:
    ///   - fields: All fields of the kind; those without a column are not in the table.
    ///   - distributionKey: Nil for the key, as for `sortKey`.
    init(
        _ name: String, fields: [FieldDescription], keyIndex: Int, distributionKey: String?, sortKey: String?
    ) {
        var columns: [WarehouseColumn] = []
        var indices: [Int?] = []
        for (index, field) in fields.enumerated() {
            guard let column = field.column else { continue }
            let position = column.predecessor.flatMap { name in columns.firstIndex { $0.name == name } }
            let new = WarehouseColumn(column.name ?? field.name, column.type)
            columns.insert(new, at: position.map { $0 + 1 } ?? columns.count)
            indices.insert(index, at: position.map { $0 + 1 } ?? indices.count)
        }
        self.name = name
        self.columns = columns + Self.provenance
        fieldIndices = indices + Self.provenance.map { _ in nil }
        key = fields[keyIndex].column?.name ?? fields[keyIndex].name
        self.distributionKey = distributionKey ?? key
        self.sortKey = sortKey ?? key
    }
}

extension WarehouseTable: Hashable {
    package static func == (one: WarehouseTable, other: WarehouseTable) -> Bool { one === other }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// One column of a table.
package struct WarehouseColumn: Sendable, Equatable {
    /// The type of a column.
    package enum ColumnType: Sendable, Equatable {
        /// Text with a maximum length in bytes of UTF-8, in which Redshift measures lengths.
        case varchar(Int)
        case decimal(precision: Int, scale: Int)
        case integer, bigint, boolean, date, timestamp
    }

    package var name: String
    package var type: ColumnType

    package init(_ name: String, _ type: ColumnType) { (self.name, self.type) = (name, type) }

    /// The type's name in SQL.
    package var sqlType: String {
        switch type {
        case .varchar(let bytes): "VARCHAR(\(bytes))"
        case .decimal(let precision, let scale): "DECIMAL(\(precision),\(scale))"
        case .integer: "INTEGER"
        case .bigint: "BIGINT"
        case .boolean: "BOOLEAN"
        case .date: "DATE"
        case .timestamp: "TIMESTAMP"
        }
    }
}
