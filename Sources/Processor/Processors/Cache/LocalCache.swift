import Synchronization

/// Keeps what the cache would contain.
final class LocalCache: RecordProcessor {
    let name = "cache"
    private let contents = Mutex(CacheContents())

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) async {
        contents.withLock { $0.take(batch) }
        outcomes.markAll(.succeeded)
    }

    /// Keys and their values, as a line of JSON.
    var json: [UInt8] { Array((contents.withLock { $0.json }.prettyText + "\n").utf8) }
}
