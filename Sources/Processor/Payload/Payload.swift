/// What a producer said about one entity.
public enum Payload: Sendable, Hashable {
    case artist(Artist)
    case concert(Concert)
    case venue(Venue)
    case ticketSale(TicketSale)

    /// What sort of entity it is; the raw value is the name in messages, logs and cache keys.
    public enum Kind: String, Sendable, CaseIterable {
        case artist, concert, venue
        case ticketSale = "ticket_sale"
    }

    public var kind: Kind {
        switch self {
        case .artist: .artist
        case .concert: .concert
        case .venue: .venue
        case .ticketSale: .ticketSale
        }
    }

    /// The entity's key.
    public var id: Text {
        switch self {
        case .artist(let artist): artist.artistID
        case .concert(let concert): concert.concertID
        case .venue(let venue): venue.venueID
        case .ticketSale(let sale): sale.saleID
        }
    }
}
