/// A venue, where concerts take place.
package struct Venue: EntityView {
    /// The type of a venue.
    package enum Kind: String, FieldChoice {
        case arena, stadium, theater, club, amphitheater, hall, other
    }

    package static let schema = EntitySchema(
        "venue", dataTypes: ["venues"], otherDataTypes: ["venue"], table: "venues", isCached: true,
        objects: ["location"],
        fields: [
            FieldDescription("venue_id", .text(), .key, column: .varchar(100)),
            FieldDescription("name", .text(), .required, column: .varchar(800)),
            FieldDescription("city", aliases: ["location.city"], .text(), .required, column: .varchar(400)),
            FieldDescription("state", aliases: ["location.state"], .text(), column: .varchar(200)),
            FieldDescription("country", aliases: ["location.country"], .text(), .required, column: .varchar(400)),
            FieldDescription(
                "address", aliases: ["location.address"], .text(), column: .varchar(1200, after: "name")),
            FieldDescription("postal_code", aliases: ["location.postal_code"], .text(), column: .varchar(80)),
            FieldDescription(
                "latitude", aliases: ["location.latitude"], .number(.within(-90...90)), column: .decimal(10, 7)),
            FieldDescription(
                "longitude", aliases: ["location.longitude"], .number(.within(-180...180)), column: .decimal(10, 7)),
            FieldDescription("capacity", .integer(1...Int64(Int32.max)), column: .integer),
            FieldDescription("venue_type", .choice(Choices(Kind.self)), column: .varchar(50)),
            FieldDescription("amenities", .list(), column: .varchar(4000)),
            FieldDescription("ticketmaster_id", .text(), column: .varchar(100)),
        ])

    private static let capacityField = schema.field("capacity", as: Int64.self)

    let values: EntityValues

    package init(_ values: EntityValues) { self.values = values }

    /// The capacity in people, above 0.
    package var capacity: Int64? { values[Self.capacityField] }
}
