import Basics
import Clients
import JSON
import Synchronization
import Telemetry

/// A processor that stores the newest version of each artist, concert and venue in Redis, and adds concerts and artists to
/// sorted sets.
///
/// On a single server, a script does both atomically for up to 250 entities: it stores each document unless a newer one
/// is stored, removes the entity from its old sets, and adds it to the new ones. Records can be redelivered, arrive out of
/// order, and come from several environments that may die at any time: each script has run or not, and the newest version
/// wins. A batch takes one round trip, or one per few MiB of documents, which limits the documents in memory. If a key
/// contains another type, one more round trip writes the entities of its script one by one.
///
/// In a cluster, the sets are keys in other slots, which a script cannot access together with the document. Therefore the
/// update has four steps:
///
/// 1. The documents are stored in one flush, unless a newer one is stored, whose membership is then used in step 3.
/// 2. A concert that moves to another artist or venue is not stored yet: it leaves the sets that the older document names,
///    and is then stored in a second attempt.
/// 3. Entities are added to their sets; cancelled and moved ones are removed.
/// 4. The versions are read again. If a newer one has been stored since, step 3 is repeated with that one.
///
/// A record succeeds after step 4. Until then it fails and is redelivered.
///
/// * After a crash at any step, the retry stores the same document and writes its sets again, or finds a newer one and
///   writes the sets of that one. A document is replaced only after its entity has left the sets that the new one does not
///   name, so no set keeps an obsolete entry.
/// * If two environments write the same entity, for example after resharding or a timeout, the one that writes the sets
///   last runs its step 4 afterwards and reads the newest document, so the sets are correct in every order of the steps.
/// * Records that are older than the stored version store nothing, and write the sets of the stored one.
/// * Not handled in a cluster: if an environment dies between steps 2 and 4 of a moved concert while another one repeats
///   the older version, an old set can keep the ID.
///
/// Not handled anywhere: if a document expires (`CACHE_TTL_SECONDS`) before its concert moves, the old sets are unknown.
/// Readers should read a concert's document before they rely on a set.
package struct CacheUpdater: RecordProcessor {
    package let name = "cache"
    private let settings: CacheSettings
    private let log: Logger
    private let clients: ClientPool<any RedisCommandRunner>

    /// - Parameter makeClient: Called if no client is idle; a client connects when it is first used.
    package init(
        settings: CacheSettings, log: Logger, makeClient: @escaping @Sendable () -> any RedisCommandRunner
    ) {
        (self.settings, self.log) = (settings, log)
        clients = ClientPool(makeClient)
    }

    package func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
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
            // Lambda redelivers these records in any case, because they follow a failed one. More attempts would only
            // take time from other processors.
            for record in rest.flatMap(\.records) { outcomes[record] = .retryable(reason: reason) }
            break
        }
        logRejections(failures, requestID: context.requestID)
    }

    /// Removes the next entities from `rest`, and writes them to the cache.
    ///
    /// - Returns: Their failures.
    private func writeNext(
        _ rest: inout ArraySlice<EntityVersions>, of batch: RecordBatch, _ client: any RedisCommandRunner,
        _ context: InvocationContext, _ outcomes: inout RecordOutcomes
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

    /// The most bytes of documents in memory at once, not counting the last one: thousands of typical documents.
    static let documentBytes = 4 << 20

    /// Logs the keys that must be deleted or renamed before the cache accepts the rejected entities.
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
            .error, "the cache cannot accept records because of more keys", requestID: requestID,
            ["keys": .integer(reasons.count - Self.loggedKeys)])
    }

    /// The most log lines of one invocation about keys.
    private static let loggedKeys = 20
}
