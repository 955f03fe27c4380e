/// One purchase of 1 to 20 tickets of one tier.
public struct TicketSale: Sendable, Hashable {
    public var saleID: Text
    public var concertID: Text
    public var customerID: Text?
    public var ticketTier: Text
    public var quantity: Int32
    /// Above 0.
    public var unitPrice: Number
    /// Within 0.01 of quantity times unit price; never computed where the producer gave none.
    public var totalPrice: Number?
    public var purchaseTimestamp: Timestamp
    public var paymentMethod: Text?
    public var customerSegment: Text?
    public var source: Text?
    public var ingestionTimestamp: Timestamp?
}
