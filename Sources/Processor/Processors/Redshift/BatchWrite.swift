import Basics
import Clients
import JSON
import Telemetry

/// The write of one batch to the warehouse.
struct BatchWrite {
    let batch: RecordBatch
    let candidates: [Upsert.Candidate]
    let settings: RedshiftSettings
    let aws: AWSClient
    let context: InvocationContext
    let attempts: AttemptHistory
    let refusals: RejectionHistory
    let log: Logger

    /// The result of a transaction.
    private enum TransactionResult {
        case committed
        /// The warehouse rejected a value.
        case rejected(String)
        /// The warehouse is unavailable; further transactions would fail as well.
        case unavailable(String)
    }

    /// The size of a batch above which rows go through S3, if a staging bucket is set; see decision 0011.
    static let bigBatch = (records: 5000, bytes: 1_000_000)
    /// The most retries after conflicts with other transactions.
    private static let conflictLimit = 6
    /// The most runs of this invocation that may fail for another reason.
    private static let failureLimit = 2
    /// The most failed runs whose origin is uncertain (``RedshiftDataClient/Run/recent``).
    private static let recentLimit = 8

    /// Writes the records in consecutive transactions, and marks each record in `outcomes`.
    ///
    /// A transaction that is rejected because of a value is halved until the record with that value is alone. If more than
    /// ``RejectionHistory/limit`` records are rejected for the same reason, they fail transiently instead.
    func write(_ outcomes: inout RecordOutcomes) async {
        var waiting = [candidates[...]]
        var rejected: [RejectionHistory.Cause: [Upsert.Candidate]] = [:]
        while let part = waiting.popLast() {
            guard let transaction = transaction(of: part) else {
                return fail(
                    part, waiting,
                    "not enough memory for the rows of \(part.count) records; increase the function's memory or reduce the "
                        + "batch size", &outcomes)
            }
            let (taken, rest) = (part.prefix(transaction.recordCount), part.dropFirst(transaction.recordCount))
            if !rest.isEmpty { waiting.append(rest) }
            switch await end(of: transaction, records: taken) {
            case .committed:
                for candidate in taken { outcomes[candidate.index] = .succeeded }
                refusals.forget(Set(taken.map(\.row.table)))
            case .rejected(let reason):
                if taken.count == 1, let candidate = taken.first {
                    let cause = RejectionHistory.Cause(table: candidate.row.table, text: SQLFailure.cause(of: reason))
                    rejected[cause, default: []].append(candidate)
                    // Redelivered dead letters were rejected before, which does not indicate that the table is the cause.
                    let known = batch.isRedelivery ? 0 : refusals.add(candidate.row, cause: cause)
                    guard max(known, rejected[cause, default: []].count) > RejectionHistory.limit else {
                        outcomes[candidate.index] = .rejected(rejection(candidate, reason))
                        continue
                    }
                    return fail(
                        rejected[cause, default: []][...], waiting,
                        described(reason)
                            + "; more than \(RejectionHistory.limit) records were rejected for this reason, so the table is the "
                            + "cause",
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
        _ outcomes: inout RecordOutcomes
    ) {
        for candidate in ([part] + waiting).joined() { outcomes[candidate.index] = .retryable(reason: reason) }
    }

    private func rejection(_ candidate: Upsert.Candidate, _ reason: String) -> PayloadError {
        let (id, bytes) = (candidate.row.id, Array(reason.utf8))
        return PayloadError(
            .range,
            "\(batch.catalog[batch.records[candidate.index].kind].name) \(MessageText.shown(0..<id.count, of: id.span)) is "
                + "rejected by the warehouse: \(MessageText.shown(0..<bytes.count, of: bytes.span))")
    }
}

/// Running of transactions.
extension BatchWrite {
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

    /// Runs a transaction until it has committed, or until another attempt cannot succeed.
    private func end(of transaction: Transaction, records: ArraySlice<Upsert.Candidate>) async -> TransactionResult {
        let start = ContinuousClock.now
        let client = RedshiftDataClient(
            aws, settings: settings, traceID: context.traceID, deadline: context.deadline)
        let digest = digest(of: transaction)
        var (own, recent) = (0, 0)
        var backoff = Backoff.statements
        do {
            try await upload(transaction.upload)
            while true {
                let attempt = attempts[digest]
                let result = try await client.run(
                    transaction.statements, token: "\(digest)-\(attempt)", name: name(of: records))
                guard case .failed(let reason, let run) = result else {
                    attempts.forget(digest)
                    logCommit(of: transaction, attempt: attempt, since: start)
                    return .committed
                }
                attempts[digest] = attempt + 1
                let failure = SQLFailure(reason)
                // Halved also if the failure is an old one: the values have not changed since.
                if failure == .data, records.count > 1 { return .rejected(reason) }
                if run == .old { continue }
                if run == .own { own += 1 } else { recent += 1 }
                guard own < (failure == .conflict ? Self.conflictLimit : Self.failureLimit), recent < Self.recentLimit
                else { return failure == .data ? .rejected(reason) : .unavailable(described(reason)) }
                try await backoff.pause(until: context.deadline)
            }
        } catch let error as WarehouseError {
            return .unavailable(error.description)
        } catch is CancellationError {
            return .unavailable(
                "the deadline was reached; the transaction continues, and the next attempt gets its result")
        } catch {
            return .unavailable("\(settings.name): \(error)")
        }
    }

    /// Returns the hash for the token, which includes the destination because tokens are shared by an account.
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

    private func described(_ reason: String) -> String {
        let words = "\(settings.name), database \(settings.database): \(MessageText.escaped(reason))"
        return words + (SQLFailure.advice(on: reason).map { "; " + $0 } ?? "")
    }

    /// Returns the name of the statement in the warehouse's system tables: identifies the records, without their values.
    private func name(of records: ArraySlice<Upsert.Candidate>) -> String {
        let sequence = { (index: Int) in batch.sequenceNumber(of: batch.records[index].position).digits }
        let range = [records.first, records.last].compactMap { $0.map { sequence($0.index) } }.joined(separator: "..")
        return "concert-data-processor \(range)"
    }

    private func logCommit(of transaction: Transaction, attempt: Int, since start: ContinuousClock.Instant) {
        log.log(
            .debug, "warehouse transaction committed", requestID: context.requestID,
            [
                "records": .integer(transaction.recordCount), "statements": .integer(transaction.statements.count),
                "attempt": .integer(attempt), "isCopied": .string(transaction.upload == nil ? "no" : "yes"),
                "milliseconds": .integer(Int((ContinuousClock.now - start) / .milliseconds(1))),
            ])
    }
}
