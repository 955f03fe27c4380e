@testable import Processor

/// A fifth kind, all of whose description is in this file: who puts on concerts.
struct Promoter: EntityView {
    enum Status: String, FieldChoice, FieldValueReadable { case active, closed }

    static let schema = EntitySchema(
        "promoter", dataTypes: ["promoters"], otherDataTypes: ["promoter"], table: "promoters", sortKey: "name",
        isCached: true, objects: ["office"],
        fields: [
            FieldDescription("promoter_id", aliases: ["agency_id"], .text(), .key, column: .varchar(100)),
            FieldDescription("name", .text(maxLength: 40), .required, column: .varchar(160)),
            FieldDescription(
                "city", aliases: ["office.city", "office.town"], .text(), default: .text("unknown"),
                column: .varchar(80)),
            FieldDescription(
                "rating",
                .number(NumberBounds(minimum: .init("0.5"), maximum: .init("5", isExclusive: true))),
                default: .number("2.50"), column: .decimal(3, 2)),
            FieldDescription("employees", .integer(0...1_000_000), default: .integer(1), column: .integer),
            FieldDescription("is_independent", .boolean, default: .boolean(true), column: .boolean),
            FieldDescription("founded", .date, column: .date),
            FieldDescription("updated", .timestamp, column: .timestamp),
            FieldDescription("regions", .list(), column: .varchar(2000)),
            FieldDescription(
                "status", aliases: ["state"], .choice(Choices(Status.self, synonyms: [("shut", .closed)])),
                default: .choice("active"), column: .varchar(20)),
            FieldDescription("fees", .prices, column: .varchar(400)),
            FieldDescription("note", .text()),
        ])

    private static let statusField = schema.field("status", as: Status.self)

    let values: EntityValues

    init(_ values: EntityValues) { self.values = values }

    var status: Status { values[Self.statusField] ?? .active }
}
