import Clients
import Foundation
import JSON
import Processor

/// One run of `stream put`: reads ahead, sends request after request, and keeps account.
struct Put {
    enum Ending {
        case complete
        case interrupted
        /// Records are left over, or input that was not read.
        case failed(any Error)
    }

    private let options: PutOptions
    private let stream: StreamReference
    private let session: AWSSession
    private let reader: PayloadReader
    private var queue: PutQueue
    private var decoder = RecordReader()
    private(set) var findings = PayloadFindings()
    private(set) var summary: PutSummary
    private var progress = Progress()
    private let start = ContinuousClock.now
    private var isInputOver = false
    /// Why reading ended early; what was read before is put first.
    private var inputError: (any Error)?
    /// The line that ended it.
    private var refusedLine: [UInt8]?
    /// How many records were read.
    private var readCount = 0
    /// Requests in a row by which nothing came on the stream.
    private var fruitless = 0
    private var lastRefusal = ""
    /// Whether the last request had entries that must go again.
    private var hasRefusals = false
    /// Numbers of records that are not known to be on the stream, and that a request without an answer held.
    private var unknown: Set<Int> = []

    /// Records and bytes that are read ahead.
    private static let aheadLimits = (records: 20_000, bytes: 64 << 20)
    /// Where reading has come to, such as `upload.ndjson:7`.
    var position: String { reader.position }

    init(_ options: PutOptions, stream: StreamReference, session: AWSSession, limits: PutQueue.Limits) throws {
        (self.options, self.stream, self.session) = (options, stream, session)
        reader = try PayloadReader(options.paths)
        queue = PutQueue(limits: limits, isUnordered: options.isUnordered)
        summary = PutSummary(stream: stream.name)
    }

    /// Puts everything; returns early when it is interrupted or cannot go on.
    mutating func run() async -> Ending {
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
    /// Reads what there is without waiting, as far as memory is granted.
    private mutating func readAhead() {
        while inputError == nil, !isInputOver, queue.count < Self.aheadLimits.records,
            queue.size < Self.aheadLimits.bytes
        {
            do {
                switch try reader.next() {
                case .line(let line):
                    refusedLine = line.bytes
                    queue.add(try entry(of: line))
                    refusedLine = nil
                case .pending: return
                case .end: isInputOver = true
                }
            } catch {
                inputError = error
            }
        }
    }

    private mutating func entry(of line: PayloadReader.Line) throws -> PutQueue.Entry {
        var id: String?
        if options.validates || options.partitionKey == nil {
            let found = decoder.identify(line.bytes)
            id = found.id
            if let error = found.error { try take(error, on: line) }
        }
        let key = options.partitionKey ?? PartitionKey.key(of: line.bytes, id: id)
        let entry = PutQueue.Entry(key: key, data: line.bytes, number: readCount)
        guard entry.size <= queue.limits.entryBytes else {
            throw CommandError(
                description: "\(line.origin) has \(entry.size) bytes with its key, and the stream takes "
                    + "\(queue.limits.entryBytes); nothing from there on was put")
        }
        readCount += 1
        return entry
    }

    /// Notes what the function would reject the line with.
    ///
    /// - Throws: ``CommandError`` when the line must not be put.
    private mutating func take(_ error: PayloadError, on line: PayloadReader.Line) throws {
        guard options.validates else { return }
        let message = "\(line.origin): \(MessageText.escaped(error.message)); nothing from there on was put"
        if error.isNotJSON { throw CommandError(description: message + " (--no-validate puts it)") }
        if options.isStrict { throw CommandError(description: message + ", as --strict asks") }
        findings.add(error, on: line)
    }
}

/// Sending.
extension Put {
    /// Sends one request, and sorts out what became of its entries.
    private mutating func sendNext() async throws {
        let records = queue.next()
        let request = stream.putRecords(records)
        summary.requests += 1
        do {
            let answer = try await session.send(request).json()
            try take(answer, of: records)
        } catch {
            // A cancelled call of one attempt was never sent.
            let isDefinite = error is CancellationError || (error as? AWSError)?.isDefinite ?? false
            for record in records.reversed() {
                if !isDefinite { unknown.insert(record.entry.number) }
                queue.putBack(record)
            }
            fruitless += 1
            guard AWSSession.isRetryable(error), fruitless < options.patience else { throw error }
        }
        guard fruitless < options.patience else {
            throw CommandError(
                description:
                    "kinesis PutRecords: \(options.patience) requests in a row brought no record on the stream: "
                    + "\(lastRefusal); scale the stream, or give a lower --rate")
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
        // Backwards, so that what is put back at the front of its key is in order.
        for (record, result) in zip(records, results).reversed() {
            if result["SequenceNumber"]?.string != nil, result["ErrorCode"]?.string == nil {
                put += 1
                if unknown.remove(record.entry.number) != nil { summary.possibleDuplicates += 1 }
                summary.bytes += record.entry.data.count
                if let shard = result["ShardId"]?.string { summary.byShard[Array(shard.utf8), default: 0] += 1 }
                queue.confirm(record)
            } else {
                let code = result["ErrorCode"]?.string ?? "no sequence number"
                lastRefusal = "\(code): \(result["ErrorMessage"]?.string ?? "no message")"
                summary.retriedEntries += 1
                queue.putBack(record)
            }
        }
        summary.records += put
        fruitless = put > 0 ? 0 : fruitless + 1
        hasRefusals = put < records.count
    }

    /// Waits as the rate demands, and longer the more requests came to nothing.
    private mutating func pause() async throws {
        if let rate = options.rate, !session.isDryRun {
            let due = start + .seconds(Double(summary.records) / Double(rate))
            try await Task.sleep(until: due, clock: .continuous)
        }
        guard hasRefusals || fruitless > 0 else { return }
        hasRefusals = false
        let ceiling = min(5000, 50 << min(fruitless, 8))
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...ceiling)))
    }
}

/// What is left over.
extension Put {
    /// Writes what is not on the stream to `file`: what was read, then the rest of the input, in its order.
    ///
    /// - Parameter isHurried: Whether somebody waits for the end, so that standard input is not read on.
    mutating func writeRest(to file: RestFile, isHurried: Bool) throws {
        try file.add(queue.entries.lazy.map(\.data))
        if let refusedLine { try file.add([refusedLine]) }
        // A reader that failed would fail again.
        while !isInputOver, inputError == nil || refusedLine != nil {
            switch try reader.next() {
            case .line(let line): try file.add([line.bytes])
            case .pending where isHurried || Task.isCancelled: return
            case .pending: reader.wait(milliseconds: 200)
            case .end: isInputOver = true
            }
        }
    }
}
