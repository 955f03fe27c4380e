import JSON

/// The four entities, field by field.
extension PayloadDecoder {
    mutating func artist(in bytes: Span<UInt8>) throws(PayloadError) -> Artist {
        let id = try required(.artistID, of: .artist, in: bytes)
        let name = try required(.name, of: .artist, in: bytes)
        // A scalar has one byte or more.
        if name.count > 200, case let length = scalarCount(of: name), length > 200 {
            let shown = MessageText.shown(name.range, of: storage.bytes.span)
            throw PayloadError(
                .range, "artist.name: \"\(shown)\" has \(length) characters, and at most 200 are allowed")
        }
        return Artist(
            artistID: id, name: name,
            genres: try list(first(.genre, .genres, in: bytes), of: .artist, in: bytes, isLowercased: true),
            popularityScore: try number(.popularityScore, of: .artist, in: bytes) {
                ($0.isNegative && !$0.isZero) || $0.magnitudeExceeds(100) ? "is outside 0...100" : nil
            } ?? .zero,
            formationDate: try date(.formationDate, of: .artist, in: bytes),
            members: try list(.members, of: .artist, in: bytes),
            spotifyID: try text(.spotifyID, of: .artist, in: bytes),
            followers: try followers(in: bytes),
            source: try text(.source, of: .artist, in: bytes),
            ingestionTimestamp: try timestamp(.ingestionTimestamp, of: .artist, in: bytes))
    }

    mutating func concert(in bytes: Span<UInt8>) throws(PayloadError) -> Concert {
        Concert(
            concertID: try required(first(.concertID, .eventID, in: bytes), of: .concert, in: bytes),
            artistID: try text(.artistID, of: .concert, in: bytes),
            venueID: try text(.venueID, of: .concert, in: bytes),
            eventDate: try required(.eventDate, of: .concert, try timestamp(.eventDate, of: .concert, in: bytes)),
            name: try text(first(.name, .rawName, in: bytes), of: .concert, in: bytes),
            ticketPrices: try prices(.ticketPrices, of: .concert, in: bytes),
            totalAttendance: try whole32(.totalAttendance, of: .concert, in: bytes, from: 0),
            revenue: try number(.revenue, of: .concert, in: bytes) {
                $0.isNegative && !$0.isZero ? "is below 0" : nil
            },
            status: try choice(.status, of: .concert, in: bytes, among: statuses) ?? .scheduled,
            ticketmasterID: try text(.ticketmasterID, of: .concert, in: bytes),
            url: try text(first(.url, .rawURL, in: bytes), of: .concert, in: bytes),
            source: try text(.source, of: .concert, in: bytes),
            ingestionTimestamp: try timestamp(.ingestionTimestamp, of: .concert, in: bytes))
    }

    mutating func venue(in bytes: Span<UInt8>) throws(PayloadError) -> Venue {
        if let location = table[.location], location.kind != .object, isGiven(.location, in: bytes) {
            throw PayloadError(.type, "venue.location: \(shown(location, in: bytes)) is not an object")
        }
        return Venue(
            venueID: try required(.venueID, of: .venue, in: bytes),
            name: try required(.name, of: .venue, in: bytes),
            city: try required(first(.city, .locationCity, in: bytes), of: .venue, in: bytes),
            state: try text(first(.state, .locationState, in: bytes), of: .venue, in: bytes),
            country: try required(first(.country, .locationCountry, in: bytes), of: .venue, in: bytes),
            address: try text(first(.address, .locationAddress, in: bytes), of: .venue, in: bytes),
            postalCode: try text(first(.postalCode, .locationPostalCode, in: bytes), of: .venue, in: bytes),
            latitude: try number(first(.latitude, .locationLatitude, in: bytes), of: .venue, in: bytes) {
                $0.magnitudeExceeds(90) ? "is outside -90...90" : nil
            },
            longitude: try number(first(.longitude, .locationLongitude, in: bytes), of: .venue, in: bytes) {
                $0.magnitudeExceeds(180) ? "is outside -180...180" : nil
            },
            capacity: try whole32(.capacity, of: .venue, in: bytes, from: 1),
            kind: try choice(.venueType, of: .venue, in: bytes, among: venueKinds),
            amenities: try list(.amenities, of: .venue, in: bytes),
            ticketmasterID: try text(.ticketmasterID, of: .venue, in: bytes),
            source: try text(.source, of: .venue, in: bytes),
            ingestionTimestamp: try timestamp(.ingestionTimestamp, of: .venue, in: bytes))
    }

    mutating func ticketSale(in bytes: Span<UInt8>) throws(PayloadError) -> TicketSale {
        let sale = TicketSale(
            saleID: try required(.saleID, of: .ticketSale, in: bytes),
            concertID: try required(.concertID, of: .ticketSale, in: bytes),
            customerID: try text(.customerID, of: .ticketSale, in: bytes),
            ticketTier: try required(first(.ticketTier, .priceTier, in: bytes), of: .ticketSale, in: bytes),
            quantity: Int32(
                try required(
                    .quantity, of: .ticketSale, try whole(.quantity, of: .ticketSale, in: bytes, within: 1...20))),
            unitPrice: try required(
                .unitPrice, of: .ticketSale,
                try number(.unitPrice, of: .ticketSale, in: bytes) {
                    $0.isNegative || $0.isZero ? "is not above 0" : nil
                }),
            totalPrice: try number(first(.totalPrice, .totalAmount, in: bytes), of: .ticketSale, in: bytes) { _ in nil
            },
            purchaseTimestamp: try required(
                .purchaseTimestamp, of: .ticketSale, try timestamp(.purchaseTimestamp, of: .ticketSale, in: bytes)),
            paymentMethod: try text(.paymentMethod, of: .ticketSale, in: bytes),
            customerSegment: try text(.customerSegment, of: .ticketSale, in: bytes),
            source: try text(.source, of: .ticketSale, in: bytes),
            ingestionTimestamp: try timestamp(.ingestionTimestamp, of: .ticketSale, in: bytes))
        try checkTotal(of: sale, in: bytes)
        return sale
    }

    private func checkTotal(of sale: TicketSale, in bytes: Span<UInt8>) throws(PayloadError) {
        guard let total = sale.totalPrice else { return }
        let kept = storage.bytes.span
        if let unit = DecimalValue(sale.unitPrice.text.range, of: kept).tenThousandths,
            let sum = DecimalValue(total.text.range, of: kept).tenThousandths,
            abs(sum - Int64(sale.quantity) * unit) <= 100
        {
            return
        }
        let unitPrice = DecimalDigits(sale.unitPrice.text.range, of: kept)
        guard DecimalDigits(total.text.range, of: kept).differs(from: Int(sale.quantity), times: unitPrice) else {
            return
        }
        let field = first(.totalPrice, .totalAmount, in: bytes)
        throw PayloadError(
            .range,
            "\(name(field, of: .ticketSale)): \(MessageText.shown(total.text.range, of: kept)) differs from quantity "
                + "\(sale.quantity) x unit_price \(MessageText.shown(sale.unitPrice.text.range, of: kept)) by more than 0.01"
        )
    }
}

/// Rules that several fields share.
extension PayloadDecoder {
    /// The first of two names for one field when it is given, else the second.
    private func first(_ field: Field, _ other: Field, in bytes: Span<UInt8>) -> Field {
        isGiven(field, in: bytes) || !isGiven(other, in: bytes) ? field : other
    }

    private func required<Value>(
        _ field: Field, of entity: Payload.Kind, _ value: Value?
    ) throws(PayloadError) -> Value {
        guard let value else { throw missing(field, of: entity) }
        return value
    }

    private mutating func whole32(
        _ field: Field, of entity: Payload.Kind, in bytes: Span<UInt8>, from lowest: Int64
    ) throws(PayloadError) -> Int32? {
        try whole(field, of: entity, in: bytes, within: lowest...Int64(Int32.max)).map { Int32($0) }
    }

    /// `followers`, else `raw_data.followers`, which may be Spotify's own `{"total": n}`.
    private mutating func followers(in bytes: Span<UInt8>) throws(PayloadError) -> Int64? {
        let bounds = 0...Int64.max
        let field = first(.followers, .rawFollowers, in: bytes)
        guard field == .rawFollowers, let value = table[.rawFollowers], value.kind == .object else {
            return try whole(field, of: .artist, in: bytes, within: bounds)
        }
        var total: FieldValue?
        try forEachMember(of: value, in: bytes) { (_, key, member) throws(PayloadError) in
            let name = JSONString(range: key.range, isEscaped: key.isEscaped)
            if Self.totalKey.id(of: name, in: bytes) != nil { total = member }
        }
        guard let total, isGiven(total, in: bytes) else { return nil }
        return try whole(total, field, of: .artist, in: bytes, within: bounds)
    }

    private static let totalKey = KeyTable([("total", 0)])

    private func scalarCount(of text: Text) -> Int {
        storage.bytes[text.range].reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
    }
}
