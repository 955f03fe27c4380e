import Basics
import Telemetry

/// A processor that writes records to the log: one line per record at DEBUG, and a summary at INFO.
///
/// A redelivered batch is logged again.
package struct LogProcessor: RecordProcessor {
    package static let definition = ProcessorDefinition("log", local: .itself) { _ in { LogProcessor(log: $0) } }

    package let name = "log"
    private let log: Logger

    package init(log: Logger) { self.log = log }

    package func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        if log.isEnabled(.debug) {
            for record in batch.records {
                log.log(
                    .debug, "record", requestID: context.requestID,
                    [
                        "kind": .string(batch.catalog[record.kind].name),
                        "sequenceNumber": .string(batch.sequenceNumber(of: record.position).digits),
                        "entity": .json(batch.document(of: record)),
                    ])
            }
        }
        if log.isEnabled(.info) { logSummary(of: batch, context) }
        outcomes.markAll(.succeeded)
    }

    private func logSummary(of batch: RecordBatch, _ context: InvocationContext) {
        var counts = KindMap(batch.catalog, repeating: 0)
        for record in batch.records { counts[record.kind] += 1 }
        log.log(
            .info, "batch received", requestID: context.requestID,
            zip(batch.catalog.kinds, batch.catalog.schemas).map { ($1.countName, .integer(counts[$0])) })
    }
}
