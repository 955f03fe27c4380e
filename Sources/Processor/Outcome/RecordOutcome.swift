/// What became of one record.
public enum RecordOutcome: Sendable, Equatable {
    case succeeded
    /// Never worth another try: goes to the dead-letter sink.
    case rejected(PayloadError)
    /// Worth another try: the sink was unreachable, throttled or out of time.
    case retryable(reason: String)

    public var isRetryable: Bool {
        if case .retryable = self { true } else { false }
    }

    /// Which of two verdicts counts: a record that one sink has yet to take is not given up because another refused it.
    var severity: Int {
        switch self {
        case .succeeded: 0
        case .rejected: 1
        case .retryable: 2
        }
    }
}
