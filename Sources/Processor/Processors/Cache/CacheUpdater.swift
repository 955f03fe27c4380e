import Clients
import JSON
import Synchronization
import Telemetry

/// Keeps the newest version of each artist, concert and venue in Redis, and concerts and artists in sorted sets.
///
/// On a single server one script does all of it for each entity, atomically: it stores the document unless a newer one is
/// there, and takes the entity out of its old sets and into the new ones. However often, in whatever order and from how many
/// environments records come, and wherever one dies, each script has either run or not, and the newest version counts in
/// the end. A batch takes one round trip, or one for each few MiB of its documents: no more of them are in memory at once.
///
/// In a cluster the sets are keys of other slots, which no script may touch along with the document, so they follow in steps:
///
/// 1. The documents are stored, all in one flush, unless a newer one is there, which then counts in step 3.
/// 2. A concert that is about to move is held back: it leaves the sets of the older document while that still tells
///    which they are, and is then stored in a second try.
/// 3. What counts enters its sets; what is cancelled, or moved, leaves.
/// 4. The versions are read once more. Where a newer one was stored in the meantime, step 3 is done again with that one.
///
/// A record is done when step 4 is; until then it fails, and comes again.
///
/// * A crash after any step: the repeat stores the same document and writes its sets again, or finds a newer one and
///   writes that one's. No document is replaced by one that is not in its sets before that one has left them, so none
///   is forgotten in a set.
/// * Two environments at once, as after a reshard or a time-out: whichever writes the sets last has its step 4 behind that,
///   and sees the document that counts, so the sets end right, in every order of the steps.
/// * Old records after new ones: they store nothing, and leave the sets as the newer document wants them.
/// * Not mended in a cluster: an environment that dies between steps 2 and 4 of moving a concert, while another one just
///   then repeats the older version, can leave the ID behind in an old set.
///
/// Nowhere mended: a document that expired (`CACHE_TTL_SECONDS`) before its concert moved no longer tells the old sets. A
/// reader should look a concert up before it believes a set.
public struct CacheUpdater: RecordProcessor {
    public let name = "cache"
    private let settings: CacheSettings
    private let log: Logger
    private let clients: ClientPool<any RedisCommandRunner>

    /// - Parameter makeClient: Called when there is something to write and no idle client; nothing connects before.
    public init(
        settings: CacheSettings, log: Logger, makeClient: @escaping @Sendable () -> any RedisCommandRunner
    ) {
        (self.settings, self.log) = (settings, log)
        clients = ClientPool(makeClient)
    }

    public func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        for (index, record) in batch.records.enumerated() where !batch.catalog[record.kind].isCached {
            outcomes[index] = .succeeded
        }
        var rest = batch.cachedEntities()[...]
        guard !rest.isEmpty else { return }
        let client = clients.take()
        defer { clients.giveBack(client) }
        var failures: [CacheFailure] = []
        while !rest.isEmpty {
            let failed = await writeNext(&rest, of: batch, client, context, &outcomes)
            failures += failed
            guard let reason = failed.lazy.compactMap(\.transientReason).first else { continue }
            // Lambda delivers these again in any case, for they follow a record that failed. More attempts would only take
            // time from other processors.
            for record in rest.flatMap(\.records) { outcomes[record] = .retryable(reason: reason) }
            break
        }
        logRejections(failures, requestID: context.requestID)
    }

    /// Writes the next entities to the cache, and removes them from `rest`.
    ///
    /// - Returns: The failures among them.
    private func writeNext(
        _ rest: inout ArraySlice<EntityVersions>, of batch: RecordBatch, _ client: any RedisCommandRunner,
        _ context: InvocationContext, _ outcomes: inout OutcomeSheet
    ) async -> [CacheFailure] {
        let keys = CacheKeys(prefix: settings.keyPrefix)
        let entries = batch.cacheEntries(of: &rest, size: Self.documentBytes, keys)
        var update = CacheUpdate(
            entries, client: client, keys: keys, timeToLive: settings.timeToLive, deadline: context.deadline)
        do {
            if settings.isCluster { try await update.runInSteps() } else { try await update.runAtOnce() }
        } catch {
            update.fail("\(error)")
        }
        for (entry, failure) in zip(entries, update.failures) {
            let outcome: RecordOutcome =
                switch failure {
                case nil: .succeeded
                case .transient(let reason): .retryable(reason: reason)
                case .permanent(let reason, _): .rejected(PayloadError(.refused, "cache: \(reason)"))
                }
            for record in entry.records { outcomes[record] = outcome }
        }
        return update.failures.compactMap(\.self)
    }

    /// Documents that are in memory at once, but for the last one: enough for thousands of ordinary ones.
    static let documentBytes = 4 << 20

    /// Names the keys that must be deleted, or moved, before the cache accepts those entities.
    private func logRejections(_ failures: [CacheFailure], requestID: String) {
        var reasons: [[UInt8]: String] = [:]
        for case .permanent(let reason, let key) in failures { reasons[key] = reasons[key] ?? reason }
        for (key, reason) in reasons.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }).prefix(Self.loggedKeys) {
            log.log(
                .error, "the cache cannot accept a record because of a key", requestID: requestID,
                ["key": .string(String(decoding: key, as: UTF8.self)), "reason": .string(reason)])
        }
        guard reasons.count > Self.loggedKeys else { return }
        log.log(
            .error, "the cache cannot accept records because of further keys", requestID: requestID,
            ["keys": .integer(reasons.count - Self.loggedKeys)])
    }

    /// Lines of one invocation.
    private static let loggedKeys = 20
}
