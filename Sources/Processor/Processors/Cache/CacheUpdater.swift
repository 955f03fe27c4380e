import Clients
import JSON
import Synchronization

/// Keeps the newest version of each artist, concert and venue in Redis, and concerts and artists in sorted sets.
///
/// A repeat is harmless: a script stores a document only over an older one, or over the same one. The sorted sets are
/// keys of other slots, which no script of a cluster may touch along with the document, so they follow in steps whose order makes
/// every crash between two of them mend itself when the batch comes again:
///
/// 1. what is stored of each concert is read;
/// 2. a concert that is about to move leaves the sets of the older document, while that still tells which they are;
/// 3. the documents are stored, unless a newer one is there, which then counts in the next step;
/// 4. what counts enters its sets, or leaves them when it is cancelled;
/// 5. the versions are read once more: where another environment has stored a newer one in the meantime, step 4 is done
///    again with that one. Whichever of two environments comes last sees the other's document, so the sets end right.
///
/// A record is done when the last step is: until then it fails, and comes again.
public struct CacheUpdater: RecordProcessor {
    public let name = "cache"
    private let settings: CacheSettings
    private let clients: RedisClientPool

    /// - Parameter makeClient: Called when there is something to write and no idle client; nothing connects before.
    public init(settings: CacheSettings, makeClient: @escaping @Sendable () -> RedisClient) {
        self.settings = settings
        clients = RedisClientPool(makeClient)
    }

    public func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        let keys = CacheKeys(prefix: settings.keyPrefix)
        let entries = batch.cacheEntries(keys)
        for (index, record) in batch.records.enumerated() where record.payload.kind == .ticketSale {
            outcomes[index] = .succeeded
        }
        guard !entries.isEmpty else { return }
        let client = clients.take()
        defer { clients.giveBack(client) }
        var update = CacheUpdate(
            entries, client: client, keys: keys, timeToLive: settings.timeToLive, deadline: context.deadline)
        do {
            try await update.run()
        } catch {
            update.fail("\(error)")
        }
        for (entry, failure) in zip(entries, update.failures) {
            for record in entry.records { outcomes[record] = failure.map { .retryable(reason: $0) } ?? .succeeded }
        }
    }
}

/// Clients that are idle: each is used by one invocation at a time.
private final class RedisClientPool: Sendable {
    private let idle = Mutex<[RedisClient]>([])
    private let make: @Sendable () -> RedisClient

    init(_ make: @escaping @Sendable () -> RedisClient) { self.make = make }

    func take() -> RedisClient { idle.withLock { $0.popLast() } ?? make() }

    func giveBack(_ client: RedisClient) { idle.withLock { $0.append(client) } }
}
