/// An artist, who plays concerts.
package struct Artist: EntityView {
    package static let schema = EntitySchema(
        "artist", dataTypes: ["artists"], otherDataTypes: ["artist"], table: "artists", isCached: true,
        fields: [
            FieldDescription("artist_id", .text(), .key, column: .varchar(100)),
            FieldDescription("name", .text(maxLength: 200), .required, column: .varchar(800)),
            FieldDescription(
                "genres", readFrom: ["genre", "genres"], .list(isLowercased: true),
                column: .varchar(2000, name: "genre")),
            FieldDescription(
                "popularity_score", .number(.within(0...100)), default: .number("0"), column: .decimal(5, 2)),
            FieldDescription("formation_date", .date, column: .date),
            FieldDescription("members", .list(), column: .varchar(4000)),
            FieldDescription("spotify_id", .text(), column: .varchar(100)),
            FieldDescription(
                "followers", aliases: [FieldSource("raw_data.followers", orInside: "total")], .integer(0...Int64.max),
                column: .bigint, note: "`raw_data.followers` may be Spotify's object, of which `total` is read."),
        ])

    private static let scoreField = schema.field("popularity_score", as: Number.self)

    let values: EntityValues

    package init(_ values: EntityValues) { self.values = values }

    /// The score, 0 to 100; 0 if the record has none.
    package var popularityScore: Number { values[Self.scoreField] ?? .zero }
}
