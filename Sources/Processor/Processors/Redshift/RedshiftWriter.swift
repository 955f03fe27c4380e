import Clients
import Synchronization
import Telemetry

/// A processor that stores the newest version of each artist, concert, venue and ticket sale in Redshift.
///
/// Idempotent because rows are upserted by key and replace only older versions. A transaction that has not finished at the
/// deadline continues. The next attempt with the same records uses the same token, and gets its result. If the records are
/// redelivered in another batch, that batch's transaction waits for the lock, and does not replace newer rows. Cancelling
/// would discard work, and a transaction that takes longer than an invocation would never commit.
package struct RedshiftWriter: RecordProcessor {
    package let name = "redshift"
    private let settings: RedshiftSettings
    private let clients: ClientPool<AWSClient>
    private let log: Logger
    private let attempts = AttemptHistory()
    private let refusals = RejectionHistory()

    /// - Parameter makeClient: Called if no client is idle; a client connects when it is first used.
    package init(settings: RedshiftSettings, log: Logger, makeClient: @escaping @Sendable () -> AWSClient) {
        (self.settings, self.log) = (settings, log)
        clients = ClientPool(makeClient)
    }

    package func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        let candidates = batch.candidates(rejectingOn: &outcomes)
        guard !candidates.isEmpty else { return }
        let client = clients.take()
        let run = BatchWrite(
            batch: batch, candidates: candidates, settings: settings, aws: client, context: context, attempts: attempts,
            refusals: refusals, log: log)
        await run.write(&outcomes)
        clients.giveBack(client)
    }
}

/// The attempts of recent transactions that have failed permanently, so that a retry does not repeat their calls.
///
/// A new process has no history and repeats them: an old token returns the old failure, and the next attempt follows.
final class AttemptHistory: Sendable {
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
