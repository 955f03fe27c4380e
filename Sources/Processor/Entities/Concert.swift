/// A concert, which takes place on one date.
package struct Concert: EntityView {
    /// The status of a concert.
    package enum Status: String, FieldChoice {
        case scheduled, completed, cancelled, postponed
    }

    package static let schema = EntitySchema(
        "concert", dataTypes: ["concerts", "events"], otherDataTypes: ["concert", "event"], table: "concerts",
        sortKey: "event_date",
        isCached: true,
        fields: [
            FieldDescription("concert_id", aliases: ["event_id"], .text(), .key, column: .varchar(100)),
            FieldDescription("artist_id", .text(), column: .varchar(100)),
            FieldDescription("venue_id", .text(), column: .varchar(100)),
            FieldDescription("event_date", .timestamp, .required, column: .timestamp),
            FieldDescription("name", aliases: ["raw_data.name"], .text(), column: .varchar(2000)),
            FieldDescription("ticket_prices", .prices, column: .varchar(4000)),
            FieldDescription("total_attendance", .integer(0...Int64(Int32.max)), column: .integer),
            FieldDescription("revenue", .number(.from(0)), column: .decimal(14, 2)),
            FieldDescription(
                "status", .choice(Choices(Status.self, synonyms: [("canceled", .cancelled)])),
                default: .choice("scheduled"), column: .varchar(20)),
            FieldDescription("ticketmaster_id", .text(), column: .varchar(100)),
            FieldDescription("url", aliases: ["raw_data.url"], .text(), column: .varchar(2000)),
        ])

    private static let artistIDField = schema.field("artist_id", as: Text.self)
    private static let venueIDField = schema.field("venue_id", as: Text.self)
    private static let eventDateField = schema.field("event_date", as: Timestamp.self)
    private static let statusField = schema.field("status", as: Status.self)

    let values: EntityValues

    package init(_ values: EntityValues) { self.values = values }

    package var artistID: Text? { values[Self.artistIDField] }
    package var venueID: Text? { values[Self.venueIDField] }
    /// The date of the concert, which every valid record has.
    package var eventDate: Timestamp { values[Self.eventDateField] ?? Timestamp(secondsSinceEpoch: 0) }
    package var status: Status { values[Self.statusField] ?? .scheduled }
}
