import Processor
import Telemetry

/// Warns of venues that got larger or smaller than a limit, on standard error.
///
/// A repeat warns again, which harms nobody.
struct CapacityWatcher: RecordProcessor {
    let name = "capacity"
    let limit: Int
    let log: Logger

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        for (index, record) in batch.records.enumerated() {
            // What is left unmarked when the task is cancelled fails, and comes again.
            if Task.isCancelled { return }
            if let venue = batch.view(record, as: Venue.self), let capacity = venue.capacity, capacity > limit {
                log.log(
                    .warn, "a venue is over the limit", requestID: context.requestID,
                    ["venue": .string(batch.string(batch.id(of: record))), "capacity": .integer(Int(capacity))])
            }
            outcomes[index] = .succeeded
        }
    }
}
