import JSON

/// A purchase of tickets of one tier.
package struct TicketSale: EntityView {
    package static let schema = EntitySchema(
        "ticket_sale", dataTypes: ["ticket_sales"], otherDataTypes: ["ticket_sale"], table: "ticket_sales",
        distributionKey: "concert_id", sortKey: "purchase_timestamp",
        fields: [
            FieldDescription("sale_id", .text(), .key, column: .varchar(100)),
            FieldDescription("concert_id", .text(), .required, column: .varchar(100)),
            FieldDescription("customer_id", .text(), column: .varchar(100)),
            FieldDescription(
                "ticket_tier", aliases: ["price_tier"], .text(), .required, column: .varchar(50, name: "price_tier")),
            FieldDescription("quantity", .integer(1...20), .required, column: .integer),
            FieldDescription("unit_price", .number(.above(0)), .required, column: .decimal(10, 2)),
            FieldDescription(
                "total_price", aliases: ["total_amount"], .number(), column: .decimal(12, 2, name: "total_amount"),
                note: "Must not differ from `quantity` times `unit_price` by more than 0.01; never computed."),
            FieldDescription("purchase_timestamp", .timestamp, .required, column: .timestamp),
            FieldDescription("payment_method", .text(), column: .varchar(50)),
            FieldDescription("customer_segment", .text(), column: .varchar(50)),
        ],
        rule: EntityRule(field: "total_price", check: totalProblem))

    private static let concertIDField = schema.field("concert_id", as: Text.self)
    private static let quantityField = schema.field("quantity", as: Int64.self)
    private static let unitPriceField = schema.field("unit_price", as: Number.self)
    private static let totalPriceField = schema.field("total_price", as: Number.self)

    let values: EntityValues

    package init(_ values: EntityValues) { self.values = values }

    /// The ID of the concert, which every valid record has.
    package var concertID: Text { values[Self.concertIDField] ?? Text(start: 0, count: 0) }
    /// The number of tickets, 1 to 20.
    package var quantity: Int64 { values[Self.quantityField] ?? 1 }
    /// The price of one ticket, above 0.
    package var unitPrice: Number { values[Self.unitPriceField] ?? .zero }
    package var totalPrice: Number? { values[Self.totalPriceField] }

    /// Returns what is wrong with the total price, if it differs from quantity times unit price by more than 0.01.
    private static func totalProblem(_ values: Span<FieldValue>, _ texts: Span<UInt8>) -> String? {
        guard case .number(let total) = values[totalPriceField.index],
            case .number(let unitPrice) = values[unitPriceField.index],
            case .integer(let quantity) = values[quantityField.index]
        else { return nil }
        if let unit = DecimalValue(unitPrice.text.range, of: texts).tenThousandths,
            let sum = DecimalValue(total.text.range, of: texts).tenThousandths, abs(sum - quantity * unit) <= 100
        {
            return nil
        }
        guard
            DecimalDigits(total.text.range, of: texts)
                .differs(from: Int(quantity), times: DecimalDigits(unitPrice.text.range, of: texts))
        else { return nil }
        return "\(MessageText.shown(total.text.range, of: texts)) differs from quantity \(quantity) x unit_price "
            + "\(MessageText.shown(unitPrice.text.range, of: texts)) by more than 0.01"
    }
}
