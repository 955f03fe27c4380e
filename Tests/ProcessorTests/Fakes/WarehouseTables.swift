@testable import Processor

extension WarehouseTable {
    static let artists = table(of: Artist.self)
    static let concerts = table(of: Concert.self)
    static let venues = table(of: Venue.self)
    static let ticketSales = table(of: TicketSale.self)

    private static func table(of view: (some EntityView).Type) -> WarehouseTable {
        guard let table = view.schema.table else { fatalError("\(view) has no table") }
        return table
    }
}
