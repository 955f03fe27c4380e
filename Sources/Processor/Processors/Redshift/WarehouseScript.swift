/// The statements that the writer would run, for use without a warehouse.
package struct WarehouseScript: Sendable {
    private let planner: InsertPlanner

    /// - Parameter schema: In lower case.
    package init(schema: String = "concert_dw") {
        planner = InsertPlanner(statements: UpsertStatements(schema: "\"\(schema)\""))
    }

    /// Returns the statements of each transaction; marks the records that they write as succeeded, and rejects records with
    /// values that do not fit in their columns.
    package func transactions(of batch: RecordBatch, outcomes: inout RecordOutcomes) -> [[String]] {
        var rest = batch.candidates(rejectingOn: &outcomes)[...]
        var transactions: [[String]] = []
        while !rest.isEmpty {
            let transaction = planner.transaction(of: rest)
            for candidate in rest.prefix(transaction.recordCount) { outcomes[candidate.index] = .succeeded }
            rest = rest.dropFirst(transaction.recordCount)
            transactions.append(transaction.statements)
        }
        return transactions
    }
}
