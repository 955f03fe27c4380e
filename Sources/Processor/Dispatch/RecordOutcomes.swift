/// The outcomes of one batch in one processor, one for each record; all are `.retryable` at first.
package struct RecordOutcomes: Sendable, Equatable {
    package let count: Int
    /// The outcome of all records, as long as ``own`` is empty.
    private var common: RecordOutcome
    /// The outcome of each record; empty if all are equal, which is the usual case.
    private var own: [RecordOutcome] = []

    package init(count: Int) { self.init(count: count, .retryable(reason: "not reached")) }

    /// Creates equal outcomes for `count` records.
    init(count: Int, _ outcome: RecordOutcome) { (self.count, common) = (count, outcome) }

    package subscript(index: Int) -> RecordOutcome {
        get { own.isEmpty ? common : own[index] }
        set {
            if own.isEmpty { own = Array(repeating: common, count: count) }
            own[index] = newValue
        }
    }

    /// Sets the outcome of every record.
    package mutating func markAll(_ outcome: RecordOutcome) { (common, own) = (outcome, []) }

    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.count == rhs.count && (0..<lhs.count).allSatisfy { lhs[$0] == rhs[$0] }
    }
}

/// Summaries for logs and metrics.
extension RecordOutcomes {
    /// The number of records that failed, transiently or permanently.
    var failures: Int { haveAllSucceeded ? 0 : (0..<count).count { self[$0] != .succeeded } }

    /// Whether all outcomes are known to be `.succeeded` without checking each; may be false if they are.
    var haveAllSucceeded: Bool { own.isEmpty && (count == 0 || common == .succeeded) }

    /// The number of records that failed transiently.
    var retryables: Int { haveAllSucceeded ? 0 : (0..<count).count { self[$0].isRetryable } }

    var hasRetryable: Bool { !haveAllSucceeded && (0..<count).contains { self[$0].isRetryable } }

    /// The reason of the first failure; nil if all records succeeded.
    var firstFailureReason: String? {
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
