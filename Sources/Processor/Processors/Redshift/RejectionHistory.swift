import Synchronization

/// Consecutive records that the warehouse rejected for the same reason, over all batches of a process.
///
/// If many records of a table are rejected and none is accepted in between, the cause is the table, for example a column
/// that was made narrower. The records are valid then and must not be rejected, even if each batch has only one.
final class RejectionHistory: Sendable {
    /// The most records rejected for the same reason that are considered invalid themselves.
    static let limit = 10

    /// The reason why records of a table were rejected.
    struct Cause: Hashable, Sendable {
        var table: WarehouseTable
        /// The result of ``SQLFailure/cause(of:)``.
        var text: [UInt8]
    }

    private static let capacity = 64
    private let records = Mutex<[Cause: Set<Record>]>([:])

    /// The identity of a record, which counts once although it is rejected at each redelivery.
    private struct Record: Hashable {
        var id: [UInt8]
        var version: RecordVersion
    }

    /// Adds a rejected record, and returns the number of records with the same cause, at most ``limit`` + 1.
    func add(_ row: WarehouseRow, cause: Cause) -> Int {
        records.withLock { records in
            if records.count >= Self.capacity, records[cause] == nil { records.removeAll() }
            var known = records[cause] ?? []
            if known.count <= Self.limit { known.insert(Record(id: row.id, version: row.version)) }
            records[cause] = known
            return known.count
        }
    }

    /// Removes the causes of tables that have accepted a record.
    func forget(_ tables: Set<WarehouseTable>) {
        records.withLock { records in
            guard !records.isEmpty else { return }
            records = records.filter { !tables.contains($0.key.table) }
        }
    }
}
