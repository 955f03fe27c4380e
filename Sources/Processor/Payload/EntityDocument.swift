import JSON

/// An entity as one JSON document, as the cache, notifications and DEBUG logs hold it.
extension RecordBatch {
    /// Writes the entity's members, with `source` and `ingestion_timestamp`, into an object that is open; absent ones are
    /// left out.
    public func writeMembers(of payload: Payload, to writer: inout JSONWriter) {
        switch payload {
        case .artist(let artist): write(artist, to: &writer)
        case .concert(let concert): write(concert, to: &writer)
        case .venue(let venue): write(venue, to: &writer)
        case .ticketSale(let sale): write(sale, to: &writer)
        }
    }

    /// The whole document.
    public func document(of payload: Payload) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writeMembers(of: payload, to: &writer)
        writer.closeObject()
        return writer.bytes
    }

    private func write(_ artist: Artist, to writer: inout JSONWriter) {
        write(.artistID, artist.artistID, to: &writer)
        write(.name, artist.name, to: &writer)
        write(.genres, artist.genres, to: &writer)
        write(.popularityScore, artist.popularityScore, to: &writer)
        write(.formationDate, artist.formationDate?.description, to: &writer)
        write(.members, artist.members, to: &writer)
        write(.spotifyID, artist.spotifyID, to: &writer)
        write(.followers, artist.followers, to: &writer)
        write(artist.source, artist.ingestionTimestamp, to: &writer)
    }

    private func write(_ concert: Concert, to writer: inout JSONWriter) {
        write(.concertID, concert.concertID, to: &writer)
        write(.artistID, concert.artistID, to: &writer)
        write(.venueID, concert.venueID, to: &writer)
        write(.eventDate, concert.eventDate.description, to: &writer)
        write(.name, concert.name, to: &writer)
        write(concert.ticketPrices, to: &writer)
        write(.totalAttendance, concert.totalAttendance, to: &writer)
        write(.revenue, concert.revenue, to: &writer)
        write(.status, concert.status.rawValue, to: &writer)
        write(.ticketmasterID, concert.ticketmasterID, to: &writer)
        write(.url, concert.url, to: &writer)
        write(concert.source, concert.ingestionTimestamp, to: &writer)
    }

    private func write(_ venue: Venue, to writer: inout JSONWriter) {
        write(.venueID, venue.venueID, to: &writer)
        write(.name, venue.name, to: &writer)
        write(.city, venue.city, to: &writer)
        write(.state, venue.state, to: &writer)
        write(.country, venue.country, to: &writer)
        write(.address, venue.address, to: &writer)
        write(.postalCode, venue.postalCode, to: &writer)
        write(.latitude, venue.latitude, to: &writer)
        write(.longitude, venue.longitude, to: &writer)
        write(.capacity, venue.capacity, to: &writer)
        write(.venueType, venue.kind?.rawValue, to: &writer)
        write(.amenities, venue.amenities, to: &writer)
        write(.ticketmasterID, venue.ticketmasterID, to: &writer)
        write(venue.source, venue.ingestionTimestamp, to: &writer)
    }

    private func write(_ sale: TicketSale, to writer: inout JSONWriter) {
        write(.saleID, sale.saleID, to: &writer)
        write(.concertID, sale.concertID, to: &writer)
        write(.customerID, sale.customerID, to: &writer)
        write(.ticketTier, sale.ticketTier, to: &writer)
        write(.quantity, sale.quantity, to: &writer)
        write(.unitPrice, sale.unitPrice, to: &writer)
        write(.totalPrice, sale.totalPrice, to: &writer)
        write(.purchaseTimestamp, sale.purchaseTimestamp.description, to: &writer)
        write(.paymentMethod, sale.paymentMethod, to: &writer)
        write(.customerSegment, sale.customerSegment, to: &writer)
        write(sale.source, sale.ingestionTimestamp, to: &writer)
    }
}

/// One member by its type.
extension RecordBatch {
    private func write(_ source: Text?, _ ingestionTimestamp: Timestamp?, to writer: inout JSONWriter) {
        write(.source, source, to: &writer)
        write(.ingestionTimestamp, ingestionTimestamp?.description, to: &writer)
    }

    private func write(_ field: Field, _ text: Text?, to writer: inout JSONWriter) {
        guard let text else { return }
        writer.key(field.name.description)
        write(text, to: &writer)
    }

    private func write(_ field: Field, _ text: String?, to writer: inout JSONWriter) {
        guard let text else { return }
        writer.key(field.name.description)
        writer.string(text)
    }

    private func write(_ field: Field, _ number: Number?, to writer: inout JSONWriter) {
        guard let number else { return }
        writer.key(field.name.description)
        writer.raw(storage.bytes.span.extracting(number.text.range))
    }

    private func write(_ field: Field, _ number: (some FixedWidthInteger)?, to writer: inout JSONWriter) {
        guard let number else { return }
        writer.key(field.name.description)
        writer.integer(number)
    }

    private func write(_ field: Field, _ list: TextList?, to writer: inout JSONWriter) {
        guard let list else { return }
        writer.key(field.name.description)
        writer.openArray()
        for text in texts(list) { write(text, to: &writer) }
        writer.closeArray()
    }

    private func write(_ prices: TicketPrices?, to writer: inout JSONWriter) {
        guard let prices else { return }
        writer.key(Field.ticketPrices.name.description)
        writeObject(of: prices, to: &writer)
    }

    private func writeObject(of prices: TicketPrices, to writer: inout JSONWriter) {
        writer.openObject()
        let pairs = texts(prices.pairs)
        for index in stride(from: pairs.startIndex, to: pairs.endIndex, by: 2) {
            writer.key(string(pairs[index]))
            writer.raw(storage.bytes.span.extracting(pairs[index + 1].range))
        }
        writer.closeObject()
    }

    /// Ticket prices as a JSON object of tiers and numbers.
    func json(of prices: TicketPrices) -> [UInt8] {
        var writer = JSONWriter()
        writeObject(of: prices, to: &writer)
        return writer.bytes
    }

    private func write(_ text: Text, to writer: inout JSONWriter) {
        writer.string(storage.bytes.span.extracting(text.range))
    }
}
