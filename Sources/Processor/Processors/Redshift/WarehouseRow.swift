import Basics
import JSON

/// One version of one entity, as a row of its table.
struct WarehouseRow: Sendable {
    var table: WarehouseTable
    /// The key in UTF-8: canonically equivalent texts are equal as `String`s, but different keys in the warehouse.
    var id: [UInt8]
    var version: RecordVersion
    /// One value for each of the table's columns, in their order.
    var values: [WarehouseValue]
}

extension WarehouseRow {
    /// The column with the arrival of the entity's first version, which later versions do not change.
    static let createdAt = "created_at"

    /// Sets the arrival of the entity's first version.
    mutating func setCreation(_ arrival: Int64?) {
        guard let index = table.columns.firstIndex(where: { $0.name == Self.createdAt }), values.indices.contains(index)
        else { return }
        values[index] = .arrival(arrival)
    }
}

extension RecordBatch {
    /// Returns the row of a record; nil for a kind that is not in the warehouse.
    ///
    /// - Parameter version: The record's, as ``versions()`` returns it.
    /// - Throws: ``PayloadError`` with reason `range` if a value does not fit in its column: values are never truncated.
    func row(of record: EntityRecord, version: RecordVersion) throws(PayloadError) -> WarehouseRow? {
        let schema = catalog[record.kind]
        guard let table = schema.table else { return nil }
        var row = WarehouseRow(table: table, id: bytes(id(of: record)), version: version, values: [])
        row.values.reserveCapacity(table.columns.count)
        let values = values(of: record)
        for (column, index) in zip(table.columns, table.fieldIndices) {
            guard let index else { break }
            row.values.append(
                try warehouseValue(
                    values[values.startIndex + index], of: schema.fields[index], column, kind: schema.name))
        }
        row.values += [
            .arrival(version.arrival), .arrival(version.arrival), .text(version.sequenceNumber.digits),
            version.subSequenceNumber.map { .number(String($0)) } ?? .null, .shard(version.shard),
        ]
        return row
    }

    private func warehouseValue(
        _ value: FieldValue, of field: FieldDescription, _ column: WarehouseColumn, kind: String
    ) throws(PayloadError) -> WarehouseValue {
        switch value {
        case .absent: return .null
        case .integer(let integer): return .number(String(integer))
        case .boolean(let value): return .number(value ? "true" : "false")
        case .date(let date): return .moment(date.description)
        case .timestamp(let timestamp): return .moment(timestamp.sql)
        case .number(let number):
            let digits = DecimalDigits(number.text.range, of: storage.bytes.span)
            if case .decimal(let precision, let scale) = column.type,
                let text = digits.fixed(integerDigits: precision - scale, scale: scale)
            {
                return .number(text)
            }
            throw PayloadError(
                .range,
                "\(kind).\(field.name): \(MessageText.shown(number.text.range, of: storage.bytes.span)) does not fit in "
                    + "column \(column.name), whose type is \(column.sqlType)")
        case .text(let text): return try warehouseText(string(text), of: field, column, kind: kind)
        case .choice(let index): return try warehouseText(field.type.word(index), of: field, column, kind: kind)
        case .list, .prices:
            // Other types are stored as JSON text.
            var writer = JSONWriter()
            write(value, of: field.type, to: &writer)
            return try warehouseText(String(decoding: writer.bytes, as: UTF8.self), of: field, column, kind: kind)
        }
    }

    private func warehouseText(
        _ text: String, of field: FieldDescription, _ column: WarehouseColumn, kind: String
    ) throws(PayloadError) -> WarehouseValue {
        if case .varchar(let limit) = column.type, text.utf8.count > limit {
            let bytes = Array(text.utf8)
            throw PayloadError(
                .range,
                "\(kind).\(field.name): \(MessageText.shown(0..<bytes.count, of: bytes.span)) has "
                    + "\(bytes.count) bytes; column \(column.name) stores at most \(limit)")
        }
        return .text(text)
    }
}

extension WarehouseValue {
    fileprivate static func arrival(_ milliseconds: Int64?) -> WarehouseValue {
        milliseconds.map { .moment(Timestamp(millisecondsSinceEpoch: $0).sql) } ?? .null
    }

    /// Returns NULL also for a name that contains U+0000: no column accepts it, so such an event would block its shard.
    fileprivate static func shard(_ name: [UInt8]?) -> WarehouseValue {
        guard let name, !name.contains(0) else { return .null }
        return .text(String(decoding: name, as: UTF8.self))
    }
}

extension Timestamp {
    /// The time in SQL syntax, without a zone, truncated to the microseconds that a column stores.
    var sql: String {
        let text = Timestamp(secondsSinceEpoch: secondsSinceEpoch, nanoseconds: nanoseconds / 1000 * 1000).description
        return String(text.dropLast()).substituting("T", with: " ")
    }
}
