/// The processors, which run concurrently on one batch, and whose outcomes it collects.
package struct Dispatcher: Sendable {
    /// The result of one processor for a batch.
    struct Report: Sendable {
        var name: String
        /// Whether the processor's failures fail records; failures of a best-effort processor are only logged and counted.
        var isRequired: Bool
        var outcomes: RecordOutcomes
        var duration: Duration
        /// Whether the processor's circuit is open, which means that its sink is considered down.
        var isCircuitOpen = false
        var circuitChange: CircuitBreaker.Change?
    }

    private struct Step: Sendable {
        var processor: any RecordProcessor
        var isRequired: Bool
        let circuit = CircuitBreaker()
    }

    private let steps: [Step]

    /// - Parameter optional: The names of best-effort processors, whose failures do not block the shard.
    package init(_ processors: [any RecordProcessor], optional: Set<String> = []) {
        steps = processors.map { Step(processor: $0, isRequired: !optional.contains($0.name)) }
    }

    /// Runs the processors, and blocks the calling thread until all have returned.
    ///
    /// A single processor runs on the calling thread until it first suspends.
    func dispatch(_ batch: RecordBatch, context: InvocationContext) -> [Report] {
        guard !batch.records.isEmpty else { return steps.map { Self.report(of: $0, RecordOutcomes(count: 0), .zero) } }
        if steps.count == 1, let step = steps.first {
            return [BlockingTask.run(until: context.deadline) { await Self.run(step, on: batch, context: context) }]
        }
        return BlockingTask.run { [self] in
            await Deadline.race(
                context.deadline, steps.map { step in { await Self.run(step, on: batch, context: context) } })
        }
    }

    private static func run(_ step: Step, on batch: RecordBatch, context: InvocationContext) async -> Report {
        let start = ContinuousClock.now
        var context = context
        let deadline = step.circuit.deadline(within: context.deadline)
        let isShort = deadline < context.deadline
        context.deadline = deadline
        var outcomes: RecordOutcomes
        if isShort {
            let work: @concurrent @Sendable () async -> RecordOutcomes = { [context] in
                await Self.outcomes(of: step, on: batch, context: context)
            }
            let results = await Deadline.race(deadline, [work])
            outcomes = results.first ?? RecordOutcomes(count: batch.records.count)
        } else {
            outcomes = await Self.outcomes(of: step, on: batch, context: context)
        }
        return conclude(step, outcomes, of: batch, since: start)
    }

    private static func conclude(
        _ step: Step, _ outcomes: RecordOutcomes, of batch: RecordBatch, since start: ContinuousClock.Instant
    ) -> Report {
        var outcomes = outcomes
        // Outcomes of a different number of records cannot be assigned to records.
        if outcomes.count != batch.records.count { outcomes = RecordOutcomes(count: batch.records.count) }
        var report = report(of: step, outcomes, ContinuousClock.now - start)
        report.circuitChange = step.circuit.note(outcomes)
        report.isCircuitOpen = step.circuit.isOpen
        return report
    }

    private static func outcomes(of step: Step, on batch: RecordBatch, context: InvocationContext) async
        -> RecordOutcomes
    {
        var outcomes = RecordOutcomes(count: batch.records.count)
        await step.processor.process(batch, context: context, outcomes: &outcomes)
        return outcomes
    }

    private static func report(of step: Step, _ outcomes: RecordOutcomes, _ duration: Duration) -> Report {
        Report(
            name: step.processor.name, isRequired: step.isRequired, outcomes: outcomes, duration: duration,
            isCircuitOpen: step.circuit.isOpen)
    }
}
