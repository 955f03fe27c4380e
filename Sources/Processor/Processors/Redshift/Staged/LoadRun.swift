import Basics
import Clients
import JSON
import Telemetry

/// The result of one invocation of the loader.
package struct LoadSummary: Sendable, Equatable {
    /// The number of committed loads, and of the objects and rows that they copied.
    package internal(set) var (loads, objects, rows) = (0, 0, 0)
    /// The number of objects that the warehouse rejected and that were moved.
    package internal(set) var refused = 0
    /// The number of objects in manifests that another loader has processed.
    package internal(set) var gone = 0
    /// The number of objects that are still staged, counted up to 100,000, and the age of the oldest one.
    package internal(set) var (remaining, oldestSeconds) = (0, 0)

    /// The response of the invocation.
    var json: JSONValue {
        [
            "loads": .integer(loads), "objects": .integer(objects), "rows": .integer(rows),
            "refused": .integer(refused), "gone": .integer(gone), "remaining": .integer(remaining),
            "oldestSeconds": .integer(oldestSeconds),
        ]
    }
}

/// The progress of a loader.
package enum LoadProgress: Sendable {
    /// The staged objects, at the start and after loads.
    case staged(objects: Int, oldestSeconds: Int)
    case loaded(objects: Int, rows: Int, time: Duration)
    case refused
}

/// The loads of one invocation.
///
/// Objects are deleted only after the transaction that copied them has committed, and loading an object again changes
/// nothing. Therefore no row is lost or replaced by an older version, even if loaders crash or run concurrently
/// (decision 0022).
package final class LoadRun {
    private let settings: RedshiftSettings
    private let limit: Int
    let bucket: StagedBucket
    let statements: LoadStatements
    let client: RedshiftDataClient
    private let context: InvocationContext
    private let log: Logger
    private let report: (LoadProgress) -> Void
    package private(set) var summary = LoadSummary()
    /// The duration of the longest load of this run.
    private var longest = Duration.zero
    /// The first problem that did not stop the run.
    private var problem: LoadError?
    /// The tables that rejected all objects of a load; they are skipped for the rest of the run.
    private(set) var blocked: Set<WarehouseTable> = []

    /// The number of rejected objects from which on a table that accepts none is considered the cause.
    private static let suspectLimit = 10
    /// The most objects that one run moves.
    private static let moveLimit = 100
    /// The number of rejected objects after which a table that accepts none is considered the cause before all were tried.
    private static let trialLimit = 200
    /// The most retries of one load after conflicts with other transactions and missing objects.
    private static let attemptLimit = 6

    /// Creates a run; returns nil if no staging bucket is set.
    ///
    /// - Parameters:
    ///   - context: The run ends at its deadline.
    ///   - report: Called with the progress, in order.
    package init?(
        settings: RedshiftSettings, aws: AWSClient, context: InvocationContext, log: Logger,
        report: @escaping (LoadProgress) -> Void
    ) {
        guard let staging = settings.staging, let target = StagedTarget(settings) else { return nil }
        (self.settings, self.context, self.log, self.report) = (settings, context, log, report)
        limit = staging.loadObjectLimit
        bucket = StagedBucket(target: target, aws: aws, traceID: context.traceID)
        statements = LoadStatements(settings, roleARN: staging.roleARN)
        client = RedshiftDataClient(aws, settings: settings, traceID: context.traceID, deadline: context.deadline)
    }

    /// Finishes earlier loads, then loads the objects that were staged at the start, until the time is used up.
    ///
    /// Objects that are staged during the run are left to the next one, so that the warehouse can be idle in between.
    ///
    /// - Throws: ``LoadError``; the error of a call; `CancellationError`.
    package func run() async throws {
        var listing = try await staged()
        if listing.others > 0 {
            log.log(
                .error, "objects are staged that this version cannot load; deploy the version that wrote them",
                requestID: context.requestID,
                ["objects": .integer(listing.others), "example": .string(MessageText.escaped(listing.example))])
        }
        let end = listing.newest ?? 0
        if try await recover() { listing = try await staged() }
        while let oldest = listing.oldestLoadable, oldest <= end, hasTime {
            try await load(listing.objects)
            listing = try await staged()
        }
        if let problem { throw problem }
    }

    /// Whether a load as long as the longest one would finish before the deadline.
    var hasTime: Bool { ContinuousClock.now + longest * 1.5 < context.deadline }

    private func staged() async throws -> StagedListing {
        let listing = try await bucket.staged(limit: limit, leavingOut: blocked)
        let now = WallClock.now().millisecondsSinceEpoch / 1000
        summary.remaining = listing.count
        summary.oldestSeconds = listing.oldest.map { Int(max(0, now - $0)) } ?? 0
        report(.staged(objects: listing.count, oldestSeconds: summary.oldestSeconds))
        return listing
    }
}

/// Messages about loads.
extension LoadRun {
    /// Records a problem that fails the invocation at its end, without stopping it.
    func note(_ error: LoadError, of load: String) {
        problem = problem ?? error
        log.log(
            .error, "a load cannot be finished", requestID: context.requestID,
            ["load": .string(load), "reason": .string(error.description)])
    }

    func noteGone(_ count: Int, of load: String) {
        guard count > 0 else { return }
        summary.gone += count
        log.log(
            .warn, "objects of a load no longer exist: another loader has processed them", requestID: context.requestID,
            ["load": .string(load), "objects": .integer(count)])
    }

    func error(_ reason: String) -> LoadError {
        LoadError(
            "\(settings.name), database \(settings.database): \(MessageText.escaped(reason))"
                + (SQLFailure.advice(on: reason).map { "; " + $0 } ?? ""))
    }
}

/// Loading of objects.
extension LoadRun {
    /// The result of a transaction.
    private enum LoadTransactionResult {
        /// - Parameter objects: The objects that were copied; the others no longer exist.
        case committed([StagedObject])
        /// - Parameters:
        ///   - table: The table that the error is about; nil if the text does not name one.
        ///   - objects: The objects of the transaction; the others no longer exist.
        case rejected(String, WarehouseTable?, [StagedObject])
    }

    /// Loads objects; halves the objects of a table until each object that the warehouse rejects is alone, and moves it.
    ///
    /// - Parameter covering: The manifests of an earlier load with these objects. If nil, the manifests of the first
    ///   transaction are kept until all objects are loaded or moved.
    func load(_ objects: [StagedObject], coveredBy covering: LoadManifests? = nil) async throws {
        var waiting = [objects.filter { !blocked.contains($0.table) }].filter { !$0.isEmpty }
        var first = covering
        var trials = LoadTrials(objects)
        var failure: (any Error)?
        while let part = waiting.popLast() {
            guard waiting.isEmpty && first == nil || hasTime else {
                throw LoadError(
                    "no time is left for the remaining objects, which the next invocation loads; if this recurs, increase the "
                        + "function's timeout or lower LOAD_OBJECT_LIMIT")
            }
            switch try await transaction(part, keeping: &first) {
            case .committed(let objects): trials.accept(objects)
            case .rejected(let reason, let table, let part):
                let suspects = part.filter { table == nil || $0.table == table }
                if suspects.count == 1 {
                    trials.reject(suspects[0], reason, until: context.deadline)
                    waiting.append(part.filter { $0 != suspects[0] })
                    // Rejected objects are often adjacent: others must be tried before the table is considered the cause.
                    if !trials.isAccepting(suspects[0].table) { waiting.sort { $0.count < $1.count } }
                } else {
                    let next = trials.next(of: suspects, reason)
                    let keys = Set(next.map { Array($0.key.utf8) })
                    waiting.append(part.filter { !keys.contains(Array($0.key.utf8)) })
                    waiting.append(next)
                }
            }
            for (object, reason) in trials.takeMovable(limit: Self.suspectLimit) {
                guard summary.refused < Self.moveLimit else {
                    throw LoadError(
                        "\(Self.moveLimit) objects were rejected and moved; more are rejected: \(error(reason))")
                }
                do { try await move(object, reason) } catch let error where !(error is CancellationError) {
                    // The other objects can still be loaded.
                    failure = failure ?? error
                }
            }
            for (table, reason) in trials.hopeless(limit: Self.trialLimit) {
                block(table, reason, of: first)
                trials.forget(table)
                for index in waiting.indices { waiting[index].removeAll { $0.table == table } }
            }
            waiting.removeAll(where: \.isEmpty)
        }
        for (table, reason) in trials.rest { block(table, reason, of: first) }
        if let failure { throw failure }
        if covering == nil, let first, blocked.isDisjoint(with: objects.map(\.table)) {
            try await bucket.delete(first.keys)
        }
    }

    private func block(_ table: WarehouseTable, _ reason: String, of manifests: LoadManifests?) {
        blocked.insert(table)
        let cause = "; table \(table.name) accepts no object of this load, so the table is the cause"
        note(LoadError(error(reason).description + cause), of: manifests?.load ?? "")
    }

    private func move(_ object: StagedObject, _ reason: String) async throws {
        guard try await bucket.refuse(object) else { return noteGone(1, of: object.key) }
        summary.refused += 1
        report(.refused)
        log.log(
            .error, "the warehouse rejects an object; it was moved to redshift-refused/", requestID: context.requestID,
            ["object": .string(object.key), "reason": .string(MessageText.escaped(reason))])
    }

    /// Runs one load until its transaction has committed or been rejected.
    ///
    /// - Parameter first: The manifests to keep if the warehouse rejects an object; if nil, those of this load are kept.
    private func transaction(
        _ objects: [StagedObject], keeping first: inout LoadManifests?
    ) async throws -> LoadTransactionResult {
        var objects = objects
        var backoff = Backoff.statements
        for attempt in 1...Self.attemptLimit {
            let start = ContinuousClock.now
            let time = Timestamp(millisecondsSinceEpoch: WallClock.now().millisecondsSinceEpoch).sql
            let load = LoadManifests.newName(at: time)
            let groups = EntityCatalog.builtIn.tables.map { table in (table, objects.filter { $0.table == table }) }
                .filter { !$0.1.isEmpty }
            var manifests = LoadManifests(load: load, keys: [])
            for (table, group) in groups {
                let key = "\(bucket.target.loads)\(load)/\(table.name)\(LoadManifests.suffix)"
                try await bucket.put(key, LoadManifests.text(group, bucket.target))
                manifests.keys.append(key)
            }
            let tables = groups.map(\.0)
            let urls = manifests.keys.map(bucket.target.url)
            let text = statements.text(
                of: load, Array(zip(tables, urls)), objectCount: objects.count, at: time)
            let ending = try await client.run(text, token: load, name: "concert-data-processor load \(load)")
            guard case .failed(let reason, _) = ending else {
                if case .finished(let id) = ending {
                    await committed(objects, manifests, rowsOf: "\(id):\(text.count)", since: start)
                }
                try await bucket.delete(objects.map(\.key))
                try await bucket.delete(manifests.keys)
                return .committed(objects)
            }
            let number = SQLFailure.statementNumber(in: reason)
            let table = number.flatMap { LoadStatements.table(ofStatement: $0, of: tables) }
            if SQLFailure.isAboutObject(reason), table != nil || number == nil {
                if first == nil { first = manifests } else { try await bucket.delete(manifests.keys) }
                return .rejected(reason, table, objects)
            }
            let existing = try await bucket.existing(objects)
            let isGone = existing.count < objects.count
            let areManifestsGone = try await bucket.manifests(of: load) < manifests.keys.count
            let isPassing = SQLFailure(reason) == .conflict || SQLFailure.isMissingObject(reason)
            guard isGone || areManifestsGone || isPassing, attempt < Self.attemptLimit else {
                if first != nil { try await bucket.delete(manifests.keys) }
                throw error(reason)
            }
            noteGone(objects.count - existing.count, of: load)
            try await bucket.delete(manifests.keys)
            if !isGone { try await backoff.pause(until: context.deadline) }
            objects = existing
            if objects.isEmpty { return .committed([]) }
        }
        throw LoadError(
            "another loader processes the same objects; the next invocation loads the remaining ones. One loader at a time is "
                + "faster (reserved concurrency 1)")
    }

    private func committed(
        _ objects: [StagedObject], _ manifests: LoadManifests, rowsOf id: String, since start: ContinuousClock.Instant
    ) async {
        // The load has committed even if this query fails.
        let answer = (try? await client.rows(of: id))?.first?.first?["longValue"]?.integer ?? 0
        // The limit is above any load, and keeps sums from overflowing.
        let rows = min(max(0, answer), 1_000_000_000_000)
        let duration = ContinuousClock.now - start
        longest = max(longest, duration)
        summary.loads += 1
        summary.objects += objects.count
        summary.rows += rows
        report(.loaded(objects: objects.count, rows: rows, time: duration))
        log.log(
            .info, "load committed", requestID: context.requestID,
            [
                "load": .string(manifests.load), "objects": .integer(objects.count), "rows": .integer(rows),
                "tables": .integer(manifests.keys.count), "milliseconds": .integer(Int(duration / .milliseconds(1))),
            ])
    }
}
