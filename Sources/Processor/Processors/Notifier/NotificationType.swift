/// A type of notification; the raw value is the name in messages and settings.
package enum NotificationType: String, Sendable, CaseIterable {
    case concertAnnounced = "concert.announced"
    case concertRescheduled = "concert.rescheduled"
    case concertCancelled = "concert.cancelled"
    case concertPostponed = "concert.postponed"
    case artistPopular = "artist.popular"

    /// The kind of entity whose records can cause the notification.
    var schema: EntitySchema { self == .artistPopular ? Artist.schema : Concert.schema }
}
