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
    /// The row of a record.
    ///
    /// - Parameter version: The record's, as ``versions()`` returns it.
    /// - Throws: ``PayloadError`` with reason `range` when a value does not fit in its column: nothing is truncated.
    func row(of record: PayloadRecord, version: RecordVersion) throws(PayloadError) -> WarehouseRow {
        var writer = RowWriter(batch: self, kind: record.payload.kind)
        let shared: (source: Text?, ingestionTimestamp: Timestamp?)
        switch record.payload {
        case .artist(let artist):
            try writer.add(artist)
            shared = (artist.source, artist.ingestionTimestamp)
        case .concert(let concert):
            try writer.add(concert)
            shared = (concert.source, concert.ingestionTimestamp)
        case .venue(let venue):
            try writer.add(venue)
            shared = (venue.source, venue.ingestionTimestamp)
        case .ticketSale(let sale):
            try writer.add(sale)
            shared = (sale.source, sale.ingestionTimestamp)
        }
        try writer.add(.source, shared.source)
        writer.add(shared.ingestionTimestamp)
        writer.add(.arrival(version.arrival))
        writer.add(.arrival(version.arrival))
        writer.add(.text(version.sequenceNumber.digits))
        writer.add(version.subSequenceNumber)
        writer.add(.shard(version.shard))
        return WarehouseRow(
            table: WarehouseTable(record.payload.kind), id: Array(string(record.payload.id).utf8), version: version,
            values: writer.values)
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
    fileprivate var sql: String {
        let text = Timestamp(secondsSinceEpoch: secondsSinceEpoch, nanoseconds: nanoseconds / 1000 * 1000).description
        return String(text.dropLast()).substituting("T", with: " ")
    }
}

/// Fills a row, column by column, and checks that each value fits.
private struct RowWriter {
    let batch: RecordBatch
    let kind: Payload.Kind
    private var columns: ArraySlice<WarehouseColumn>
    private(set) var values: [WarehouseValue] = []

    init(batch: RecordBatch, kind: Payload.Kind) {
        (self.batch, self.kind) = (batch, kind)
        columns = WarehouseTable(kind).columns[...]
        values.reserveCapacity(columns.count)
    }

    mutating func add(_ value: WarehouseValue) {
        columns = columns.dropFirst()
        values.append(value)
    }

    mutating func add(_ moment: Timestamp?) { add(moment.map { .moment($0.sql) } ?? .null) }

    mutating func add(_ number: (some FixedWidthInteger)?) { add(number.map { .number(String($0)) } ?? .null) }

    mutating func add(_ field: Field, _ text: Text?) throws(PayloadError) {
        try add(field, text.map(batch.string))
    }

    mutating func add(_ field: Field, _ text: String?) throws(PayloadError) {
        guard let text else { return add(.null) }
        if case .varchar(let limit) = columns.first?.type, text.utf8.count > limit {
            let bytes = Array(text.utf8)
            throw PayloadError(
                .range,
                "\(kind.rawValue).\(field.name): \(MessageText.shown(0..<bytes.count, of: bytes.span)) has "
                    + "\(bytes.count) bytes, and column \(columnName) holds \(limit)")
        }
        add(.text(text))
    }

    mutating func add(_ field: Field, _ number: Number?) throws(PayloadError) {
        guard let number else { return add(.null) }
        let digits = DecimalDigits(number.text.range, of: batch.storage.bytes.span)
        guard case .decimal(let precision, let scale) = columns.first?.type,
            let text = digits.fixed(integerDigits: precision - scale, scale: scale)
        else {
            let type = columns.first?.sqlType ?? "none"
            throw PayloadError(
                .range,
                "\(kind.rawValue).\(field.name): "
                    + MessageText.shown(number.text.range, of: batch.storage.bytes.span)
                    + " is more than column \(columnName), a \(type), holds")
        }
        add(.number(text))
    }

    /// A list as the text of a JSON array.
    mutating func add(_ field: Field, _ list: TextList?) throws(PayloadError) {
        guard let list else { return add(.null) }
        var writer = JSONWriter()
        writer.openArray()
        for text in batch.strings(list) { writer.string(text) }
        writer.closeArray()
        try add(field, String(decoding: writer.bytes, as: UTF8.self))
    }

    private var columnName: String { columns.first?.name ?? "none" }
}

/// Each kind's own columns, in the order of its table.
extension RowWriter {
    mutating func add(_ artist: Artist) throws(PayloadError) {
        try add(.artistID, artist.artistID)
        try add(.name, artist.name)
        try add(.genres, artist.genres)
        try add(.popularityScore, artist.popularityScore)
        add(artist.formationDate.map { .moment($0.description) } ?? .null)
        try add(.members, artist.members)
        try add(.spotifyID, artist.spotifyID)
        add(artist.followers)
    }

    mutating func add(_ concert: Concert) throws(PayloadError) {
        try add(.concertID, concert.concertID)
        try add(.artistID, concert.artistID)
        try add(.venueID, concert.venueID)
        add(concert.eventDate)
        try add(.name, concert.name)
        try add(.ticketPrices, concert.ticketPrices.map { String(decoding: batch.json(of: $0), as: UTF8.self) })
        add(concert.totalAttendance)
        try add(.revenue, concert.revenue)
        try add(.status, concert.status.rawValue)
        try add(.ticketmasterID, concert.ticketmasterID)
        try add(.url, concert.url)
    }

    mutating func add(_ venue: Venue) throws(PayloadError) {
        try add(.venueID, venue.venueID)
        try add(.name, venue.name)
        try add(.address, venue.address)
        try add(.city, venue.city)
        try add(.state, venue.state)
        try add(.country, venue.country)
        try add(.postalCode, venue.postalCode)
        try add(.latitude, venue.latitude)
        try add(.longitude, venue.longitude)
        add(venue.capacity)
        try add(.venueType, venue.kind?.rawValue)
        try add(.amenities, venue.amenities)
        try add(.ticketmasterID, venue.ticketmasterID)
    }

    mutating func add(_ sale: TicketSale) throws(PayloadError) {
        try add(.saleID, sale.saleID)
        try add(.concertID, sale.concertID)
        try add(.customerID, sale.customerID)
        try add(.ticketTier, sale.ticketTier)
        add(sale.quantity)
        try add(.unitPrice, sale.unitPrice)
        try add(.totalPrice, sale.totalPrice)
        add(sale.purchaseTimestamp)
        try add(.paymentMethod, sale.paymentMethod)
        try add(.customerSegment, sale.customerSegment)
    }
}
