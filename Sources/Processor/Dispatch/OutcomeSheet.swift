/// One processor's verdicts on one batch, one for each record, all `.retryable` at first.
public struct OutcomeSheet: Sendable, Equatable {
    public let count: Int
    /// The verdict on every record, until one gets its own.
    private var common: RecordOutcome
    /// Empty as long as all are alike, as they mostly are.
    private var own: [RecordOutcome] = []

    public init(count: Int) { self.init(count: count, .retryable(reason: "not reached")) }

    /// All records alike.
    init(count: Int, _ outcome: RecordOutcome) { (self.count, common) = (count, outcome) }

    public subscript(index: Int) -> RecordOutcome {
        get { own.isEmpty ? common : own[index] }
        set {
            if own.isEmpty { own = Array(repeating: common, count: count) }
            own[index] = newValue
        }
    }

    /// Marks every record alike.
    public mutating func markAll(_ outcome: RecordOutcome) { (common, own) = (outcome, []) }

    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.count == rhs.count && (0..<lhs.count).allSatisfy { lhs[$0] == rhs[$0] }
    }
}

/// What went wrong, for logs and metrics.
extension OutcomeSheet {
    /// How many records were not taken, for now or for good.
    var failures: Int { haveAllSucceeded ? 0 : (0..<count).count { self[$0] != .succeeded } }

    /// Whether it is certain that every record was taken.
    var haveAllSucceeded: Bool { own.isEmpty && (count == 0 || common == .succeeded) }

    /// How many records were not taken for now.
    var retryables: Int { haveAllSucceeded ? 0 : (0..<count).count { self[$0].isRetryable } }

    var hasRetryable: Bool { !haveAllSucceeded && (0..<count).contains { self[$0].isRetryable } }

    /// Why the first of them was not.
    var firstFailure: String? {
        if haveAllSucceeded { return nil }
        for index in 0..<count {
            switch self[index] {
            case .succeeded: continue
            case .rejected(let error): return error.message
            case .retryable(let reason): return reason
            }
        }
        return nil
    }
}
