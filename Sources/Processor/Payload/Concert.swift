/// One event on one date.
public struct Concert: Sendable, Hashable {
    /// Where a concert stands.
    public enum Status: String, Sendable, CaseIterable {
        case scheduled, completed, cancelled, postponed
    }

    public var concertID: Text
    public var artistID: Text?
    public var venueID: Text?
    public var eventDate: Timestamp
    public var name: Text?
    public var ticketPrices: TicketPrices?
    public var totalAttendance: Int32?
    public var revenue: Number?
    /// ``Status/scheduled`` where the producer gave none.
    public var status: Status
    public var ticketmasterID: Text?
    public var url: Text?
    public var source: Text?
    public var ingestionTimestamp: Timestamp?
}
