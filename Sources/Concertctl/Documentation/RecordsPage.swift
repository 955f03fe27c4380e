import JSON
import Processor

/// The command that prints `docs/records.md` from the schemas that the decoder uses.
struct RecordsPage: Command {
    static let description = CommandDescription(
        name: "records-documentation",
        summary: "print the record reference as Markdown for docs/records.md", isHidden: true
    )

    init(_ input: Input) {}

    func run() -> ExitStatus {
        Output.print(.lines(Self.text(EntityCatalog.builtIn)))
        return .done
    }

    static func text(_ catalog: EntityCatalog) -> String {
        """
        # Records

        The records that producers put on the stream: all kinds, their fields, and the rules for values. `make docs`
        generates this page from the schemas in `Sources/Processor/Entities`; do not edit it.

        The data of a Kinesis record is one JSON object in UTF-8, plain or compressed with gzip (up to 10 MiB of JSON), alone
        or in an aggregate of the Kinesis Producer Library (KPL). `concertctl stream put --dry-run` and `concertctl replay
        FILE` show how the function would process a record. This is a ticket sale with all of its fields:

        ```json
        {"data_type": "ticket_sales", "source": "box_office", "ingestion_timestamp": "2026-11-08T12:00:05Z", "sale_id": "s1",
         "concert_id": "c1", "customer_id": "u1", "price_tier": "vip", "quantity": 2, "unit_price": 148.70, "total_amount": 297.40,
         "purchase_timestamp": "2026-11-08T12:00:00Z", "payment_method": "credit_card", "customer_segment": "regular"}
        ```

        ## Versions

        Use the entity's ID as partition key, so that all versions of an entity are on one shard and stay in order.

        The newest version of an entity wins, in the tables, in the cache and for notifications. Of two records of one shard, the
        one with the higher sequence number is newer; of two records of one KPL aggregate, the later one. Of two records of
        different shards, the one that the stream accepted later is newer (its arrival time). `ingestion_timestamp` and the
        other fields do not count.

        ## Shapes

        \(shapes)

        ## Values

        \(rules)

        \(catalog.schemas.map(section).joined(separator: "\n\n"))

        ## Rejected records

        A record that violates a rule is dead-lettered with a reason and a message that contains the field, the value, and
        the rule, such as `artist.popularity_score: 185.0 is outside 0...100`.

        | reason | meaning |
        | --- | --- |
        | `base64`, `gzip`, `kpl` | the data cannot be unpacked |
        | `utf8`, `json` | the data is not valid UTF-8, or not JSON according to RFC 8259, which excludes NaN and Infinity |
        | `kind` | the record is not an object, or its kind is unknown |
        | `missing` | a required field is absent |
        | `type` | a value has the wrong JSON type |
        | `range` | a value is not allowed, or, with `redshift`, does not fit in its column |
        """
    }

    private static let shapes = """
        | shape | when |
        | --- | --- |
        | flat | the fields, with `data_type`, `source` and `ingestion_timestamp` next to them |
        | enveloped | the fields are in an object `payload`; `data_type`, `source` and `ingestion_timestamp` next to it take precedence over those in it |
        | wrapped | an object `data` contains a record of another shape, and neither `data_type` nor an ID is next to it; at most twice |
        | bare | only the fields: without `data_type`, the first ID in the order below determines the kind |
        | test | `"test": true`: acknowledged and counted, but not processed |

        ```json
        {"data_type": "artists", "source": "spotify", "ingestion_timestamp": "2026-11-08T12:00:00", "artist_id": "a1", "name": "Nova"}
        {"data_type": "concerts", "source": "ticketmaster", "payload": {"concert_id": "c1", "event_date": "2026-12-24T20:00:00+01:00"}}
        {"timestamp": "2026-11-08T12:00:00", "data": {"venue_id": "v1", "name": "Apollo", "city": "New York", "country": "US"}}
        {"sale_id": "s1", "concert_id": "c1", "price_tier": "vip", "quantity": "2", "unit_price": "148.70", "purchase_timestamp": "2026-11-08"}
        {"test": true}
        ```

        `data_type` is one of the names of a kind below, in any letter case. Without it, the first of these IDs determines the
        kind: \(inferenceOrder). Unknown members of any size are skipped. Of duplicate members, the last one counts.
        """

    private static var inferenceOrder: String {
        EntityCatalog.builtIn.inferenceKeys.map { "`\($0)`" }.joined(separator: ", ")
    }

    private static let rules = """
        `null`, text that is only white space, `[]`, and `{}` are equivalent to an absent member.

        | type | accepted |
        | --- | --- |
        | text | a JSON string, trimmed; U+0000 is not allowed; IDs have at most 1,024 bytes, and at most 100 with `redshift` |
        | number | a JSON number, or text that is exactly a JSON number; 0, or a magnitude within 1e-300...1e300 |
        | integer | a number without a fraction: `2`, `2.0`, and `2e0` are equal |
        | boolean | `true` or `false`, also as text in any letter case |
        | date | `YYYY-MM-DD` |
        | timestamp | `YYYY-MM-DD`, alone or with `T` or a space and `HH:MM:SS`, up to 9 fraction digits, and nothing, `Z`, `±HH:MM` or `±HH:MM:SS`; no offset means UTC |
        | list | a list of texts, or one text that is split at <code>&#124;</code>, or at commas where it has none; blank and null items are dropped |
        | choice | one of the words, in any letter case |
        | prices | an object of tiers and prices, or text such as <code>general:59.48&#124;vip:148.7</code>; prices are not below 0, and null prices are dropped |

        A field with several names has the value of the first name that is present; the others are ignored. `object.member`
        is a member of an object in the record.

        The columns below are those of `redshift`. A text that is longer than its `VARCHAR(n)`, n bytes of UTF-8, is rejected. A
        number is rounded to the decimals of its column, half away from zero, and rejected if it has too many digits before
        the point. Timestamps are truncated to microseconds. Without `redshift`, values have no such limits.
        """

    private static func section(_ schema: EntitySchema) -> String {
        let names = (schema.dataTypes + schema.otherDataTypes).map { "`\($0)`" }.joined(separator: ", ")
        let rows = schema.fields.map { field in
            let cells = [
                field.sources.map { "`\($0.path)`" }.joined(separator: ", "), type(of: field), presence(of: field),
                field.column.map {
                    "`\($0.name ?? field.name)` \(WarehouseColumn($0.name ?? field.name, $0.type).sqlType)"
                }
                    ?? "",
                field.note ?? "",
            ]
            return "| \(cells.joined(separator: " | ")) |"
        }
        let table = schema.table.map { table in
            "Table `\(table.name)`, distributed by `\(table.distributionKey)` and sorted by `\(table.sortKey)`."
        }
        let cache = schema.isCached ? "The cache contains the newest document at `concert:\(schema.name):<ID>`." : nil
        let objects = schema.objects.map { "`\($0)` must be an object if it is present." }
        return """
            ## \(schema.name)

            `data_type`: \(names). \(([table, cache].compactMap { $0 } + objects).joined(separator: " "))

            | read from | type | presence | column | note |
            | --- | --- | --- | --- | --- |
            \(rows.joined(separator: "\n"))
            """
    }

    private static func type(of field: FieldDescription) -> String {
        switch field.type {
        case .text(let maxLength): return maxLength == .max ? "text" : "text, at most \(maxLength) characters"
        case .number(let bounds): return bounds.rule.map { "number, \($0)" } ?? "number"
        case .integer(let range):
            return "integer, \(range.lowerBound)...\(range.upperBound == .max ? "2^63-1" : "\(range.upperBound)")"
        case .boolean: return "boolean"
        case .date: return "date"
        case .timestamp: return "timestamp"
        case .list(let isLowercased): return isLowercased ? "list, in lower case" : "list"
        case .choice(let choices):
            let synonyms = choices.synonyms.map { "; `\($0.word)` is read as `\($0.meaning)`" }.joined()
            return "choice: \(choices.words.map { "`\($0)`" }.joined(separator: ", "))\(synonyms)"
        case .prices: return "prices"
        }
    }

    private static func presence(of field: FieldDescription) -> String {
        switch (field.presence, field.fallback) {
        case (.key, _): "required, the ID"
        case (.required, _): "required"
        case (.optional, nil): "optional"
        case (.optional, let fallback?): "default `\(fallback.text)`"
        }
    }
}
