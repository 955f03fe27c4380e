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

/// What went wrong, for logs and metrics.
extension OutcomeSheet {
    /// How many records were not taken, for now or for good.
    var failures: Int { outcomes.count { $0 != .succeeded } }

    var hasRetryable: Bool { outcomes.contains { $0.isRetryable } }

    /// Why the first of them was not.
    var firstFailure: String? {
        for outcome in outcomes {
            switch outcome {
            case .succeeded: continue
            case .rejected(let error): return error.message
            case .retryable(let reason): return reason
            }
        }
        return nil
    }
}
