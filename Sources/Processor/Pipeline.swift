import Basics
import JSON
import Telemetry

/// The processing of one event: decodes its records, runs the processors, and writes the batch response.
///
/// A pipeline has buffers that it reuses from invocation to invocation; concurrent invocations need one each.
package struct Pipeline: Sendable {
    private let dispatcher: Dispatcher
    private let deadLetters: (any DeadLetterSink)?
    private let log: Logger
    private var metrics: InvocationMetrics?
    private let aggregatesWindows: Bool
    private var decoder: EventDecoder
    private var originals = OriginalData()
    private var batch: RecordBatch

    /// - Parameters:
    ///   - catalog: The kinds of entities that records can have.
    ///   - deadLetters: The destination of records that cannot be processed; nil fails them, which blocks the shard.
    ///   - metrics: Nil if metrics are turned off.
    ///   - aggregatesWindows: Whether to add figures to the state of a tumbling window.
    ///   - batchTextLimit: The most bytes of text to retain from one batch; the records after them fail and are
    ///     redelivered.
    package init(
        catalog: EntityCatalog = .builtIn, dispatcher: Dispatcher, deadLetters: (any DeadLetterSink)? = nil,
        log: Logger,
        metrics: InvocationMetrics? = nil, aggregatesWindows: Bool = false,
        batchTextLimit: Int = Self.defaultBatchTextLimit
    ) {
        (self.dispatcher, self.deadLetters, self.log, self.metrics) = (dispatcher, deadLetters, log, metrics)
        self.aggregatesWindows = aggregatesWindows
        decoder = EventDecoder(catalog, textLimit: batchTextLimit)
        batch = RecordBatch(catalog)
    }

    /// The most bytes of text to retain from one batch if the function's memory is unknown.
    package static let defaultBatchTextLimit = EventDecoder.defaultTextLimit

    /// Handles the event in `range` of `buffer` and appends the response to `response`.
    ///
    /// - Throws: ``EventError`` if it is not a Kinesis event; the whole invocation fails then.
    package mutating func respond(
        to buffer: [UInt8], _ range: Range<Int>, context: InvocationContext, into response: inout [UInt8]
    ) throws(EventError) -> BatchReport {
        let start = ContinuousClock.now
        defer { batch.releaseEvent() }
        do throws(EventError) {
            try decoder.decode(buffer, range, into: &batch, deadline: context.deadline)
        } catch {
            metrics?.write(
                BatchReport(batch.catalog), [], oldestArrival: nil, since: start, requestID: context.requestID)
            throw error
        }
        let decodeTime = ContinuousClock.now - start
        let reports = dispatcher.dispatch(batch, context: context)
        var outcome = BatchOutcome(batch, reports: reports)
        let deadLettered = deadLetter(&outcome, context: context)
        let state = aggregatesWindows && !batch.isRedelivery ? windowState(outcome, context: context) : nil
        if batch.isRedelivery {
            BatchResponse.write(
                outcome, ofRedelivered: batch, isPastDeadline: .now >= context.deadline, to: &response)
        } else {
            BatchResponse.write(outcome, of: batch, newState: state, to: &response)
        }
        var report = outcome.report(on: batch, deadLettered: deadLettered)
        report.decodeTime = decodeTime
        report.processorTimes = reports.map { ($0.name, $0.duration) }
        log(outcome, reports, report, since: start, context: context)
        return report
    }

    /// Writes dead letters for the rejected records that the response acknowledges.
    ///
    /// Rejected records after the checkpoint are redelivered, and dead-lettered then.
    ///
    /// - Returns: The indices of the outcome's rejections whose dead letters were written.
    private mutating func deadLetter(_ outcome: inout BatchOutcome, context: InvocationContext) -> Set<Int> {
        // The dead letter already exists, and is deleted only after the response confirms that its record was processed.
        guard !batch.isRedelivery else { return [] }
        let candidates = outcome.rejections.indices.filter {
            outcome.isAcknowledged(Int(outcome.rejections[$0].position.source), in: batch)
        }
        guard !candidates.isEmpty else { return [] }
        guard let deadLetters else {
            for index in candidates {
                outcome.moveCheckpoint(backTo: Int(outcome.rejections[index].position.source), in: batch)
            }
            return []
        }
        originals.removeAll()
        var deadLettered: Set<Int> = []
        var (failures, reason): (Int, String?) = (0, nil)
        var rest = candidates[...]
        while true {
            let (part, letters) = nextLetters(&rest, of: outcome, context: context)
            guard !part.isEmpty else { break }
            let written = Self.write(letters, to: deadLetters, context: context)
            for (position, index) in part.enumerated() {
                if written[position] == .succeeded {
                    deadLettered.insert(index)
                } else {
                    outcome.moveCheckpoint(backTo: Int(outcome.rejections[index].position.source), in: batch)
                }
            }
            failures += written.failures
            reason = reason ?? written.firstFailureReason
        }
        if let reason {
            log.log(
                .error, "dead letters could not be written", requestID: context.requestID,
                ["records": .integer(failures), "reason": .string(reason)])
        }
        return deadLettered
    }

    /// Removes from `rest` the next rejections that the response still acknowledges, and returns their dead letters.
    ///
    /// An aggregate can contain more than 100,000 bad records, so the letters of a batch are not all in memory at once.
    private mutating func nextLetters(
        _ rest: inout ArraySlice<Int>, of outcome: BatchOutcome, context: InvocationContext
    ) -> (part: [Int], letters: [DeadLetter]) {
        var part: [Int] = []
        var letters: [DeadLetter] = []
        var bytes = 0
        while part.count < Self.letterCount, bytes < Self.letterBytes, let index = rest.popFirst() {
            let rejection = outcome.rejections[index]
            guard outcome.isAcknowledged(Int(rejection.position.source), in: batch) else { continue }
            let letter = batch.deadLetter(of: rejection, context: context, originals: &originals)
            part.append(index)
            letters.append(letter)
            bytes += letter.body.count
        }
        return (part, letters)
    }

    /// The most dead letters, and the bytes of them, to write at once.
    private static let letterCount = 1000
    private static let letterBytes = 8 * 1024 * 1024

    private static func write(
        _ letters: [DeadLetter], to sink: any DeadLetterSink, context: InvocationContext
    ) -> RecordOutcomes {
        let written = BlockingTask.run(until: context.deadline) {
            var outcomes = RecordOutcomes(count: letters.count)
            await sink.write(letters, context: context, outcomes: &outcomes)
            return outcomes
        }
        return written.count == letters.count ? written : RecordOutcomes(count: letters.count)
    }

    /// Writes the log lines and the metrics of an invocation.
    private mutating func log(
        _ outcome: BatchOutcome, _ reports: [Dispatcher.Report], _ report: BatchReport,
        since start: ContinuousClock.Instant, context: InvocationContext
    ) {
        if !outcome.rejections.isEmpty { logRejections(of: outcome, context: context) }
        for processor in reports where !processor.outcomes.haveAllSucceeded {
            // Each record that a required processor rejected already has a line of its own.
            let isLogged = processor.isRequired && !processor.outcomes.hasRetryable
            guard !isLogged, let failure = processor.outcomes.firstFailureReason else { continue }
            log.log(
                processor.isRequired ? .error : .warn, "processor failed", requestID: context.requestID,
                [
                    "processor": .string(processor.name), "records": .integer(processor.outcomes.failures),
                    "reason": .string(failure),
                ])
        }
        for processor in reports where processor.circuitChange != nil {
            logCircuitChange(of: processor, context: context)
        }
        if let index = batch.firstUndecoded {
            log.log(
                .warn, "the batch exceeds the memory or time of one invocation; the remaining records are redelivered",
                requestID: context.requestID,
                ["sequenceNumber": .string(batch.sequenceNumber(ofSource: index).digits)])
        }
        // Before the response, so that a process that is killed after it has already written its metrics.
        metrics?.write(
            report, reports, oldestArrival: batch.oldestArrival, isRedelivery: batch.isRedelivery, since: start,
            requestID: context.requestID)
    }
}

/// Log lines about bad records.
extension Pipeline {
    /// The most bad records of one invocation that have log lines of their own.
    private static let loggedRejections = 100

    /// Logs bad records.
    ///
    /// Mutating, because the compiler would otherwise copy the whole pipeline for the call.
    private mutating func logRejections(of outcome: BatchOutcome, context: InvocationContext) {
        guard log.isEnabled(.warn) else { return }
        for record in outcome.rejections.prefix(Self.loggedRejections) {
            log.log(
                .warn, "bad record: \(record.error.message)", requestID: context.requestID,
                [
                    "reason": .string(record.error.reason.rawValue),
                    "sequenceNumber": .string(batch.sequenceNumber(of: record.position).digits),
                    "subSequenceNumber": record.position.subSequenceNumber.map { .integer(Int($0)) },
                ])
        }
        let rest = outcome.rejections.dropFirst(Self.loggedRejections)
        guard !rest.isEmpty else { return }
        var counts: [PayloadError.Reason: Int] = [:]
        for record in rest { counts[record.error.reason, default: 0] += 1 }
        var writer = JSONWriter()
        writer.openObject()
        for reason in PayloadError.Reason.allCases {
            guard let count = counts[reason] else { continue }
            writer.key(reason.rawValue)
            writer.integer(count)
        }
        writer.closeObject()
        log.log(
            .warn, "more bad records without log lines of their own", requestID: context.requestID,
            ["records": .integer(rest.count), "reasons": .json(writer.bytes)])
    }
}

/// Tumbling windows.
extension Pipeline {
    /// Returns the window's state with the acknowledged records added, and logs the figures of a window that closes; nil
    /// outside of windows.
    private func windowState(_ outcome: BatchOutcome, context: InvocationContext) -> [UInt8]? {
        guard let window = batch.window, let previous = batch.windowState else { return nil }
        let state = (try? JSONValue(parsing: Array(previous))) ?? [:]
        var aggregates = WindowAggregates(state, batch.catalog)
        for (index, record) in batch.records.enumerated()
        where outcome.outcomes[index] == .succeeded && outcome.isAcknowledged(Int(record.position.source), in: batch) {
            aggregates.add(record, of: batch)
        }
        // A final invocation that fails is retried.
        if window.isFinal, outcome.checkpoint == nil {
            let bounds = batch.windowBounds
            log.log(
                .info, "window closed", requestID: context.requestID,
                [
                    "start": bounds?["start"]?.string.map { .string($0) },
                    "end": bounds?["end"]?.string.map { .string($0) },
                    "aggregates": .string(aggregates.json(concertLimit: 100).text),
                ])
            metrics?.write(aggregates, requestID: context.requestID)
        }
        return aggregates.state(replacing: state)
    }
}

extension Pipeline {
    private func logCircuitChange(of processor: Dispatcher.Report, context: InvocationContext) {
        switch processor.circuitChange {
        case .opened:
            log.log(
                .warn,
                "circuit opened: the sink is considered down; attempts are limited to 2 seconds until one succeeds",
                requestID: context.requestID, ["processor": .string(processor.name)])
        case .closed:
            log.log(
                .info, "circuit closed: the sink is available again", requestID: context.requestID,
                ["processor": .string(processor.name)])
        case nil: break
        }
    }
}

extension BatchOutcome {
    /// Returns the figures of the batch.
    ///
    /// - Parameter deadLettered: The indices of ``rejections`` whose dead letters were written.
    fileprivate func report(on batch: RecordBatch, deadLettered: Set<Int>) -> BatchReport {
        var report = BatchReport(batch.catalog)
        for (index, record) in batch.records.enumerated() {
            switch outcomes[index] {
            case .succeeded: report.count(record.kind, .processed)
            case .rejected: break
            case .retryable: report.count(record.kind, .failed)
            }
        }
        for index in rejections.indices { report.count(nil, deadLettered.contains(index) ? .deadLettered : .failed) }
        report.count(nil, .skipped, batch.testRecords)
        // The number of user records in an undecoded record is unknown, so each counts as one.
        report.count(nil, .failed, batch.firstUndecoded.map { batch.sources.count - $0 } ?? 0)
        // The bad records of an aggregate share a sequence number, which is created once.
        var last: (source: Int32, sequenceNumber: SequenceNumber)?
        report.badRecords = rejections.map { record in
            let source = record.position.source
            let sequenceNumber =
                last?.source == source ? last?.sequenceNumber : batch.sequenceNumber(of: record.position)
            let known = sequenceNumber ?? .zero
            last = (source, known)
            return BatchReport.BadRecord(
                sequenceNumber: known, subSequenceNumber: record.position.subSequenceNumber, error: record.error)
        }
        report.checkpoint = checkpoint.map(batch.sequenceNumber(ofSource:))
        report.dataBytes = batch.dataBytes
        return report
    }
}
