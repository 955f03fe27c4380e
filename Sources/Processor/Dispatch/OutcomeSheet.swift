/// One processor's verdicts on one batch, one for each record, all `.retryable` at first.
public struct OutcomeSheet: Sendable, Equatable {
    private var outcomes: [RecordOutcome]

    public init(count: Int) { outcomes = Array(repeating: .retryable(reason: "not reached"), count: count) }

    public var count: Int { outcomes.count }

    public subscript(index: Int) -> RecordOutcome {
        get { outcomes[index] }
        set { outcomes[index] = newValue }
    }

    /// Marks every record alike.
    public mutating func markAll(_ outcome: RecordOutcome) {
        outcomes = Array(repeating: outcome, count: outcomes.count)
    }
}
