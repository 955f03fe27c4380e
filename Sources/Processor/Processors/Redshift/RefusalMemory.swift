import Synchronization

/// Records that the warehouse refused one after the other for the same reason, over all batches of a process.
///
/// When records are refused and none of their table is accepted in between, the reason is the table: a column that was made
/// narrower, for example. The records are good then and must not be rejected, even if each batch has only one.
final class RefusalMemory: Sendable {
    /// Records refused for the same reason that can still be the records' own fault.
    static let limit = 10

    /// Why records of a table were refused.
    struct Cause: Hashable, Sendable {
        var table: WarehouseTable
        /// ``SQLFailure/cause(of:)``.
        var text: [UInt8]
    }

    private static let capacity = 64
    private let records = Mutex<[Cause: Set<Record>]>([:])

    /// A record, which is refused again each time it is redelivered.
    private struct Record: Hashable {
        var id: [UInt8]
        var version: RecordVersion
    }

    /// Notes a refused record, and returns how many records the cause has; counts one more than ``limit`` at most.
    func add(_ row: WarehouseRow, cause: Cause) -> Int {
        records.withLock { records in
            if records.count >= Self.capacity, records[cause] == nil { records.removeAll() }
            var known = records[cause] ?? []
            if known.count <= Self.limit { known.insert(Record(id: row.id, version: row.version)) }
            records[cause] = known
            return known.count
        }
    }

    /// Forgets the causes of tables that have accepted a record.
    func forget(_ tables: Set<WarehouseTable>) {
        records.withLock { records in
            guard !records.isEmpty else { return }
            records = records.filter { !tables.contains($0.key.table) }
        }
    }
}
