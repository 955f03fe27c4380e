/// What subscribers are told of; the raw value is the name in messages and settings.
public enum NotificationType: String, Sendable, CaseIterable {
    case concertAnnounced = "concert.announced"
    case concertRescheduled = "concert.rescheduled"
    case concertCancelled = "concert.cancelled"
    case concertPostponed = "concert.postponed"
    case artistPopular = "artist.popular"

    /// Whose records can bring it.
    var schema: EntitySchema { self == .artistPopular ? Artist.schema : Concert.schema }
}
