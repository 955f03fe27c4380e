/// Hands one batch to every processor at once, and gathers what became of it.
public struct Dispatcher: Sendable {
    /// What one processor made of a batch.
    struct Report: Sendable {
        var name: String
        /// Whether the shard waits for this processor; one that is best effort only says what went wrong.
        var isRequired: Bool
        var sheet: OutcomeSheet
        var duration: Duration
        /// Whether its sink counts as down.
        var isCircuitOpen = false
        var circuitChange: CircuitBreaker.Change?
    }

    private struct Step: Sendable {
        var processor: any RecordProcessor
        var isRequired: Bool
        let circuit = CircuitBreaker()
    }

    private let steps: [Step]

    /// - Parameter optional: Names of processors whose failures do not hold the shard back.
    public init(_ processors: [any RecordProcessor], optional: Set<String> = []) {
        steps = processors.map { Step(processor: $0, isRequired: !optional.contains($0.name)) }
    }

    /// Blocks the calling thread until the last processor has returned: the slowest sink sets the pace of the shard.
    ///
    /// A processor that is alone runs on the calling thread until it first waits.
    func dispatch(_ batch: RecordBatch, context: InvocationContext) -> [Report] {
        guard !batch.records.isEmpty else { return steps.map { Self.report(of: $0, OutcomeSheet(count: 0), .zero) } }
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
        var sheet: OutcomeSheet
        if isShort {
            let work: @concurrent @Sendable () async -> OutcomeSheet = { [context] in
                await Self.sheet(of: step, on: batch, context: context)
            }
            let sheets = await Deadline.race(deadline, [work])
            sheet = sheets.first ?? OutcomeSheet(count: batch.records.count)
        } else {
            sheet = await Self.sheet(of: step, on: batch, context: context)
        }
        return conclude(step, sheet, of: batch, since: start)
    }

    private static func conclude(
        _ step: Step, _ sheet: OutcomeSheet, of batch: RecordBatch, since start: ContinuousClock.Instant
    ) -> Report {
        var sheet = sheet
        // A sheet that does not fit says nothing of any record.
        if sheet.count != batch.records.count { sheet = OutcomeSheet(count: batch.records.count) }
        var report = report(of: step, sheet, ContinuousClock.now - start)
        report.circuitChange = step.circuit.note(sheet)
        report.isCircuitOpen = step.circuit.isOpen
        return report
    }

    private static func sheet(of step: Step, on batch: RecordBatch, context: InvocationContext) async -> OutcomeSheet {
        var sheet = OutcomeSheet(count: batch.records.count)
        await step.processor.process(batch, context: context, outcomes: &sheet)
        return sheet
    }

    private static func report(of step: Step, _ sheet: OutcomeSheet, _ duration: Duration) -> Report {
        Report(
            name: step.processor.name, isRequired: step.isRequired, sheet: sheet, duration: duration,
            isCircuitOpen: step.circuit.isOpen)
    }
}
