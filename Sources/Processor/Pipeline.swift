import JSON
import Telemetry

/// The whole journey: event bytes, records, typed payloads, processors, outcomes, response bytes.
///
/// A value with buffers of its own, used for one invocation after the other; concurrent ones take one each.
public struct Pipeline: Sendable {
    private let dispatcher: Dispatcher
    private let deadLetters: (any DeadLetterSink)?
    private let log: Logger
    private var metrics: InvocationMetrics?
    private let aggregatesWindows: Bool
    private var decoder: EventDecoder
    private var originals = OriginalData()
    private var batch: RecordBatch

    /// - Parameters:
    ///   - catalog: The kinds of entities that records may be.
    ///   - deadLetters: Where records go that nobody can process; without it they fail, and hold the shard back.
    ///   - metrics: Nil when they are switched off.
    ///   - aggregatesWindows: Whether the state of a tumbling window keeps what happened in it.
    ///   - batchTextLimit: How many bytes of text to retain from one batch; the records behind them fail, and are
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

    /// The bound on a batch's text where the function's memory is unknown, in bytes.
    public static let defaultBatchTextLimit = EventDecoder.defaultTextLimit

    /// Handles the event in `range` of `buffer` and appends the response to `response`.
    ///
    /// - Throws: ``EventError`` when it is not a Kinesis event; the invocation has then failed as a whole.
    public mutating func respond(
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
        let buried = bury(&outcome, context: context)
        let state = aggregatesWindows && !batch.isRedelivery ? windowState(outcome, context: context) : nil
        if batch.isRedelivery {
            BatchResponse.write(
                outcome, ofRedelivered: batch, isPastDeadline: .now >= context.deadline, to: &response)
        } else {
            BatchResponse.write(outcome, of: batch, newState: state, to: &response)
        }
        var report = outcome.report(on: batch, buried: buried)
        report.decodeTime = decodeTime
        report.processorTimes = reports.map { ($0.name, $0.duration) }
        tell(outcome, reports, report, since: start, context: context)
        return report
    }

    /// Sends to the dead letters what nobody can process and the response will acknowledge.
    ///
    /// Rejections after the first failure come again with it, and so are left to then: told once, not twice.
    ///
    /// - Returns: Indices of the outcome's rejections that are in the dead letters.
    private mutating func bury(_ outcome: inout BatchOutcome, context: InvocationContext) -> Set<Int> {
        // The letter exists already, and stays until the answer says that its record was processed.
        guard !batch.isRedelivery else { return [] }
        let candidates = outcome.rejections.indices.filter {
            outcome.isAcknowledged(Int(outcome.rejections[$0].position.source), in: batch)
        }
        guard !candidates.isEmpty else { return [] }
        guard let deadLetters else {
            for index in candidates { outcome.markFailed(Int(outcome.rejections[index].position.source), in: batch) }
            return []
        }
        originals.removeAll()
        var buried: Set<Int> = []
        var (failures, reason): (Int, String?) = (0, nil)
        var rest = candidates[...]
        while true {
            let (part, letters) = nextLetters(&rest, of: outcome, context: context)
            guard !part.isEmpty else { break }
            let taken = Self.write(letters, to: deadLetters, context: context)
            for (place, index) in part.enumerated() {
                if taken[place] == .succeeded {
                    buried.insert(index)
                } else {
                    outcome.markFailed(Int(outcome.rejections[index].position.source), in: batch)
                }
            }
            failures += taken.failures
            reason = reason ?? taken.firstFailure
        }
        if let reason {
            log.log(
                .error, "dead letters could not be written", requestID: context.requestID,
                ["records": .integer(failures), "reason": .string(reason)])
        }
        return buried
    }

    /// Takes from `rest` the next rejections that the response still acknowledges, and makes their dead letters.
    ///
    /// An aggregate can contain more than 100,000 bad records, so not all of a batch's letters are in memory at once.
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

    /// How many dead letters, and how many bytes of them, are handed to their destination at once.
    private static let letterCount = 1000
    private static let letterBytes = 8 * 1024 * 1024

    private static func write(
        _ letters: [DeadLetter], to sink: any DeadLetterSink, context: InvocationContext
    ) -> OutcomeSheet {
        let sheet = BlockingTask.run(until: context.deadline) {
            var outcomes = OutcomeSheet(count: letters.count)
            await sink.write(letters, context: context, outcomes: &outcomes)
            return outcomes
        }
        return sheet.count == letters.count ? sheet : OutcomeSheet(count: letters.count)
    }

    private mutating func tell(
        _ outcome: BatchOutcome, _ reports: [Dispatcher.Report], _ report: BatchReport,
        since start: ContinuousClock.Instant, context: InvocationContext
    ) {
        if !outcome.rejections.isEmpty { logRejections(of: outcome, context: context) }
        for processor in reports where !processor.sheet.haveAllSucceeded {
            // What a required one refused for good has a line of its own already.
            let isTold = processor.isRequired && !processor.sheet.hasRetryable
            guard !isTold, let failure = processor.sheet.firstFailure else { continue }
            log.log(
                processor.isRequired ? .error : .warn, "processor failed", requestID: context.requestID,
                [
                    "processor": .string(processor.name), "records": .integer(processor.sheet.failures),
                    "reason": .string(failure),
                ])
        }
        for processor in reports where processor.circuitChange != nil { tellCircuit(of: processor, context: context) }
        if let index = batch.firstUndecoded {
            log.log(
                .warn, "the batch takes too much memory or time: the rest is left to the next invocation",
                requestID: context.requestID,
                ["sequenceNumber": .string(batch.sequenceNumber(ofSource: index).digits)])
        }
        // Before the answer: a process that is ended right behind it has told its figures.
        metrics?.write(
            report, reports, oldestArrival: batch.oldestArrival, isRedelivery: batch.isRedelivery, since: start,
            requestID: context.requestID)
    }
}

/// Bad records in the log.
extension Pipeline {
    /// How many bad records of one invocation have a line of their own.
    private static let loggedRejections = 100

    /// Mutating, since the compiler would copy the whole pipeline for the call otherwise.
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
            .warn, "more bad records, which have no lines of their own", requestID: context.requestID,
            ["records": .integer(rest.count), "reasons": .json(writer.bytes)])
    }
}

/// Tumbling windows.
extension Pipeline {
    /// The window's state with what the response acknowledges added, and at the window's end its figures told; nil outside
    /// of windows.
    private func windowState(_ outcome: BatchOutcome, context: InvocationContext) -> [UInt8]? {
        guard let window = batch.window, let came = batch.windowState else { return nil }
        let state = (try? JSONValue(parsing: Array(came))) ?? [:]
        var aggregates = WindowAggregates(state, batch.catalog)
        for (index, record) in batch.records.enumerated()
        where outcome.outcomes[index] == .succeeded && outcome.isAcknowledged(Int(record.position.source), in: batch) {
            aggregates.add(record, of: batch)
        }
        // A final invocation that fails comes again.
        if window.isFinal, outcome.firstFailure == nil {
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
    private func tellCircuit(of processor: Dispatcher.Report, context: InvocationContext) {
        switch processor.circuitChange {
        case .opened:
            log.log(
                .warn, "circuit opened: the sink counts as down, and is given short tries until one goes well",
                requestID: context.requestID, ["processor": .string(processor.name)])
        case .closed:
            log.log(
                .info, "circuit closed: the sink is back", requestID: context.requestID,
                ["processor": .string(processor.name)])
        case nil: break
        }
    }
}

extension BatchOutcome {
    /// - Parameter buried: Indices of ``rejections`` that are in the dead letters.
    fileprivate func report(on batch: RecordBatch, buried: Set<Int>) -> BatchReport {
        var report = BatchReport(batch.catalog)
        for (index, record) in batch.records.enumerated() {
            switch outcomes[index] {
            case .succeeded: report.count(record.kind, .processed)
            case .rejected: break
            case .retryable: report.count(record.kind, .failed)
            }
        }
        for index in rejections.indices { report.count(nil, buried.contains(index) ? .deadLettered : .failed) }
        report.count(nil, .skipped, batch.testRecords)
        // How many user records an undecoded one holds, nobody knows yet.
        report.count(nil, .failed, batch.firstUndecoded.map { batch.sources.count - $0 } ?? 0)
        // An aggregate's bad records have the same sequence number, which is then made once.
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
        report.checkpoint = firstFailure.map(batch.sequenceNumber(ofSource:))
        report.dataBytes = batch.dataBytes
        return report
    }
}
