/// The outcome of one record.
package enum RecordOutcome: Sendable, Equatable {
    case succeeded
    /// A permanent failure: the record goes to the dead-letter sink.
    case rejected(PayloadError)
    /// A transient failure: the sink was unreachable or throttled, or the time ran out.
    case retryable(reason: String)

    package var isRetryable: Bool {
        if case .retryable = self { true } else { false }
    }

    /// The rank of the outcome: of two processors' outcomes, the one with the higher rank applies.
    ///
    /// A transient failure outranks a rejection, so that a record is not dead-lettered before every sink has processed it.
    var severity: Int {
        switch self {
        case .succeeded: 0
        case .rejected: 1
        case .retryable: 2
        }
    }
}
