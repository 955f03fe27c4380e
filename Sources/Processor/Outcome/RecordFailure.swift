import JSON

/// A record of a redelivery event that was not processed, and why.
struct RecordFailure: Sendable {
    var position: RecordPosition
    /// A word of ``PayloadError/Reason``; `unavailable` or `deadline` when a later attempt may succeed.
    var reason: String
    var message: String
}

extension BatchOutcome {
    /// Every record that was not processed: rejected, failed, or not decoded.
    ///
    /// - Parameter isPastDeadline: Whether the processors returned because the deadline was reached.
    func failures(in batch: RecordBatch, isPastDeadline: Bool) -> [RecordFailure] {
        func transient(_ position: RecordPosition, _ message: String) -> RecordFailure {
            // A processor may stop shortly before the deadline when nothing useful fits in the time left.
            let isLate = isPastDeadline || message.holds("no time left")
            return RecordFailure(
                position: position, reason: isLate ? "deadline" : "unavailable", message: message)
        }
        var failures = rejections.map {
            RecordFailure(position: $0.position, reason: $0.error.reason.rawValue, message: $0.error.message)
        }
        if !outcomes.haveAllSucceeded {
            for (index, record) in batch.records.enumerated() {
                if case .retryable(let reason) = outcomes[index] {
                    failures.append(transient(record.position, reason))
                }
            }
        }
        for source in (batch.firstUndecoded ?? batch.sources.count)..<batch.sources.count {
            failures.append(
                transient(
                    RecordPosition(source: Int32(source)), "not decoded: the batch takes too much memory or time"))
        }
        return failures
    }
}
