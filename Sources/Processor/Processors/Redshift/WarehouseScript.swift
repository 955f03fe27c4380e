/// What the writer would run, for those who have no warehouse to run it in.
public struct WarehouseScript: Sendable {
    private let planner: InsertPlanner

    /// - Parameter schema: In lower case.
    public init(schema: String = "concert_dw") {
        planner = InsertPlanner(statements: UpsertStatements(schema: "\"\(schema)\""))
    }

    /// The statements of each transaction; marks what they write as succeeded, and rejects what no column holds.
    public func transactions(of batch: RecordBatch, outcomes: inout OutcomeSheet) -> [[String]] {
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
