import Basics
import JSON

/// The rejected objects of one load, until it is known whether their table is the cause.
struct LoadTrials {
    private struct Table {
        /// The number of objects in the load.
        var total = 0
        var isAccepting = false
        var rejected: [(object: StagedObject, reason: String)] = []
        /// When to stop trying objects of a table that accepts none, so that time is left for other tables.
        var end: ContinuousClock.Instant?
    }

    private var tables: [WarehouseTable: Table] = [:]

    init(_ objects: [StagedObject]) {
        for object in objects { tables[object.table, default: Table()].total += 1 }
    }

    /// Returns whether the table has accepted an object of the load.
    func isAccepting(_ table: WarehouseTable) -> Bool { tables[table]?.isAccepting ?? false }

    /// Returns the part of the rejected objects to try next: the one that the error names, or one half.
    ///
    /// The first half is tried until an object is found; then the last half until the table accepts an object. Otherwise a
    /// table whose first objects are all rejected would be considered the cause before the others are tried.
    func next(of suspects: [StagedObject], _ reason: String) -> [StagedObject] {
        let table = suspects.first.flatMap { tables[$0.table] }
        let rejections = table?.isAccepting == true ? 0 : table?.rejected.count ?? 0
        if rejections <= Self.namedLimit, let named = suspects.first(where: { reason.contains(bytes: $0.key) }) {
            return [named]
        }
        let half = suspects.count / 2
        return Array(rejections == 0 ? suspects.prefix(half) : suspects.suffix(half))
    }

    /// The number of rejected objects after which names in errors are ignored until the table accepts an object.
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

    /// Removes and returns the rejected objects that are the cause themselves: those of tables that accept others, or that
    /// rejected `limit` objects at most.
    mutating func takeMovable(limit: Int) -> [(object: StagedObject, reason: String)] {
        var taken: [(object: StagedObject, reason: String)] = []
        for (name, table) in tables where table.isAccepting || table.total <= limit {
            taken += table.rejected
            tables[name]?.rejected = []
        }
        return taken
    }

    /// Returns the tables that rejected more than `limit` objects, or objects until the time limit, and accepted none.
    func hopeless(limit: Int) -> [(WarehouseTable, String)] {
        tables.compactMap { name, table in
            guard let first = table.rejected.first, table.rejected.count >= limit || table.end ?? .now < .now else {
                return nil
            }
            return (name, first.reason)
        }
    }

    /// The tables that have rejected objects after all objects were tried.
    var rest: [(WarehouseTable, String)] { hopeless(limit: 1) }
}
