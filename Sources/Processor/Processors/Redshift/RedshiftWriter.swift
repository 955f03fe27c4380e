import Clients
import Synchronization
import Telemetry

/// Keeps the newest version of each artist, concert, venue and ticket sale in Redshift.
///
/// A repeat is harmless: rows go in by key, and only over an older version. What was begun and not seen to end is left to
/// run: the next try of the same records has the same token and finds it, and if they come in another batch by then,
/// that one's transaction waits for this one's lock and then changes nothing that is newer. Cancelling would only throw
/// away work, and a transaction that takes longer than an invocation would never come to its end.
public struct RedshiftWriter: RecordProcessor {
    public let name = "redshift"
    private let settings: RedshiftSettings
    private let clients: ClientPool<AWSClient>
    private let log: Logger
    private let attempts = AttemptMemory()
    private let refusals = RefusalMemory()

    /// - Parameter makeClient: Called when there is something to write and no idle client; nothing connects before.
    public init(settings: RedshiftSettings, log: Logger, makeClient: @escaping @Sendable () -> AWSClient) {
        (self.settings, self.log) = (settings, log)
        clients = ClientPool(makeClient)
    }

    public func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        let candidates = batch.candidates(rejectingOn: &outcomes)
        guard !candidates.isEmpty else { return }
        let client = clients.take()
        let run = WriterRun(
            batch: batch, candidates: candidates, settings: settings, aws: client, context: context, attempts: attempts,
            refusals: refusals, log: log)
        await run.write(&outcomes)
        clients.giveBack(client)
    }
}

/// Which attempts of recent transactions have failed for good, so that a retry need not ask for each again.
///
/// A process that does not know asks: an old token brings the old failure back, and the next attempt follows.
final class AttemptMemory: Sendable {
    private static let capacity = 64
    private let attempts = Mutex<[String: Int]>([:])

    subscript(digest: String) -> Int {
        get { attempts.withLock { $0[digest] ?? 0 } }
        set {
            attempts.withLock {
                if $0.count >= Self.capacity { $0.removeAll() }
                $0[digest] = newValue
            }
        }
    }

    func forget(_ digest: String) { attempts.withLock { _ = $0.removeValue(forKey: digest) } }
}
