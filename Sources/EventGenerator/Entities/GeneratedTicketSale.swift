/// A sale of tickets from an uploaded file; some importers preserve types, others send each column as text.
struct GeneratedTicketSale: Entity {
    static let dataTypes = ["ticket_sales", "ticket_sales", "ticket_sales", "ticket_sale"]

    let id: String
    let source = "upload"
    let uploadShare = 40
    private let concertID: String
    private let customer: Int
    private let tier: (name: String, cents: Int)
    private let quantity: Int
    private let purchase: Moment
    private let paymentMethod: String
    private let segment: String

    init(number: Int, concert: GeneratedConcert, random: SplitMix64) {
        var random = random
        id = "sale_" + String(100_000_000 + number).dropFirst()
        concertID = concert.id
        customer = random.within(10_000...99_999)
        tier = random.pick(concert.tiers)
        quantity = random.within(1...random.pick([2, 4, 6, 20]))
        // Within the month before 8 November 2026.
        let month = Int(30 * Moment.day)
        purchase = Moment(microseconds: 1_794_096_000 * Moment.second) - Int64(random.below(month))
        paymentMethod = random.pick(Words.paymentMethods)
        segment = random.pick(Words.segments)
    }

    func writeFields(to payload: inout PythonJSONWriter, at time: Moment, random: inout SplitMix64) {
        payload.member("sale_id", id)
        payload.member("concert_id", concertID)
        payload.member("customer_id", random.chance(3) ? nil : "cust_\(customer)")
        payload.member(random.chance(75) ? "price_tier" : "ticket_tier", tier.name)
        payload.member("quantity", quantity)
        payload.member("unit_price", FixedPoint(cents: tier.cents))
        let total = random.chance(95) ? FixedPoint(cents: quantity * tier.cents) : nil
        payload.member(random.chance(75) ? "total_amount" : "total_price", total)
        payload.member("purchase_timestamp", purchase.isoformat())
        payload.member("payment_method", paymentMethod)
        payload.member("customer_segment", random.chance(25) ? nil : segment)
        payload.member("created_at", time.isoformat())
    }
}
