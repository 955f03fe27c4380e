import Basics
import JSON

/// The figures of one tumbling window of one shard, which the window's state carries from invocation to invocation.
///
/// The figures are in the member ``member`` of the state; other members are returned unchanged. Only records that the
/// response acknowledges are counted. Lambda may still redeliver them, so the figures are estimates, and marked as such.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
struct WindowAggregates: Sendable, Equatable {
    static let member = "aggregates"
    /// The most bytes of the state for concerts: Lambda ends a window whose state exceeds 1 MB.
    static let concertBytes = 500_000

    /// The figures of one concert in this window.
    struct ConcertFigures: Sendable, Equatable {
        var sales = 0
        var tickets = 0
        var revenue = Money()
        /// The last status that was received.
        var status: Concert.Status?
    }

    /// The names of the kinds, in the order of the state.
    private let kinds: [String]
    /// The number of records of each kind, in the order of ``kinds``.
    private(set) var records: [Int]
    private(set) var sales = 0
    private(set) var tickets = 0
    private(set) var revenue = Money()
    /// The number of times that a concert's status changed within this window, by new status.
    private(set) var statusChanges: [Concert.Status: Int] = [:]
    /// The concerts by ID in UTF-8, because canonically equivalent IDs are equal as `String`s.
    private(set) var concerts: [[UInt8]: ConcertFigures] = [:]
    /// The number of concerts that did not fit; their sales are only in the sums.
    private(set) var omittedConcerts = 0
    private var bytes = 0

    var recordCount: Int { records.reduce(0, +) }

    init(_ catalog: EntityCatalog = .builtIn) {
        kinds = catalog.schemas.map(\.name)
        records = kinds.map { _ in 0 }
    }
}

/// Counting of records.
extension WindowAggregates {
    mutating func add(_ record: EntityRecord, of batch: RecordBatch) {
        for (index, kind) in batch.catalog.kinds.enumerated() where kind == record.kind { records[index] += 1 }
        if let concert = batch.view(record, as: Concert.self) {
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

    /// Changes the figures of a concert, and adds the concert if it is new.
    ///
    /// - Returns: Whether the concert fits.
    private mutating func change(_ id: [UInt8], _ body: (inout ConcertFigures) -> Void) -> Bool {
        if var known = concerts[id] {
            body(&known)
            concerts[id] = known
            return true
        }
        // The size of the ID as JSON, and of the longest figures.
        let size = JSONValue.string(Self.name(id)).bytes.count + 160
        guard bytes + size <= Self.concertBytes else { return false }
        bytes += size
        var new = ConcertFigures()
        body(&new)
        concerts[id] = new
        return true
    }
}

extension WindowAggregates {
    /// Returns an ID as the name of a member of the state.
    private static func name(_ id: [UInt8]) -> String { String(decoding: id, as: UTF8.self) }
}

/// Reading and writing of the state.
extension WindowAggregates {
    /// - Parameter state: The window's state in the event; members that this program did not write are ignored.
    init(_ state: JSONValue, _ catalog: EntityCatalog = .builtIn) {
        self.init(catalog)
        guard let own = state[Self.member] else { return }
        records = kinds.map { own["records"]?[$0]?.integer.flatMap(Self.count) ?? 0 }
        (sales, tickets) = (Self.count(own["sales"]?.integer) ?? 0, Self.count(own["tickets"]?.integer) ?? 0)
        revenue = Money(own["revenue"]?.string)
        omittedConcerts = Self.count(own["omittedConcerts"]?.integer) ?? 0
        for status in Concert.Status.allCases {
            statusChanges[status] = own["statusChanges"]?[status.rawValue]?.integer.flatMap(Self.count)
        }
        for member in own["concerts"]?.object?.members ?? [] {
            _ = change(Array(member.name.utf8)) { concert in
                concert.sales = Self.count(member.value["sales"]?.integer) ?? 0
                concert.tickets = Self.count(member.value["tickets"]?.integer) ?? 0
                concert.revenue = Money(member.value["revenue"]?.string)
                let status = member.value["status"]?.string
                concert.status = status.flatMap { status in
                    Concert.Status.allCases.first { $0.rawValue.hasSameBytes(as: status) }
                }
            }
        }
    }

    /// Returns a count, or nil if it is larger than any window reaches, so that sums cannot overflow.
    private static func count(_ value: Int?) -> Int? { value.flatMap { 0...1_000_000_000_000 ~= $0 ? $0 : nil } }

    /// Returns the new state.
    ///
    /// - Parameter state: The previous state.
    func state(replacing state: JSONValue) -> [UInt8] {
        var members = (state.object?.members ?? []).filter { !$0.name.hasSameBytes(as: Self.member) }.map {
            ($0.name, Optional($0.value))
        }
        members.append((Self.member, json()))
        let bytes = JSONValue.object(ofPresent: members).bytes
        // Members of other programs may be large as well.
        guard bytes.count > 950_000 else { return bytes }
        members[members.count - 1].1 = json(concertLimit: 0)
        return JSONValue.object(ofPresent: members).bytes
    }

    /// Returns the figures as JSON.
    ///
    /// - Parameter concertLimit: The most concerts to list, those with the highest revenue; nil for all.
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
                    object(Concert.Status.allCases.map { ($0.rawValue, statusChanges[$0] ?? 0) })
                ),
                ("concerts", .object(ofPresent: listed)),
                ("omittedConcerts", .integer(omittedConcerts + ranked.count - listed.count)),
            ])
    }
}

extension RecordBatch {
    /// Returns the price that was paid: the total price, or quantity times unit price.
    fileprivate func revenue(of sale: TicketSale) -> Money {
        if let total = sale.totalPrice { return Money(DecimalValue(total.text.range, of: storage.bytes.span)) }
        return Money(DecimalValue(sale.unitPrice.text.range, of: storage.bytes.span), times: sale.quantity)
    }
}
