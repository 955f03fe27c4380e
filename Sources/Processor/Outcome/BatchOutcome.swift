/// What became of a whole batch, all processors taken together.
struct BatchOutcome: Sendable {
    /// One verdict for each of the batch's typed records.
    private(set) var outcomes: OutcomeSheet
    /// What cannot be processed, in shard order: bad records, and those that a processor refused.
    private(set) var rejections: [BadRecord]
    /// Index, among the Kinesis records, of the one with the lowest sequence number that must be tried again.
    ///
    /// Lambda retries everything from that record on, whatever else the response lists, so the response names this
    /// one only; nil means that the batch is done.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
    private(set) var firstFailure: Int?

    /// - Parameter reports: One for each processor; for each record the worst verdict of a required one counts.
    init(_ batch: RecordBatch, reports: [Dispatcher.Report]) {
        outcomes = OutcomeSheet(count: batch.records.count, .succeeded)
        rejections = batch.badRecords
        let failed = reports.filter { $0.isRequired && !$0.sheet.haveAllSucceeded }
        for index in failed.isEmpty ? 0..<0 : batch.records.indices {
            guard let worst = failed.map({ $0.sheet[index] }).max(by: { $0.severity < $1.severity }) else { continue }
            outcomes[index] = worst
            let position = batch.records[index].position
            switch worst {
            case .succeeded: break
            case .rejected(let error): rejections.append(BadRecord(error: error, position: position))
            case .retryable: markFailed(Int(position.source), in: batch)
            }
        }
        rejections.sort {
            ($0.position.source, $0.position.subSequenceNumber ?? 0)
                < ($1.position.source, $1.position.subSequenceNumber ?? 0)
        }
        if let undecoded = batch.firstUndecoded {
            for index in undecoded..<batch.sources.count { markFailed(index, in: batch) }
        }
    }

    /// The Kinesis record at `index` must be tried again.
    mutating func markFailed(_ index: Int, in batch: RecordBatch) {
        guard let lowest = firstFailure else {
            firstFailure = index
            return
        }
        if isBefore(index, lowest, in: batch) { firstFailure = index }
    }

    /// Whether the Kinesis record at `index` is acknowledged by the response as it stands.
    func isAcknowledged(_ index: Int, in batch: RecordBatch) -> Bool {
        firstFailure.map { isBefore(index, $0, in: batch) } ?? true
    }

    private func isBefore(_ index: Int, _ other: Int, in batch: RecordBatch) -> Bool {
        index != other && batch.sequenceNumber(ofSource: index) < batch.sequenceNumber(ofSource: other)
    }
}
