import Processor
import Telemetry

/// Logs a warning for each venue whose capacity is over a limit.
///
/// A redelivered record is logged again, which does no harm.
struct CapacityWatcher: RecordProcessor {
    static let definition = ProcessorDefinition("capacity", local: .itself) { reader in
        let limit = reader.read(limitSetting)
        return { log in CapacityWatcher(limit: limit, log: log) }
    }

    private static let limitSetting = Setting(
        "CAPACITY_LIMIT", .integer(1...1_000_000), default: 50_000, "the capacity above which a venue is logged")

    let name = "capacity"
    let limit: Int
    let log: Logger

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        for (index, record) in batch.records.enumerated() {
            // Records without an outcome are retryable, and are redelivered.
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
