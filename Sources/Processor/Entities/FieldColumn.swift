/// The warehouse column of a field.
package struct FieldColumn: Sendable, Equatable {
    /// The name; nil until the field sets it to its own name.
    package var name: String?
    package var type: WarehouseColumn.ColumnType
    /// The column that this one follows in the table; nil if it follows the column of the preceding field.
    package var predecessor: String?

    package static func varchar(_ bytes: Int, name: String? = nil, after predecessor: String? = nil) -> FieldColumn {
        FieldColumn(name: name, type: .varchar(bytes), predecessor: predecessor)
    }

    package static func decimal(_ precision: Int, _ scale: Int, name: String? = nil) -> FieldColumn {
        FieldColumn(name: name, type: .decimal(precision: precision, scale: scale))
    }

    package static let integer = FieldColumn(type: .integer)
    package static let bigint = FieldColumn(type: .bigint)
    package static let boolean = FieldColumn(type: .boolean)
    package static let date = FieldColumn(type: .date)
    package static let timestamp = FieldColumn(type: .timestamp)
}
