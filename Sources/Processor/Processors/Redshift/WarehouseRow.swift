import JSON

/// One version of one entity, as its table holds it.
struct WarehouseRow: Sendable {
    var table: WarehouseTable
    /// In UTF-8: to Swift, texts that Unicode holds equivalent are one `String`, and to the warehouse they are two keys.
    var id: [UInt8]
    var version: RecordVersion
    /// One for each of the table's columns, in their order.
    var values: [WarehouseValue]
}

extension WarehouseRow {
    /// When the first version was seen that the warehouse has not forgotten: kept when later ones come.
    static let createdAt = "created_at"

    /// Sets when the entity's first version arrived.
    mutating func setCreation(_ arrival: Int64?) {
        guard let index = table.columns.firstIndex(where: { $0.name == Self.createdAt }), values.indices.contains(index)
        else { return }
        values[index] = .arrival(arrival)
    }
}

extension RecordBatch {
    /// The row of a record; nil for a kind that is not in the warehouse.
    ///
    /// - Parameter version: The record's, as ``versions()`` returns it.
    /// - Throws: ``PayloadError`` with reason `range` when a value does not fit in its column: nothing is truncated.
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
                "\(kind).\(field.name): \(MessageText.shown(number.text.range, of: storage.bytes.span)) is more than "
                    + "column \(column.name), a \(column.sqlType), holds")
        case .text(let text): return try warehouseText(string(text), of: field, column, kind: kind)
        case .choice(let index): return try warehouseText(field.type.word(index), of: field, column, kind: kind)
        case .list, .prices:
            // As JSON.
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
                    + "\(bytes.count) bytes, and column \(column.name) holds \(limit)")
        }
        return .text(text)
    }
}

extension WarehouseValue {
    fileprivate static func arrival(_ milliseconds: Int64?) -> WarehouseValue {
        milliseconds.map { .moment(Timestamp(millisecondsSinceEpoch: $0).sql) } ?? .null
    }

    /// NULL also for a name that contains U+0000, which no column accepts: one such event would block its shard.
    fileprivate static func shard(_ name: [UInt8]?) -> WarehouseValue {
        guard let name, !name.contains(0) else { return .null }
        return .text(String(decoding: name, as: UTF8.self))
    }
}

extension Timestamp {
    /// As SQL reads it, without a zone; a column holds microseconds, and what is finer is left out.
    var sql: String {
        let text = Timestamp(secondsSinceEpoch: secondsSinceEpoch, nanoseconds: nanoseconds / 1000 * 1000).description
        return String(text.dropLast()).substituting("T", with: " ")
    }
}
