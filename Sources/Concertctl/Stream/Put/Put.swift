import Clients
import Foundation
import JSON

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
    private var check = PayloadCheck()
    private(set) var summary: PutSummary
    private var progress = Progress()
    private let start = ContinuousClock.now
    private var isInputOver = false
    /// Why reading ended early; what was read before is put first.
    private var inputError: (any Error)?
    /// Requests in a row by which nothing came on the stream.
    private var fruitless = 0
    private var lastRefusal = ""
    /// Whether the last request had entries that must go again.
    private var hasRefusals = false
    /// Records whose last request had no answer.
    private var unknown: Set<String> = []

    /// Records and bytes that are read ahead.
    private static let aheadLimits = (records: 20_000, bytes: 64 << 20)
    /// Requests without any progress after which it is given up.
    private static let patience = 10

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
            let rate = Double(summary.records) / ((ContinuousClock.now - start) / .seconds(1))
            let text = "\(summary.records) put, \(Int(rate))/s, \(queue.count) read and waiting"
            progress.show(text)
        }
    }

    func tellFindings() {
        guard check.badCount > 0 else { return }
        Console.note("note: the function will call \(check.badCount) of these records bad:")
        for finding in check.findings { Console.note("  \(finding)") }
        if check.badCount > check.findings.count { Console.note("  and \(check.badCount - check.findings.count) more") }
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
                case .line(let line): queue.add(try entry(of: line))
                case .pending: return
                case .end: isInputOver = true
                }
            } catch {
                inputError = error
            }
        }
    }

    private mutating func entry(of line: PayloadReader.Line) throws -> PutQueue.Entry {
        let value = try? JSONValue(parsing: line.bytes)
        if options.validates {
            // A tree has fewer levels than a record may have.
            if value == nil, !JSONScanner.isOneValue(line.bytes) {
                throw CommandError(
                    description: "\(line.origin) is not JSON; nothing from there on was put (--no-validate puts it)")
            }
            if let error = check.finding(on: line), options.isStrict {
                throw CommandError(
                    description: "\(line.origin): \(error.message); nothing from there on was put, as --strict asks")
            }
        }
        let key = options.partitionKey ?? PartitionKey.key(of: value, bytes: line.bytes)
        let entry = PutQueue.Entry(key: key, data: line.bytes, origin: line.origin)
        guard entry.size <= queue.limits.entryBytes else {
            throw CommandError(
                description: "\(line.origin) has \(entry.size) bytes with its key, and the stream takes "
                    + "\(queue.limits.entryBytes); nothing from there on was put")
        }
        return entry
    }
}

/// Sending.
extension Put {
    /// Sends one request, and sorts out what became of its entries.
    private mutating func sendNext() async throws {
        let records = queue.next()
        let request = request(of: records)
        guard !session.isDryRun else {
            try session.planned(request)
            for record in records { queue.confirm(record) }
            return
        }
        summary.requests += 1
        do {
            let answer = try await session.read(request)
            try take(answer, of: records)
        } catch {
            // A cancelled call that had an attempt ends with that attempt's error.
            let isDefinite = error is CancellationError || (error as? AWSError)?.isDefinite ?? false
            for record in records.reversed() {
                if !isDefinite { unknown.insert(record.entry.origin) }
                queue.putBack(record)
            }
            fruitless += 1
            guard AWSSession.isRetryable(error), fruitless < Self.patience else { throw error }
        }
        guard fruitless < Self.patience else {
            throw CommandError(
                description: "kinesis PutRecords: \(Self.patience) requests in a row brought no record on the stream: "
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
            unknown.remove(record.entry.origin)
            if result["SequenceNumber"]?.string != nil, result["ErrorCode"]?.string == nil {
                put += 1
                summary.bytes += record.entry.data.count
                if let shard = result["ShardId"]?.string { summary.byShard[shard, default: 0] += 1 }
                queue.confirm(record)
            } else {
                let code = result["ErrorCode"]?.string ?? "no sequence number"
                lastRefusal = "\(code): \(result["ErrorMessage"]?.string ?? "no message")"
                summary.retriedEntries += 1
                queue.putBack(record)
            }
        }
        summary.records += put
        fruitless = put > 0 ? (put == records.count ? 0 : min(fruitless, 1)) : fruitless + 1
        hasRefusals = put < records.count
    }

    private func request(of records: [PutQueue.InFlight]) -> AWSRequest {
        var writer = JSONWriter()
        writer.openObject()
        writer.key(stream.member.0)
        writer.string(stream.arn ?? stream.name)
        writer.key("Records")
        writer.openArray()
        for record in records {
            writer.openObject()
            writer.key("Data")
            writer.raw("\"\(Data(record.entry.data).base64EncodedString())\"")
            writer.key("PartitionKey")
            writer.string(record.entry.key)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        var request = AWSRequest.kinesis("PutRecords", [:])
        request.body = writer.bytes
        // Whoever interrupts wants to know what was put.
        request.isAbandonedOnCancel = false
        return request
    }

    /// Waits as the rate demands, and longer the more requests came to nothing.
    private mutating func pause() async throws {
        if let rate = options.rate {
            let due = start + .seconds(Double(summary.records) / Double(rate))
            try await Task.sleep(until: due, clock: .continuous)
        }
        guard hasRefusals || fruitless > 0 else { return }
        hasRefusals = false
        let ceiling = min(2000, 50 << min(fruitless, 8))
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...ceiling)))
    }
}

/// What is left over.
extension Put {
    /// Writes records that are not on the stream to the file that `--failed` names: those in memory, then unread input.
    ///
    /// - Parameter readsOn: Whether the rest of the input is wanted, too.
    func writeRest(readsOn: Bool) throws {
        guard let path = options.failedPath else {
            if !queue.isEmpty {
                Console.note(
                    "note: \(queue.count) records that were read are not on the stream; --failed FILE keeps them")
            }
            return
        }
        var lines = queue.entries.map(\.data)
        while readsOn, inputError == nil, !isInputOver, case .line(let line)? = try? reader.next() {
            lines.append(line.bytes)
        }
        do {
            try Data(lines.flatMap { $0 + [UInt8(ascii: "\n")] }).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandError(description: "\(path) cannot be written: \((error as NSError).localizedDescription)")
        }
        Console.note("note: \(lines.count) records that are not on the stream are in \(path)")
    }
}
