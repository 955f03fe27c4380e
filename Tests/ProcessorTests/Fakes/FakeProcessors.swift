@testable import Processor

/// A processor that marks records by index with configured outcomes.
struct ScriptedProcessor: RecordProcessor {
    var name = "scripted"
    /// The outcome of all records that ``outcomes`` does not contain; nil leaves them unmarked.
    var outcome: RecordOutcome? = .succeeded
    var outcomes: [Int: RecordOutcome] = [:]

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        if let outcome { outcomes.markAll(outcome) }
        for (index, outcome) in self.outcomes where index < outcomes.count { outcomes[index] = outcome }
    }
}

/// A processor that marks the first records, then waits until it is cancelled.
struct WaitingProcessor: RecordProcessor {
    var name = "waiting"
    var markedFirst = 0

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        for index in 0..<min(markedFirst, outcomes.count) { outcomes[index] = .succeeded }
        // An empty stream ends only when the task is cancelled.
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in stream {}
        continuation.finish()
        guard Task.isCancelled else { return outcomes.markAll(.rejected(PayloadError(.range, "not cancelled"))) }
    }
}
