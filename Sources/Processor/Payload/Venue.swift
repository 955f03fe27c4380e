/// Where it is played.
public struct Venue: Sendable, Hashable {
    /// What sort of place it is.
    public enum Kind: String, Sendable, CaseIterable {
        case arena, stadium, theater, club, amphitheater, hall, other
    }

    public var venueID: Text
    public var name: Text
    public var city: Text
    public var state: Text?
    public var country: Text
    public var address: Text?
    public var postalCode: Text?
    /// Degrees, -90 to 90.
    public var latitude: Number?
    /// Degrees, -180 to 180.
    public var longitude: Number?
    /// People; above 0.
    public var capacity: Int32?
    public var kind: Kind?
    public var amenities: TextList?
    public var ticketmasterID: Text?
    public var source: Text?
    public var ingestionTimestamp: Timestamp?
}
