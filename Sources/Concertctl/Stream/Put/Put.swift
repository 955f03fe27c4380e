import Basics
import Clients
import Foundation
import JSON
import Processor

/// One run of `stream put`: reads ahead, sends requests, and counts the results.
struct Put {
    enum RunResult {
        case complete
        case interrupted
        /// Some records or some input remain.
        case failed(any Error)
    }

    private let options: PutOptions
    private let stream: StreamReference
    private let session: AWSSession
    private let reader: PayloadReader
    private var queue: PutQueue
    private var decoder = RecordReader()
    private(set) var findings = PayloadFindings()
    private(set) var unknownMembers = UnknownMembers()
    private(set) var summary: PutSummary
    private var progress = Progress()
    private let start = ContinuousClock.now
    private var isInputOver = false
    /// The error that ended reading; records that were read before it are still put.
    private var inputError: (any Error)?
    /// The line that caused ``inputError``.
    private var rejectedLine: [UInt8]?
    /// The number of records that were read.
    private var readCount = 0
    /// The number of consecutive requests that put no record.
    private var requestsWithoutProgress = 0
    private var lastError = ""
    /// Whether the last request had entries that must be retried.
    private var hasRejectedEntries = false
    /// The numbers of the records whose request had no response, so that they may be on the stream.
    private var unknown: Set<Int> = []

    /// The most records and bytes that are read ahead.
    private static let aheadLimits = (records: 20_000, bytes: 64 << 20)
    /// The position of the reader, such as `upload.ndjson:7`.
    var position: String { reader.position }

    init(_ options: PutOptions, stream: StreamReference, session: AWSSession, limits: PutQueue.Limits) throws {
        (self.options, self.stream, self.session) = (options, stream, session)
        reader = try PayloadReader(options.paths)
        queue = PutQueue(limits: limits, isUnordered: options.isUnordered)
        summary = PutSummary(stream: stream.name)
    }

    /// Puts all records; returns early on an interruption or a permanent error.
    mutating func run() async -> RunResult {
        defer {
            progress.end()
            summary.duration = ContinuousClock.now - start
            summary.notPut = queue.count
            summary.unknown = unknown.count
        }
        while true {
            if Task.isCancelled { return .interrupted }
            readAhead()
            if queue.isEmpty {
                if let inputError { return .failed(inputError) }
                if isInputOver { return .complete }
                reader.wait(milliseconds: 200)
                continue
            }
            do {
                try await sendNext()
            } catch is CancellationError {
                return .interrupted
            } catch {
                return .failed(error)
            }
            let rate = Double(summary.records) / max((ContinuousClock.now - start) / .seconds(1), 0.001)
            let text = "\(summary.records) put, \(Int(rate))/s, \(queue.count) read and waiting"
            progress.show("\(text)")
        }
    }
}

/// Reading.
extension Put {
    /// Reads the available input without waiting, within ``aheadLimits``.
    private mutating func readAhead() {
        while inputError == nil, !isInputOver, queue.count < Self.aheadLimits.records,
            queue.size < Self.aheadLimits.bytes
        {
            do {
                switch try reader.next() {
                case .line(let line):
                    rejectedLine = line.bytes
                    queue.add(try entry(of: line))
                    rejectedLine = nil
                case .pending: return
                case .end: isInputOver = true
                }
            } catch {
                inputError = error
            }
        }
    }

    private mutating func entry(of line: PayloadReader.PayloadLine) throws -> PutQueue.PutEntry {
        var id: String?
        if options.validates || options.partitionKey == nil {
            let found = decoder.identify(line.bytes)
            id = found.id
            if let error = found.error { try take(error, on: line) }
        }
        if options.validates { unknownMembers.add(line.bytes, origin: line.origin) }
        let key = options.partitionKey ?? PartitionKey.key(of: line.bytes, id: id)
        let entry = PutQueue.PutEntry(key: key, data: line.bytes, number: readCount)
        guard entry.size <= queue.limits.entryBytes else {
            throw CommandError(
                description: "\(line.origin) has \(entry.size) bytes with its key, more than the stream's limit of "
                    + "\(queue.limits.entryBytes); this line and the following ones were not put")
        }
        readCount += 1
        return entry
    }

    /// Records the error with which the function would reject the line.
    ///
    /// - Throws: ``CommandError`` if the line must not be put.
    private mutating func take(_ error: PayloadError, on line: PayloadReader.PayloadLine) throws {
        guard options.validates else { return }
        let message =
            "\(line.origin): \(MessageText.escaped(error.message)); this line and the following ones were not put"
        if error.isNotJSON { throw CommandError(description: message + " (to put it, pass --no-validate)") }
        if options.isStrict { throw CommandError(description: message + " (--strict)") }
        findings.add(error, on: line)
    }
}

/// Sending.
extension Put {
    /// Sends one request and processes the result of each entry.
    private mutating func sendNext() async throws {
        let records = queue.next()
        let request = stream.putRecords(records)
        summary.requests += 1
        do {
            let answer = try await session.send(request).json()
            try take(answer, of: records)
        } catch {
            // A canceled call with one attempt was not sent.
            let isDefinite = error is CancellationError || (error as? AWSError)?.isDefinite ?? false
            for record in records.reversed() {
                if !isDefinite { unknown.insert(record.entry.number) }
                queue.putBack(record)
            }
            requestsWithoutProgress += 1
            guard AWSSession.isRetryable(error), requestsWithoutProgress < options.attemptLimit else { throw error }
        }
        guard requestsWithoutProgress < options.attemptLimit else {
            throw CommandError(
                description:
                    "kinesis PutRecords: \(options.attemptLimit) consecutive requests put no record: "
                    + "\(lastError); scale the stream, or pass a lower --rate")
        }
        try await pause()
    }

    private mutating func take(_ answer: JSONValue, of records: [PutQueue.InFlight]) throws {
        let results = answer["Records"]?.array ?? []
        guard results.count == records.count else {
            throw AWSError.unreadable(
                service: "kinesis", operation: "PutRecords", status: 200,
                found: "\(results.count) results for \(records.count) records")
        }
        var put = 0
        // In reverse, so that returned records keep their order at the front of their key's queue.
        for (record, result) in zip(records, results).reversed() {
            if result["SequenceNumber"]?.string != nil, result["ErrorCode"]?.string == nil {
                put += 1
                if unknown.remove(record.entry.number) != nil { summary.possibleDuplicates += 1 }
                summary.bytes += record.entry.data.count
                if let shard = result["ShardId"]?.string { summary.byShard[Array(shard.utf8), default: 0] += 1 }
                queue.confirm(record)
            } else {
                let code = result["ErrorCode"]?.string ?? "no sequence number"
                lastError = "\(code): \(result["ErrorMessage"]?.string ?? "no message")"
                summary.retriedEntries += 1
                queue.putBack(record)
            }
        }
        summary.records += put
        requestsWithoutProgress = put > 0 ? 0 : requestsWithoutProgress + 1
        hasRejectedEntries = put < records.count
    }

    /// Waits to respect the rate, and with exponential backoff after rejected entries.
    private mutating func pause() async throws {
        if let rate = options.rate, !session.isDryRun {
            let due = start + .seconds(Double(summary.records) / Double(rate))
            try await Task.sleep(until: due, clock: .continuous)
        }
        guard hasRejectedEntries || requestsWithoutProgress > 0 else { return }
        hasRejectedEntries = false
        try await Task.sleep(for: Backoff.rejectedEntries.delay(after: requestsWithoutProgress + 1))
    }
}

/// Records that were not put.
extension Put {
    /// Writes the records that are not on the stream, and the rest of the input, in the input's order.
    ///
    /// - Parameter isHurried: Whether to stop as soon as standard input has no data, after an interruption.
    mutating func writeFailedRecords(to file: FailedRecordsFile, isHurried: Bool) throws {
        try file.add(queue.entries.lazy.map(\.data))
        if let rejectedLine { try file.add([rejectedLine]) }
        // A reader that failed would fail again.
        while !isInputOver, inputError == nil || rejectedLine != nil {
            switch try reader.next() {
            case .line(let line): try file.add([line.bytes])
            case .pending where isHurried || Task.isCancelled: return
            case .pending: reader.wait(milliseconds: 200)
            case .end: isInputOver = true
            }
        }
    }
}

extension Backoff {
    /// After requests with rejected entries.
    static let rejectedEntries = Backoff(first: .milliseconds(50), longest: .seconds(5), smallestPart: 0)
}
