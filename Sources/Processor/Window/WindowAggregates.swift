import JSON

/// What happened in one tumbling window of one shard: kept in the window's state from invocation to invocation.
///
/// Kept in the state under ``member``; what else the state holds goes back as it came. Only records that the response
/// acknowledges are counted. Lambda may still bring one twice, so the figures are estimates, and say so.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
struct WindowAggregates: Sendable, Equatable {
    static let member = "aggregates"
    /// What the concerts may take of the state, in bytes: Lambda ends a window whose state is above 1 MB.
    static let concertBytes = 500_000

    /// One concert in this window.
    struct Concert: Sendable, Equatable {
        var sales = 0
        var tickets = 0
        var revenue = Money()
        /// The last one that came.
        var status: Processor.Concert.Status?
    }

    /// The names of the kinds, in the order of the state.
    private let kinds: [String]
    /// Records by kind, in the order of ``kinds``.
    private(set) var records: [Int]
    private(set) var sales = 0
    private(set) var tickets = 0
    private(set) var revenue = Money()
    /// How often a concert came with another status than the one before in this window.
    private(set) var statusChanges: [Processor.Concert.Status: Int] = [:]
    /// By ID in UTF-8: as `String`s, canonically equivalent IDs would be one.
    private(set) var concerts: [[UInt8]: Concert] = [:]
    /// Concerts for which there was no room; their sales are in the sums alone.
    private(set) var omittedConcerts = 0
    private var bytes = 0

    var recordCount: Int { records.reduce(0, +) }

    init(_ catalog: EntityCatalog = .builtIn) {
        kinds = catalog.schemas.map(\.name)
        records = kinds.map { _ in 0 }
    }
}

/// Counting.
extension WindowAggregates {
    mutating func add(_ record: EntityRecord, of batch: RecordBatch) {
        for (index, kind) in batch.catalog.kinds.enumerated() where kind == record.kind { records[index] += 1 }
        if let concert = batch.view(record, as: Processor.Concert.self) {
            let status = concert.status
            let id = batch.bytes(batch.id(of: record))
            if let before = concerts[id]?.status, before != status { statusChanges[status, default: 0] += 1 }
            if !change(id, { $0.status = status }) { omittedConcerts += 1 }
        } else if let sale = batch.view(record, as: TicketSale.self) {
            let price = batch.revenue(of: sale)
            sales += 1
            tickets += Int(sale.quantity)
            revenue.add(price)
            let isKnown = change(batch.bytes(sale.concertID)) { known in
                known.sales += 1
                known.tickets += Int(sale.quantity)
                known.revenue.add(price)
            }
            if !isKnown { omittedConcerts += 1 }
        }
    }

    /// - Returns: Whether there is room for the concert.
    private mutating func change(_ id: [UInt8], _ body: (inout Concert) -> Void) -> Bool {
        if var known = concerts[id] {
            body(&known)
            concerts[id] = known
            return true
        }
        // Its ID as JSON, and the figures at their longest.
        let size = JSONValue.string(Self.name(id)).bytes.count + 160
        guard bytes + size <= Self.concertBytes else { return false }
        bytes += size
        var new = Concert()
        body(&new)
        concerts[id] = new
        return true
    }
}

extension WindowAggregates {
    /// An ID as the name of a member of the state.
    private static func name(_ id: [UInt8]) -> String { String(decoding: id, as: UTF8.self) }
}

/// Reading and writing the state.
extension WindowAggregates {
    /// - Parameter state: What the event says of the window's state; anything that is not ours is passed over.
    init(_ state: JSONValue, _ catalog: EntityCatalog = .builtIn) {
        self.init(catalog)
        guard let own = state[Self.member] else { return }
        records = kinds.map { own["records"]?[$0]?.integer.flatMap(Self.count) ?? 0 }
        (sales, tickets) = (Self.count(own["sales"]?.integer) ?? 0, Self.count(own["tickets"]?.integer) ?? 0)
        revenue = Money(own["revenue"]?.string)
        omittedConcerts = Self.count(own["omittedConcerts"]?.integer) ?? 0
        for status in Processor.Concert.Status.allCases {
            statusChanges[status] = own["statusChanges"]?[status.rawValue]?.integer.flatMap(Self.count)
        }
        for member in own["concerts"]?.object?.members ?? [] {
            _ = change(Array(member.name.utf8)) { concert in
                concert.sales = Self.count(member.value["sales"]?.integer) ?? 0
                concert.tickets = Self.count(member.value["tickets"]?.integer) ?? 0
                concert.revenue = Money(member.value["revenue"]?.string)
                let status = member.value["status"]?.string
                concert.status = status.flatMap { status in
                    Processor.Concert.Status.allCases.first { $0.rawValue.hasSameBytes(as: status) }
                }
            }
        }
    }

    /// What no window reaches is none of our figures, and would overflow when it is added to.
    private static func count(_ value: Int?) -> Int? { value.flatMap { 0...1_000_000_000_000 ~= $0 ? $0 : nil } }

    /// The state to answer with.
    ///
    /// - Parameter state: The one that came.
    func state(replacing state: JSONValue) -> [UInt8] {
        var members = (state.object?.members ?? []).filter { !$0.name.hasSameBytes(as: Self.member) }.map {
            ($0.name, Optional($0.value))
        }
        members.append((Self.member, json()))
        let bytes = JSONValue.object(ofPresent: members).bytes
        // Somebody else's part may be large as well.
        guard bytes.count > 950_000 else { return bytes }
        members[members.count - 1].1 = json(concertLimit: 0)
        return JSONValue.object(ofPresent: members).bytes
    }

    /// - Parameter concertLimit: How many concerts it lists, those with the highest revenue; nil lists all.
    func json(concertLimit: Int? = nil) -> JSONValue {
        func object(_ counts: [(String, Int)]) -> JSONValue {
            .object(ofPresent: counts.filter { $0.1 > 0 }.map { ($0.0, .integer($0.1)) })
        }
        let ranked = concerts.sorted { one, other in
            let (revenue, otherRevenue) = (one.value.revenue.approximate, other.value.revenue.approximate)
            return revenue != otherRevenue ? revenue > otherRevenue : one.key.lexicographicallyPrecedes(other.key)
        }
        let listed = ranked.prefix(concertLimit ?? ranked.count).map { id, concert in
            (
                Self.name(id),
                Optional(
                    JSONValue.object(
                        ofPresent: [
                            ("sales", concert.sales > 0 ? .integer(concert.sales) : nil),
                            ("tickets", concert.sales > 0 ? .integer(concert.tickets) : nil),
                            ("revenue", concert.sales > 0 ? .string(concert.revenue.description) : nil),
                            ("status", concert.status.map { .string($0.rawValue) }),
                        ]))
            )
        }
        return .object(
            ofPresent: [
                ("records", object(Array(zip(kinds, records)))),
                ("sales", .integer(sales)), ("tickets", .integer(tickets)), ("revenue", .string(revenue.description)),
                (
                    "statusChanges",
                    object(Processor.Concert.Status.allCases.map { ($0.rawValue, statusChanges[$0] ?? 0) })
                ),
                ("concerts", .object(ofPresent: listed)),
                ("omittedConcerts", .integer(omittedConcerts + ranked.count - listed.count)),
            ])
    }
}

extension RecordBatch {
    /// What was paid: the total, else quantity times unit price.
    fileprivate func revenue(of sale: TicketSale) -> Money {
        if let total = sale.totalPrice { return Money(DecimalValue(total.text.range, of: storage.bytes.span)) }
        return Money(DecimalValue(sale.unitPrice.text.range, of: storage.bytes.span), times: sale.quantity)
    }
}
