import JSON

/// Objects of one load that the warehouse rejected, until it is known whether their table is the cause.
struct LoadTrials {
    private struct Table {
        /// Objects of the load.
        var total = 0
        var isAccepting = false
        var rejected: [(object: StagedObject, reason: String)] = []
        /// When to stop trying objects of a table that accepts none: others need the time, too.
        var end: ContinuousClock.Instant?
    }

    private var tables: [WarehouseTable: Table] = [:]

    init(_ objects: [StagedObject]) {
        for object in objects { tables[object.table, default: Table()].total += 1 }
    }

    /// Whether the table has accepted an object of the load.
    func isAccepting(_ table: WarehouseTable) -> Bool { tables[table]?.isAccepting ?? false }

    /// The part of rejected objects to try next: the one that the error names, else one half.
    ///
    /// The first half until an object is found; then the last one until the table accepts one, for if those at the front are
    /// all rejected, it would be taken for the cause before the others are tried.
    func next(of suspects: [StagedObject], _ reason: String) -> [StagedObject] {
        let table = suspects.first.flatMap { tables[$0.table] }
        let rejections = table?.isAccepting == true ? 0 : table?.rejected.count ?? 0
        if rejections <= Self.namedLimit, let named = suspects.first(where: { reason.contains(bytes: $0.key) }) {
            return [named]
        }
        let half = suspects.count / 2
        return Array(rejections == 0 ? suspects.prefix(half) : suspects.suffix(half))
    }

    /// Rejected objects after which the names in errors are not followed until the table accepts one.
    private static let namedLimit = 10

    mutating func accept(_ objects: [StagedObject]) {
        for object in objects { tables[object.table]?.isAccepting = true }
    }

    mutating func reject(_ object: StagedObject, _ reason: String, until deadline: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        var table = tables[object.table] ?? Table()
        table.rejected.append((object, reason))
        table.end = table.end ?? now + (deadline - now) / 3
        tables[object.table] = table
    }

    mutating func forget(_ table: WarehouseTable) { tables[table] = nil }

    /// Takes the rejected objects that are the cause themselves: of tables that accept others, or had `limit` at most.
    mutating func takeMovable(limit: Int) -> [(object: StagedObject, reason: String)] {
        var taken: [(object: StagedObject, reason: String)] = []
        for (name, table) in tables where table.isAccepting || table.total <= limit {
            taken += table.rejected
            tables[name]?.rejected = []
        }
        return taken
    }

    /// Tables that accept no object, as far as `limit` of them or the time have shown.
    func hopeless(limit: Int) -> [(WarehouseTable, String)] {
        tables.compactMap { name, table in
            guard let first = table.rejected.first, table.rejected.count >= limit || table.end ?? .now < .now else {
                return nil
            }
            return (name, first.reason)
        }
    }

    /// Tables with rejected objects that are left when all were tried.
    var rest: [(WarehouseTable, String)] { hopeless(limit: 1) }
}
