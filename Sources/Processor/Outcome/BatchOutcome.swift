/// The outcome of a whole batch, over all processors.
struct BatchOutcome: Sendable {
    /// One outcome for each of the batch's typed records.
    private(set) var outcomes: RecordOutcomes
    /// The records that cannot be processed, in shard order: bad records, and those that a processor rejected.
    private(set) var rejections: [RejectedRecord]
    /// The index, among the Kinesis records, of the failed record with the lowest sequence number; nil if none failed.
    ///
    /// Lambda retries all records from the checkpoint on, whichever others the response lists, so the response reports only
    /// this one.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
    private(set) var checkpoint: Int?

    /// - Parameter reports: One for each processor. The outcome of a record is the worst one of the required processors.
    init(_ batch: RecordBatch, reports: [Dispatcher.Report]) {
        outcomes = RecordOutcomes(count: batch.records.count, .succeeded)
        rejections = batch.badRecords
        let failed = reports.filter { $0.isRequired && !$0.outcomes.haveAllSucceeded }
        for index in failed.isEmpty ? 0..<0 : batch.records.indices {
            guard let worst = failed.map({ $0.outcomes[index] }).max(by: { $0.severity < $1.severity }) else {
                continue
            }
            outcomes[index] = worst
            let position = batch.records[index].position
            switch worst {
            case .succeeded: break
            case .rejected(let error): rejections.append(RejectedRecord(error: error, position: position))
            case .retryable: moveCheckpoint(backTo: Int(position.source), in: batch)
            }
        }
        rejections.sort {
            ($0.position.source, $0.position.subSequenceNumber ?? 0)
                < ($1.position.source, $1.position.subSequenceNumber ?? 0)
        }
        if let undecoded = batch.firstUndecoded {
            for index in undecoded..<batch.sources.count { moveCheckpoint(backTo: index, in: batch) }
        }
    }

    /// Marks the Kinesis record at `index` as failed: moves the checkpoint to it, unless the checkpoint precedes it.
    mutating func moveCheckpoint(backTo index: Int, in batch: RecordBatch) {
        guard let lowest = checkpoint else {
            checkpoint = index
            return
        }
        if isBefore(index, lowest, in: batch) { checkpoint = index }
    }

    /// Returns whether a response with the current checkpoint acknowledges the Kinesis record at `index`.
    func isAcknowledged(_ index: Int, in batch: RecordBatch) -> Bool {
        checkpoint.map { isBefore(index, $0, in: batch) } ?? true
    }

    private func isBefore(_ index: Int, _ other: Int, in batch: RecordBatch) -> Bool {
        index != other && batch.sequenceNumber(ofSource: index) < batch.sequenceNumber(ofSource: other)
    }
}
