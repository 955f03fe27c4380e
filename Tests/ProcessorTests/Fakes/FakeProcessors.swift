@testable import Processor

/// Marks records by their index, as it was told to.
struct ScriptedProcessor: RecordProcessor {
    var name = "scripted"
    /// What it says of all records that ``outcomes`` does not name; nil leaves them unmarked.
    var outcome: RecordOutcome? = .succeeded
    var outcomes: [Int: RecordOutcome] = [:]

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        if let outcome { outcomes.markAll(outcome) }
        for (index, outcome) in self.outcomes where index < outcomes.count { outcomes[index] = outcome }
    }
}

/// Marks the first records, then waits until it is cancelled.
struct WaitingProcessor: RecordProcessor {
    var name = "waiting"
    var markedFirst = 0

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        for index in 0..<min(markedFirst, outcomes.count) { outcomes[index] = .succeeded }
        // A stream that yields nothing ends when the task is cancelled, and not before.
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in stream {}
        continuation.finish()
        guard Task.isCancelled else { return outcomes.markAll(.rejected(PayloadError(.range, "not cancelled"))) }
    }
}
