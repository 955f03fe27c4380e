import Clients
import JSON
import Telemetry

/// One batch on its way into the warehouse.
struct WriterRun {
    let batch: RecordBatch
    let candidates: [Upsert.Candidate]
    let settings: RedshiftSettings
    let aws: AWSClient
    let context: InvocationContext
    let attempts: AttemptMemory
    let refusals: RefusalMemory
    let log: Logger

    /// How a transaction ended.
    private enum Ending {
        case committed
        /// Some value is one that the warehouse cannot hold.
        case refused(String)
        /// No further transaction would fare better.
        case unavailable(String)
    }

    /// Above either of these, rows go through S3 where there is a staging bucket; decision 0011 says why.
    static let bigBatch = (records: 5000, bytes: 1_000_000)
    /// Conflicts with other transactions that are borne with.
    private static let conflictLimit = 6
    /// Runs of this invocation that fail for another reason before that counts.
    private static let failureLimit = 2
    /// Runs that may have been another process's a moment ago, and may all have been this one's.
    private static let recentLimit = 8

    /// Writes transaction after transaction, in the order of the records, and marks each on `outcomes`.
    ///
    /// A transaction that is refused for a value is cut in two, until the record with that value is alone in one. When
    /// more records are refused for the same reason than ``RefusalMemory/limit``, all of them fail instead.
    func write(_ outcomes: inout OutcomeSheet) async {
        var waiting = [candidates[...]]
        var refused: [RefusalMemory.Cause: [Upsert.Candidate]] = [:]
        while let part = waiting.popLast() {
            guard let transaction = transaction(of: part) else {
                return fail(part, waiting, "there is no memory for the rows of \(part.count) records", &outcomes)
            }
            let (taken, rest) = (part.prefix(transaction.recordCount), part.dropFirst(transaction.recordCount))
            if !rest.isEmpty { waiting.append(rest) }
            switch await end(of: transaction, records: taken) {
            case .committed:
                for candidate in taken { outcomes[candidate.index] = .succeeded }
                refusals.forget(Set(taken.map(\.row.table)))
            case .refused(let reason):
                if taken.count == 1, let candidate = taken.first {
                    let cause = RefusalMemory.Cause(table: candidate.row.table, text: SQLFailure.cause(of: reason))
                    refused[cause, default: []].append(candidate)
                    // Dead letters are known to be refused, which says nothing about the records of the stream.
                    let known = batch.isRedelivery ? 0 : refusals.add(candidate.row, cause: cause)
                    guard max(known, refused[cause, default: []].count) > RefusalMemory.limit else {
                        outcomes[candidate.index] = .rejected(rejection(candidate, reason))
                        continue
                    }
                    return fail(
                        refused[cause, default: []][...], waiting,
                        told(reason)
                            + "; more than \(RefusalMemory.limit) records were refused for this reason: the table is the cause",
                        &outcomes)
                }
                waiting.append(taken.suffix(taken.count / 2))
                waiting.append(taken.dropLast(taken.count / 2))
            case .unavailable(let reason): return fail(taken, waiting, reason, &outcomes)
            }
        }
    }

    private func fail(
        _ part: ArraySlice<Upsert.Candidate>, _ waiting: [ArraySlice<Upsert.Candidate>], _ reason: String,
        _ outcomes: inout OutcomeSheet
    ) {
        for candidate in ([part] + waiting).joined() { outcomes[candidate.index] = .retryable(reason: reason) }
    }

    private func rejection(_ candidate: Upsert.Candidate, _ reason: String) -> PayloadError {
        let (id, bytes) = (candidate.row.id, Array(reason.utf8))
        return PayloadError(
            .range,
            "\(batch.catalog[batch.records[candidate.index].kind].name) \(MessageText.shown(0..<id.count, of: id.span)) is "
                + "refused by the warehouse: \(MessageText.shown(0..<bytes.count, of: bytes.span))")
    }
}

/// Transactions.
extension WriterRun {
    private func transaction(of part: ArraySlice<Upsert.Candidate>) -> Transaction? {
        let statements = UpsertStatements(schema: settings.quotedSchema)
        guard let staging = settings.staging, isBig(part), let first = part.first, let last = part.last else {
            return InsertPlanner(statements: statements).transaction(of: part)
        }
        let folder = batch.stagingFolder(
            from: batch.records[first.index].position, to: batch.records[last.index].position)
        return CopyPlanner(statements: statements, staging: staging).transaction(of: part, folder: folder)
    }

    private func isBig(_ part: ArraySlice<Upsert.Candidate>) -> Bool {
        if part.count >= Self.bigBatch.records { return true }
        var bytes = 0
        for candidate in part {
            bytes += InsertPlanner.tuple(candidate.row).count
            if bytes >= Self.bigBatch.bytes { return true }
        }
        return false
    }

    /// Runs a transaction until it has committed, or until there is no use in running it again.
    private func end(of transaction: Transaction, records: ArraySlice<Upsert.Candidate>) async -> Ending {
        let start = ContinuousClock.now
        let client = RedshiftDataClient(
            aws, settings: settings, traceID: context.traceID, deadline: context.deadline)
        let digest = digest(of: transaction)
        var (own, recent) = (0, 0)
        var backoff = Backoff()
        do {
            try await upload(transaction.upload)
            while true {
                let attempt = attempts[digest]
                let ending = try await client.run(
                    transaction.statements, token: "\(digest)-\(attempt)", name: name(of: records))
                guard case .failed(let reason, let run) = ending else {
                    attempts.forget(digest)
                    tell(transaction, attempt: attempt, since: start)
                    return .committed
                }
                attempts[digest] = attempt + 1
                let failure = SQLFailure(reason)
                // Cut in two even when the failure is an old one: the values have not changed since.
                if failure == .data, records.count > 1 { return .refused(reason) }
                if run == .old { continue }
                if run == .own { own += 1 } else { recent += 1 }
                guard own < (failure == .conflict ? Self.conflictLimit : Self.failureLimit), recent < Self.recentLimit
                else { return failure == .data ? .refused(reason) : .unavailable(told(reason)) }
                try await backoff.pause(until: context.deadline)
            }
        } catch let error as WarehouseError {
            return .unavailable(error.description)
        } catch is CancellationError {
            return .unavailable("the deadline came near; what runs still is found again by the next try")
        } catch {
            return .unavailable("\(settings.name): \(error)")
        }
    }

    /// What the token is made of: tokens of one account may meet, so where it goes counts as well.
    private func digest(of transaction: Transaction) -> String {
        let connection = JSONValue.object(ofPresent: settings.connection).text
        return String(SHA256.digest(of: Array((connection + transaction.digest).utf8)).hexadecimal.prefix(48))
    }

    private func upload(_ upload: StagedUpload?) async throws {
        guard let upload else { return }
        for object in upload.objects {
            var request = upload.request(object)
            if let traceID = context.traceID { request.headers.append(.init("X-Amzn-Trace-Id", traceID)) }
            try StagedUpload.check(try await aws.send(request))
        }
    }

    private func told(_ reason: String) -> String {
        let words = "\(settings.name), database \(settings.database): \(MessageText.escaped(reason))"
        return words + (SQLFailure.advice(on: reason).map { "; " + $0 } ?? "")
    }

    /// What the warehouse's own lists of statements show: the records, never what they hold.
    private func name(of records: ArraySlice<Upsert.Candidate>) -> String {
        let sequence = { (index: Int) in batch.sequenceNumber(of: batch.records[index].position).digits }
        let range = [records.first, records.last].compactMap { $0.map { sequence($0.index) } }.joined(separator: "..")
        return "concert-data-processor \(range)"
    }

    private func tell(_ transaction: Transaction, attempt: Int, since start: ContinuousClock.Instant) {
        log.log(
            .debug, "warehouse transaction committed", requestID: context.requestID,
            [
                "records": .integer(transaction.recordCount), "statements": .integer(transaction.statements.count),
                "attempt": .integer(attempt), "isCopied": .string(transaction.upload == nil ? "no" : "yes"),
                "milliseconds": .integer(Int((ContinuousClock.now - start) / .milliseconds(1))),
            ])
    }
}
