import JSON

/// Every key of a payload that means something; all others are skipped.
enum Field: UInt8, CaseIterable, Sendable {
    // What surrounds an entity.
    case dataType, source, ingestionTimestamp, payload, data, test
    // Artist.
    case artistID, name, genre, genres, popularityScore, formationDate, members, spotifyID, followers, rawData
    // Concert.
    case concertID, eventID, eventDate, ticketPrices, totalAttendance, revenue, status, ticketmasterID, url
    // Venue.
    case venueID, city, country, state, address, postalCode, latitude, longitude, location, capacity, venueType
    case amenities
    // Ticket sale.
    case saleID, customerID, ticketTier, priceTier, quantity, unitPrice, totalPrice, totalAmount, purchaseTimestamp
    case paymentMethod, customerSegment
    // Inside `raw_data`.
    case rawFollowers, rawName, rawURL
    // Inside `location`.
    case locationCity, locationState, locationCountry, locationAddress, locationPostalCode, locationLatitude
    case locationLongitude

    /// The key in JSON, and the name in messages.
    var name: StaticString {
        switch self {
        case .dataType: "data_type"
        case .source: "source"
        case .ingestionTimestamp: "ingestion_timestamp"
        case .payload: "payload"
        case .data: "data"
        case .test: "test"
        case .artistID: "artist_id"
        case .name, .rawName: "name"
        case .genre: "genre"
        case .genres: "genres"
        case .popularityScore: "popularity_score"
        case .formationDate: "formation_date"
        case .members: "members"
        case .spotifyID: "spotify_id"
        case .followers, .rawFollowers: "followers"
        case .rawData: "raw_data"
        case .concertID: "concert_id"
        case .eventID: "event_id"
        case .eventDate: "event_date"
        case .ticketPrices: "ticket_prices"
        case .totalAttendance: "total_attendance"
        case .revenue: "revenue"
        case .status: "status"
        case .ticketmasterID: "ticketmaster_id"
        case .url, .rawURL: "url"
        case .venueID: "venue_id"
        case .city, .locationCity: "city"
        case .country, .locationCountry: "country"
        case .state, .locationState: "state"
        case .address, .locationAddress: "address"
        case .postalCode, .locationPostalCode: "postal_code"
        case .latitude, .locationLatitude: "latitude"
        case .longitude, .locationLongitude: "longitude"
        case .location: "location"
        case .capacity: "capacity"
        case .venueType: "venue_type"
        case .amenities: "amenities"
        case .saleID: "sale_id"
        case .customerID: "customer_id"
        case .ticketTier: "ticket_tier"
        case .priceTier: "price_tier"
        case .quantity: "quantity"
        case .unitPrice: "unit_price"
        case .totalPrice: "total_price"
        case .totalAmount: "total_amount"
        case .purchaseTimestamp: "purchase_timestamp"
        case .paymentMethod: "payment_method"
        case .customerSegment: "customer_segment"
        }
    }

    /// Whether the value is an entity's ID: of the record's own entity, or of one that it refers to.
    var isID: Bool {
        switch self {
        case .artistID, .concertID, .eventID, .venueID, .saleID: true
        default: false
        }
    }

    static let insideRawData: [Field] = [.rawFollowers, .rawName, .rawURL]
    static let insideLocation: [Field] = [
        .locationCity, .locationState, .locationCountry, .locationAddress, .locationPostalCode, .locationLatitude,
        .locationLongitude,
    ]
    static let atTopLevel = allCases.filter { !insideRawData.contains($0) && !insideLocation.contains($0) }
}
