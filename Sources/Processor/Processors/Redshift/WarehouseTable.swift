/// The tables of the warehouse, in the order in which every transaction writes to them.
public enum WarehouseTable: String, CaseIterable, Sendable {
    case artists, concerts
    case ticketSales = "ticket_sales"
    case venues

    /// Returns nil unless `name` is the name of a table, byte for byte.
    public init?(named name: some Sequence<UInt8>) {
        guard let table = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name) }) else { return nil }
        self = table
    }

    /// The table of all entities of `kind`.
    init(_ kind: Payload.Kind) {
        switch kind {
        case .artist: self = .artists
        case .concert: self = .concerts
        case .venue: self = .venues
        case .ticketSale: self = .ticketSales
        }
    }

    /// All columns in order; the first is the key.
    public var columns: [WarehouseColumn] {
        switch self {
        case .artists: Self.artistColumns
        case .concerts: Self.concertColumns
        case .ticketSales: Self.ticketSaleColumns
        case .venues: Self.venueColumns
        }
    }

    /// The entity's ID; Redshift does not see to it that there is one row for each, the writer does.
    public var key: String { columns.first?.name ?? rawValue }

    /// What decides the slice that a row is stored on: concerts and their sales lie together, for they are joined.
    public var distributionKey: String { self == .ticketSales ? "concert_id" : key }

    /// What rows are sorted by: the time that questions ask for, else the key.
    public var sortKey: String {
        switch self {
        case .artists, .venues: key
        case .concerts: "event_date"
        case .ticketSales: "purchase_timestamp"
        }
    }

    private static let artistColumns: [WarehouseColumn] =
        [
            WarehouseColumn("artist_id", .varchar(100)), WarehouseColumn("name", .varchar(800)),
            WarehouseColumn("genre", .varchar(2000)),
            WarehouseColumn("popularity_score", .decimal(precision: 5, scale: 2)),
            WarehouseColumn("formation_date", .date), WarehouseColumn("members", .varchar(4000)),
            WarehouseColumn("spotify_id", .varchar(100)), WarehouseColumn("followers", .bigint),
        ] + sharedColumns

    private static let concertColumns: [WarehouseColumn] =
        [
            WarehouseColumn("concert_id", .varchar(100)), WarehouseColumn("artist_id", .varchar(100)),
            WarehouseColumn("venue_id", .varchar(100)), WarehouseColumn("event_date", .timestamp),
            WarehouseColumn("name", .varchar(2000)), WarehouseColumn("ticket_prices", .varchar(4000)),
            WarehouseColumn("total_attendance", .integer),
            WarehouseColumn("revenue", .decimal(precision: 14, scale: 2)), WarehouseColumn("status", .varchar(20)),
            WarehouseColumn("ticketmaster_id", .varchar(100)), WarehouseColumn("url", .varchar(2000)),
        ] + sharedColumns

    private static let venueColumns: [WarehouseColumn] =
        [
            WarehouseColumn("venue_id", .varchar(100)), WarehouseColumn("name", .varchar(800)),
            WarehouseColumn("address", .varchar(1200)), WarehouseColumn("city", .varchar(400)),
            WarehouseColumn("state", .varchar(200)), WarehouseColumn("country", .varchar(400)),
            WarehouseColumn("postal_code", .varchar(80)),
            WarehouseColumn("latitude", .decimal(precision: 10, scale: 7)),
            WarehouseColumn("longitude", .decimal(precision: 10, scale: 7)), WarehouseColumn("capacity", .integer),
            WarehouseColumn("venue_type", .varchar(50)), WarehouseColumn("amenities", .varchar(4000)),
            WarehouseColumn("ticketmaster_id", .varchar(100)),
        ] + sharedColumns

    private static let ticketSaleColumns: [WarehouseColumn] =
        [
            WarehouseColumn("sale_id", .varchar(100)), WarehouseColumn("concert_id", .varchar(100)),
            WarehouseColumn("customer_id", .varchar(100)), WarehouseColumn("price_tier", .varchar(50)),
            WarehouseColumn("quantity", .integer), WarehouseColumn("unit_price", .decimal(precision: 10, scale: 2)),
            WarehouseColumn("total_amount", .decimal(precision: 12, scale: 2)),
            WarehouseColumn("purchase_timestamp", .timestamp), WarehouseColumn("payment_method", .varchar(50)),
            WarehouseColumn("customer_segment", .varchar(50)),
        ] + sharedColumns

    private static let sharedColumns = [
        WarehouseColumn("source", .varchar(100)), WarehouseColumn("ingestion_timestamp", .timestamp),
        WarehouseColumn("created_at", .timestamp), WarehouseColumn("updated_at", .timestamp),
        WarehouseColumn("sequence_number", .varchar(128)), WarehouseColumn("sub_sequence_number", .integer),
        WarehouseColumn("shard_id", .varchar(200)),
    ]
}

/// One column of a table.
public struct WarehouseColumn: Sendable, Equatable {
    /// What a column holds.
    public enum ColumnType: Sendable, Equatable {
        /// Up to so many bytes of UTF-8, as Redshift counts them.
        case varchar(Int)
        case decimal(precision: Int, scale: Int)
        case integer, bigint, date, timestamp
    }

    public var name: String
    public var type: ColumnType

    init(_ name: String, _ type: ColumnType) { (self.name, self.type) = (name, type) }

    /// The type's name in SQL.
    public var sqlType: String {
        switch type {
        case .varchar(let bytes): "VARCHAR(\(bytes))"
        case .decimal(let precision, let scale): "DECIMAL(\(precision),\(scale))"
        case .integer: "INTEGER"
        case .bigint: "BIGINT"
        case .date: "DATE"
        case .timestamp: "TIMESTAMP"
        }
    }
}
