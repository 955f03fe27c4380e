import Telemetry

/// Writes what came to the log: one line a record at DEBUG, a summary at INFO.
///
/// A repeat writes the lines again, which harms nobody.
public struct LogProcessor: ImmediateProcessor {
    public let name = "log"
    private let log: Logger

    public init(log: Logger) { self.log = log }

    public func processImmediately(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) {
        if log.isEnabled(.debug) {
            for record in batch.records {
                log.log(
                    .debug, "record", requestID: context.requestID,
                    [
                        "kind": .string(record.payload.kind.rawValue),
                        "sequenceNumber": .string(batch.sequenceNumber(of: record.position).digits),
                        "entity": .json(batch.document(of: record.payload)),
                    ])
            }
        }
        if log.isEnabled(.info) { logSummary(of: batch, context) }
        outcomes.markAll(.succeeded)
    }

    private func logSummary(of batch: RecordBatch, _ context: InvocationContext) {
        var counts = [4 of Int](repeating: 0)
        for record in batch.records {
            switch record.payload {
            case .artist: counts[0] += 1
            case .concert: counts[1] += 1
            case .venue: counts[2] += 1
            case .ticketSale: counts[3] += 1
            }
        }
        log.log(
            .info, "batch received", requestID: context.requestID,
            [
                "artists": .integer(counts[0]), "concerts": .integer(counts[1]), "venues": .integer(counts[2]),
                "ticketSales": .integer(counts[3]),
            ])
    }
}
